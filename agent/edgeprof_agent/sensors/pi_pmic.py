"""The Raspberry Pi 5 family's power chip, through `vcgencmd pmic_read_adc`: twelve rails, not the whole board.

What hangs on 5 V (USB, HATs, NVMe, the fan) and the converters' loss lie outside these rails. The command is
undocumented and may vanish from a firmware.
"""

import re
from pathlib import Path

from edgeprof.wire.energy import Integration, PowerScope
from edgeprof_agent.sensors import files
from edgeprof_agent.sensors.base import Accuracy, SensorError, failed_reading
from edgeprof_agent.sensors.tools import run_tool

LINE = re.compile(r"^\s*(\w+)_([AV])\s+(?:current|volt)\(\d+\)=(-?[\d.]+)([AV])\s*$", re.MULTILINE)


class PiPmic:
    """Sum of voltage times current over the rails that report both."""

    name = "pi_pmic"
    scope: PowerScope = "partial_rails"
    integration: Integration = "trapezoid"
    version: str | None = None
    accuracy = Accuracy()
    max_hz = 5.0
    """Each reading is a process. At 50 Hz it slows the model that is measured."""
    source = "vcgencmd pmic_read_adc"

    def __init__(self, root: Path) -> None:
        self._is_pi = b"raspberrypi," in (files.raw(root / "proc/device-tree/compatible") or b"")
        self._rails: frozenset[str] | None = None

    def available(self) -> str | None:
        return failed_reading(self) if self._is_pi else "this is no Raspberry Pi"

    def read(self) -> float:
        """Watts. The rails of the first reading must stay, since a sum over fewer would pass for a saving."""
        said = run_tool("vcgencmd", "pmic_read_adc")
        if said.problem:
            raise SensorError(said.problem)
        rails = rail_watts(said.output)
        if not rails:
            raise SensorError("`vcgencmd pmic_read_adc` lists no rail with both voltage and current")
        self._rails = self._rails or frozenset(rails)
        if self._rails != frozenset(rails):
            changed = ", ".join(sorted(self._rails ^ frozenset(rails)))
            raise SensorError(f"the rails that the power chip reports changed: {changed}")
        return sum(rails.values())


def rail_watts(output: str) -> dict[str, float]:
    """Watts of each rail by name; a rail with one of the two only (EXT5V, BATT) is left out."""
    found: dict[str, dict[str, float]] = {"A": {}, "V": {}}
    for rail, kind, value, unit in LINE.findall(output):
        if kind == unit:
            found[kind][rail] = _number(value)
    return {rail: amps * found["V"][rail] for rail, amps in found["A"].items() if rail in found["V"]}


def _number(value: str) -> float:
    try:
        return float(value)
    except ValueError as error:
        raise SensorError(f"`vcgencmd pmic_read_adc` printed {value!r} where a number belongs") from error
