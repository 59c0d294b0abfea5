"""A phone's power, parsed from what its shell prints: the rails of its power monitor, or its battery's gauge.

Reads the folder that `phones/reading.py` or a recorder has written; the host of a phone has neither.
`dumpsys batterystats` is a model of power and is never read.
"""

import re
from pathlib import Path
from typing import NamedTuple

from edgeprof.wire.energy import Integration, PowerScope
from edgeprof_agent.sensors import files
from edgeprof_agent.sensors.base import Accuracy, SensorError

RAILS_FILE = "tools/adb-dumpsys_powerstats_hal"
"""`adb shell dumpsys android.hardware.power.stats.IPowerStats/default`"""
BATTERY_FILE = "tools/adb-dumpsys_battery"
CURRENT_FILE = "tools/adb-cmd_battery_current_now"
"""`adb shell cmd battery get -f current_now`"""
NO_PHONE = "no phone: an agent with --phone-runner reads those at this host's adb"

_METER = re.compile(r"=+ PowerStats HAL [\d.]+ energy meter =+\n(.*?)\n=+ End of PowerStats HAL", re.DOTALL)
_RAIL = re.compile(r"^\s*\[(\w+)\]:(.*?)\s+(-?[\d.]+) mWs", re.MULTILINE)
_FIELD = re.compile(r"^\s*([\w ]+?)\s*:\s*(\S+)\s*$", re.MULTILINE)
_SUPPLIES = ("AC powered", "USB powered", "Wireless powered", "Dock powered")
_MIN_W, _MAX_W = 0.3, 25.0
"""What a phone that is on draws; a current outside of it is in another unit than the documented one."""


class Battery(NamedTuple):
    """The gauge. `watts` leave the battery; `capacity_j` is estimated from what is left and the level."""

    watts: float
    capacity_j: float | None


def rail_joules(output: str) -> dict[str, float]:
    """Cumulative joules by rail, from the power HAL's dump (hardware/google/pixel powerstats/PowerStats.cpp)."""
    meter = _METER.search(output)
    if meter is None:
        return {}
    return {f"{rail} ({subsystem})": float(value) / 1e3 for rail, subsystem, value in _RAIL.findall(meter.group(1))}


def battery_of(dumpsys: str, current: str) -> Battery:
    """Volts from `dumpsys battery` (mV), current from `cmd battery` (µA by BatteryManager, mA on some phones).

    The sign is the phone's own habit: what is known is that it runs on its battery. Raises SensorError where it does
    not, and where no unit makes a power that a phone can draw.
    """
    fields = dict(_FIELD.findall(dumpsys))
    plugged = [
        name for name in ("AC powered", "USB powered", "Wireless powered", "Dock powered") if fields.get(name) == "true"
    ]
    if plugged:
        raise SensorError(f"the phone is plugged in ({', '.join(plugged)}), so its gauge shows only the net flow")
    volts = _number(fields.get("voltage"), "voltage") / 1e3
    amount = abs(_number(current.strip(), "current_now"))
    fitting = [watts for unit in (1e-6, 1e-3) if _MIN_W <= (watts := amount * unit * volts) <= _MAX_W]
    if len(fitting) != 1:
        raise SensorError(f"a current of {current.strip()} at {volts:.2f} V is not plausible for a phone, in µA or mA")
    return Battery(fitting[0], _capacity_j(fields, volts))


def _capacity_j(fields: dict[str, str], volts: float) -> float | None:
    """`Charge counter` is what is left, in µAh."""
    try:
        left_uah, level, scale = (float(fields[name]) for name in ("Charge counter", "level", "scale"))
    except (KeyError, ValueError):
        return None
    return left_uah / 1e6 * 3600 * volts * scale / level if level and left_uah > 0 else None


def _number(text: str | None, what: str) -> float:
    try:
        return float(text or "")
    except ValueError:
        raise SensorError(f"the phone gives no number for {what}") from None


class AndroidRails:
    """The sum of the on-device power monitor's rails; they do not see charging."""

    name = "android_rails"
    scope: PowerScope = "partial_rails"
    integration: Integration = "counter"
    max_hz = 2.0
    """Each reading is a process on the phone."""
    accuracy = Accuracy()

    def __init__(self, root: Path) -> None:
        self._file = root / RAILS_FILE if root != Path("/") else None
        self._rails: frozenset[str] | None = None
        self.version = _android(root)
        self.source = "dumpsys android.hardware.power.stats.IPowerStats/default"

    def available(self) -> str | None:
        if self._file is None or not self._file.exists():
            return NO_PHONE
        try:
            self.read()
        except SensorError as error:
            return str(error)
        return None

    def read(self) -> float:
        """Joules since the phone started. The rails of the first reading must stay."""
        rails = rail_joules(files.text(self._file) or "") if self._file else {}
        if not rails:
            raise SensorError("this phone's power HAL lists no rail")
        self._rails = self._rails or frozenset(rails)
        if self._rails != frozenset(rails):
            raise SensorError(f"the list of rails changed: {', '.join(sorted(self._rails ^ frozenset(rails)))}")
        return sum(rails.values())


class AndroidBattery:
    """The battery's gauge, while nothing charges it."""

    name = "android_battery"
    scope: PowerScope = "battery_gauge"
    integration: Integration = "trapezoid"
    max_hz = 1.0
    accuracy = Accuracy()
    """Google: not highly accurate in the absolute, consistent on the same device (AOSP, Measuring device power)."""

    def __init__(self, root: Path) -> None:
        self._folder = root if root != Path("/") else None
        self.battery_capacity_j: float | None = None
        self.version = _android(root)
        self.source = "dumpsys battery, cmd battery get -f current_now"

    def available(self) -> str | None:
        if self._folder is None or not (self._folder / BATTERY_FILE).exists():
            return NO_PHONE
        try:
            self.read()
        except SensorError as error:
            return str(error)
        return None

    def read(self) -> float:
        """Watts."""
        if self._folder is None:
            raise SensorError(NO_PHONE)
        found = battery_of(files.text(self._folder / BATTERY_FILE) or "", files.text(self._folder / CURRENT_FILE) or "")
        self.battery_capacity_j = self.battery_capacity_j or found.capacity_j
        return found.watts


def _android(root: Path) -> str | None:
    found = re.search(r"\[ro\.build\.version\.release\]: \[(.*?)\]", files.text(root / "tools/adb-getprop") or "")
    return f"Android {found.group(1)}" if found else None
