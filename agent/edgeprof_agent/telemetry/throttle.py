"""What the board counts or says about being held back."""

from collections.abc import Collection
from pathlib import Path

from edgeprof_agent.sensors import files
from edgeprof_agent.telemetry.base import Absent, NumberFiles, Site, opened

MAX_CORES = 32
"""Of the worker's, watched in mid-run: each is two files to read, twice a second."""
_FLAG_OF_COUNTER = {
    "core": "thermal",
    "package": "thermal",
    "oc1": "under_voltage",
    "oc2": "over_current",
    "oc3": "over_current",
}


def flag_of(label: str) -> str:
    """The flag (Conditions.throttle_flags) that a counter's growth or an alarm raises: by the label's first word."""
    word = label.split()[0]
    return _FLAG_OF_COUNTER.get(word, word)


def counters(root: Path, cores: Collection[int] | None = None) -> dict[str, Path]:
    """x86: thermal_throttle/*_throttle_count, of these cores or of all. Jetson: hwmon `soctherm_oc`, whose first
    counter is under-voltage, the second average and the third instantaneous over-current."""
    found: dict[str, Path] = {}
    for cpu in files.folders(root / "sys/devices/system/cpu", "cpu[0-9]*"):
        if cores is not None and cpu.name not in {f"cpu{core}" for core in cores}:
            continue
        found[f"core {cpu.name}"] = cpu / "thermal_throttle/core_throttle_count"
        found[f"package {cpu.name}"] = cpu / "thermal_throttle/package_throttle_count"
    for monitor in files.folders(root / "sys/class/hwmon", "hwmon*"):
        if files.text(monitor / "name") == "soctherm_oc":
            found |= {f"oc{number}": monitor / f"oc{number}_event_cnt" for number in (1, 2, 3)}
    return {label: path for label, path in found.items() if path.exists()}


def alarms(root: Path) -> dict[str, Path]:
    """What is 0 on a board that is well. A Raspberry Pi's `rpi_volt` alarm: under-voltage within the last 2 s. Cooling
    devices that hold a processor back: their state is above 0 while they do."""
    found: dict[str, Path] = {}
    for monitor in files.folders(root / "sys/class/hwmon", "hwmon*"):
        if files.text(monitor / "name") == "rpi_volt" and (monitor / "in0_lcrit_alarm").exists():
            found["under_voltage"] = monitor / "in0_lcrit_alarm"
    for device in files.folders(root / "sys/class/thermal", "cooling_device*"):
        if (files.text(device / "type") or "").startswith(("thermal-cpufreq", "cpufreq-", "Processor")):
            found[f"frequency_capped {device.name}"] = device / "cur_state"
    return found


class ThrottleCounters(NumberFiles):
    """Counters of the kernel that only grow, of the cores that the worker may use."""

    group = "throttle_events"
    unit = "events, counted up"

    def __init__(self, site: Site) -> None:
        found = opened(counters(site.root, site.cores[:MAX_CORES]))
        if not found:
            raise Absent("this machine has no counter of throttling or over-current")
        super().__init__(found, 1)
        if len(site.cores) > MAX_CORES:
            self.problem = f"the model may use {len(site.cores)} cores; throttle counters of {MAX_CORES} are watched"


class Alarms(NumberFiles):
    """Alarms and cooling devices."""

    group = "alarms"
    unit = "0: well"

    def __init__(self, site: Site) -> None:
        found = opened(alarms(site.root))
        if not found:
            raise Absent("this machine has no voltage alarm and no cooling device of the processor")
        super().__init__(found, 1)
