"""A phone's battery, heat, rails and disk from what its shell printed, as the wire's documents. Pure but for the files.

Sources: AOSP services/core BatteryService.java and ThermalManagerService.java (their `dump`), BatteryManager.java and
Temperature.java (their constants); hardware/google/pixel powerstats (the rails).
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from edgeprof.wire.device_state import DeviceState, Stamp
from edgeprof.wire.vitals import Vitals
from edgeprof_agent.phones.reading import DISK_FILE, THERMAL_FILE
from edgeprof_agent.sensors import files
from edgeprof_agent.sensors.android import BATTERY_FILE, CURRENT_FILE, RAILS_FILE, battery_of, rail_joules
from edgeprof_agent.sensors.base import SensorError

_FIELD = re.compile(r"^\s*([\w ]+?)\s*:\s*(\S+)\s*$", re.MULTILINE)
_STATUS = {"1": "unknown", "2": "charging", "3": "discharging", "4": "not charging", "5": "full"}
_THERMAL_STATUS = ("none", "light", "moderate", "severe", "critical", "emergency", "shutdown")
_READING = re.compile(r"Temperature\{mValue=(-?[\d.]+), mType=(-?\d+), mName=([^,}]+), mStatus=(\d+)\}")
_HAL = "Current temperatures from HAL:"
_CPU, _BATTERY, _SKIN = "0", "2", "3"
_SUPPLIES = ("AC powered", "USB powered", "Wireless powered", "Dock powered")


@dataclass(frozen=True, kw_only=True)
class Battery:
    """The gauge's own figures. `watts` leave the battery; None with a reason while it is charged."""

    level_percent: float | None
    status: str | None
    plugged: tuple[str, ...]
    temperature_c: float | None
    volts: float | None
    watts: float | None
    no_watts: str | None


@dataclass(frozen=True, kw_only=True)
class Heat:
    """The thermal service's status, and temperatures by sensor."""

    status: str | None = None
    temperatures_c: dict[str, float] = field(default_factory=dict[str, float])
    of_type: dict[str, str] = field(default_factory=dict[str, str])

    def hottest(self) -> tuple[str, float] | None:
        """Of the processor's sensors; where there are none, of the skin's, then of the battery's."""
        for kind in (_CPU, _SKIN, _BATTERY):
            found = [(self.temperatures_c[name], name) for name in self.temperatures_c if self.of_type[name] == kind]
            if found:
                value, name = max(found)
                return name, value
        return None

    @property
    def throttled(self) -> bool | None:
        """Android throttles from the status `light` on."""
        return None if self.status is None else self.status != _THERMAL_STATUS[0]


def battery(root: Path) -> Battery | None:
    """None where the phone has none, or reports none."""
    text = files.text(root / BATTERY_FILE) or ""
    fields = dict(_FIELD.findall(text))
    if "level" not in fields:
        return None
    try:
        watts, why = battery_of(text, files.text(root / CURRENT_FILE) or "").watts, None
    except SensorError as error:
        watts, why = None, str(error)
    level, scale = _number(fields.get("level")), _number(fields.get("scale"))
    tenths, millivolts = _number(fields.get("temperature")), _number(fields.get("voltage"))
    return Battery(
        level_percent=level / scale * 100 if level is not None and scale else None,
        status=_STATUS.get(fields.get("status", "")),
        plugged=tuple(name.removesuffix(" powered") for name in _SUPPLIES if fields.get(name) == "true"),
        temperature_c=tenths / 10 if tenths is not None else None,
        volts=millivolts / 1e3 if millivolts is not None else None,
        watts=watts,
        no_watts=why,
    )


def heat(root: Path) -> Heat:
    """Those of the thermal HAL, else the service's cached ones. A sensor at exactly 0 °C is one that is not there."""
    text = files.text(root / THERMAL_FILE) or ""
    status = re.search(r"^\s*Thermal Status: (\d+)", text, re.MULTILINE)
    number = int(status.group(1)) if status else -1
    section = text.partition(_HAL)[2].partition("Current cooling devices")[0]
    found = _READING.findall(section) or _READING.findall(text)
    readings = {name.strip(): (float(value), kind) for value, kind, name, _ in found if float(value) != 0.0}
    return Heat(
        status=_THERMAL_STATUS[number] if 0 <= number < len(_THERMAL_STATUS) else None,
        temperatures_c={name: value for name, (value, _) in readings.items()},
        of_type={name: kind for name, (_, kind) in readings.items()},
    )


def rails_j(root: Path) -> dict[str, float]:
    """Cumulative joules by rail since the phone started. Empty on most phones."""
    return rail_joules(files.text(root / RAILS_FILE) or "")


def disk_mib(root: Path) -> tuple[float, float] | None:
    """Free and total MiB of /data."""
    rows = [line.split() for line in (files.text(root / DISK_FILE) or "").splitlines()[1:]]
    for row in rows:
        if len(row) >= 4 and row[1].isdecimal() and row[3].isdecimal():
            return int(row[3]) / 1024, int(row[1]) / 1024
    return None


def state_of(root: Path, at: Stamp) -> DeviceState:
    """The phone at one moment; `at` is by this host's clock."""
    warm, power = heat(root), battery(root)
    hottest = warm.hottest()
    if hottest is None and power and power.temperature_c is not None:
        hottest = "battery", power.temperature_c
    load = _number((files.text(root / "proc/loadavg") or "").partition(" ")[0])
    available = re.search(r"^MemAvailable:\s+(\d+) kB", files.text(root / "proc/meminfo") or "", re.MULTILINE)
    return DeviceState(
        at=at,
        temperature_c=hottest[1] if hottest else None,
        temperature_source=hottest[0] if hottest else None,
        cpu_mhz=None,
        governor=None,
        load_1m=load,
        memory_available_mib=int(available.group(1)) / 1024 if available else None,
        throttled=warm.throttled,
        power_mode=None,
        temperatures_c=warm.temperatures_c,
    )


def vitals_of(root: Path) -> Vitals:
    """The phone between two runs: heat, disk and time since its start."""
    warm, power, disk = heat(root), battery(root), disk_mib(root)
    hottest = warm.hottest()
    temperature_c = hottest[1] if hottest else power.temperature_c if power else None
    return Vitals(
        uptime_s=_number((files.text(root / "proc/uptime") or "").partition(" ")[0]),
        temperature_c=temperature_c,
        disk_free_mib=disk[0] if disk else None,
        disk_total_mib=disk[1] if disk else None,
    )


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
