"""A Raspberry Pi 5's power chip through its firmware (`pmic_read_adc`): twelve rails, not the whole board.

What hangs on 5 V (USB, HATs, NVMe, the fan) and the converters' loss lie outside these rails. The command is
undocumented and may vanish from a firmware.
"""

import re
from pathlib import Path

from edgeprof.wire.energy import Integration, PowerScope
from edgeprof_agent.sensors import files
from edgeprof_agent.sensors.base import Accuracy, SensorError, failed_reading
from edgeprof_agent.sensors.firmware import Firmware

COMMAND = "pmic_read_adc"
LINE = re.compile(r"^\s*(\w+)_([AV])\s+(?:current|volt)\(\d+\)=(-?[\d.]+)([AV])\s*$", re.MULTILINE)
VERSION = re.compile(r"^version\s+(\S+)", re.MULTILINE)


class PiPmic:
    """Sum of voltage times current over the rails that report both."""

    name = "pi_pmic"
    scope: PowerScope = "partial_rails"
    integration: Integration = "trapezoid"
    max_hz = 10.0
    """A reading asks the firmware for some 25 conversions; faster ones were seen to slow what runs beside them."""
    source = "the firmware's pmic_read_adc"
    accuracy = Accuracy()
    """Nobody states one. jfikar/RPi5-power fits 1.1451 x + 0.5879 W of one board against a USB-C meter."""

    def __init__(self, root: Path) -> None:
        self._is_pi = b"raspberrypi," in (files.raw(root / "proc/device-tree/compatible") or b"")
        self._firmware = Firmware(root)
        self._rails: frozenset[str] | None = None
        self.version: str | None = None

    def available(self) -> str | None:
        if not self._is_pi:
            return "this is no Raspberry Pi"
        reason = failed_reading(self)
        if reason is None:
            self.version = self._firmware_version()
        return reason

    def read(self) -> float:
        """Watts. The rails of the first reading must stay, since a sum over fewer would pass for a saving."""
        rails = rail_watts(self._firmware.ask(COMMAND))
        if not rails:
            raise SensorError(
                f"`{COMMAND}` lists no rail with both voltage and current: this board's power chip has none"
            )
        self._rails = self._rails or frozenset(rails)
        if self._rails != frozenset(rails):
            changed = ", ".join(sorted(self._rails ^ frozenset(rails)))
            raise SensorError(f"the rails that the power chip reports changed: {changed}")
        return sum(rails.values())

    def _firmware_version(self) -> str | None:
        try:
            found = VERSION.search(self._firmware.ask("version"))
        except SensorError:
            return None
        return f"firmware {found.group(1)}" if found else None


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
        raise SensorError(f"`{COMMAND}` printed {value!r} where a number belongs") from error
