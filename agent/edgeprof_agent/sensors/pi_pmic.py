"""A Raspberry Pi 5's power chip through its firmware (`pmic_read_adc`): twelve rails, not the whole board.

What hangs on 5 V (USB, HATs, NVMe, the fan) and the converters' loss lie outside these rails. The command is
undocumented and may vanish from a firmware.
"""

import re
from pathlib import Path

from edgeprof.wire.energy import Integration, PowerScope
from edgeprof_agent.sensors import device_tree
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
        self._root, self._is_pi = root, device_tree.is_pi(root)
        self._firmware = Firmware(root)
        self._rails: frozenset[str] | None = None
        self._heads: tuple[tuple[str, str], ...] = ()
        """Of each rail what stands before the `=` of its current and of its voltage."""
        self.version: str | None = None

    def available(self) -> str | None:
        if not self._is_pi:
            return device_tree.why_no_pi(self._root)
        reason = failed_reading(self)
        if reason is None:
            self.version = self._firmware_version()
        return reason

    def read(self) -> float:
        """Watts. The rails of the first reading must stay, since a sum over fewer would pass for a saving."""
        reply = self._firmware.ask(COMMAND)
        known = _quick_sum(reply, self._heads)
        if known is not None:
            return known
        rails = rail_watts(reply)
        if not rails:
            raise SensorError(
                f"`{COMMAND}` lists no rail with both voltage and current: this board's power chip has none"
            )
        self._rails = self._rails or frozenset(rails)
        if self._rails != frozenset(rails):
            changed = ", ".join(sorted(self._rails ^ frozenset(rails)))
            raise SensorError(f"the power chip's list of rails changed: {changed}")
        self._heads = _heads(reply, rails)
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


def _heads(reply: str, rails: dict[str, float]) -> tuple[tuple[str, str], ...]:
    """Where the figures of each rail stand: read again and again, a reply is not taken apart anew each time."""
    heads = {line.split("=")[0].split()[0]: line.partition("=")[0] for line in reply.split("\n") if "=" in line}
    return tuple((heads[f"{rail}_A"], heads[f"{rail}_V"]) for rail in rails)


def _quick_sum(reply: str, heads: tuple[tuple[str, str], ...]) -> float | None:
    """Watts, if the reply has just the lines that the first one had; None: look at it with care."""
    readings = {head: value for head, _, value in (line.partition("=") for line in reply.split("\n"))}
    try:
        return sum(float(readings[amps][:-1]) * float(readings[volts][:-1]) for amps, volts in heads) if heads else None
    except (KeyError, ValueError):
        return None


def _number(value: str) -> float:
    try:
        return float(value)
    except ValueError as error:
        raise SensorError(f"`{COMMAND}` printed {value!r} where a number belongs") from error
