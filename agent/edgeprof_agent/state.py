"""How the device is at one moment: heat, clock, load, memory, throttling, power mode. Unknown is None."""

import re
import time
import uuid
from functools import cache
from pathlib import Path

from edgeprof.wire.messages import DeviceState, Stamp
from edgeprof_agent.sensors import files
from edgeprof_agent.sensors.tools import run_tool

CPU_ZONES = (re.compile(r"cpu|x86_pkg_temp|core", re.IGNORECASE), re.compile(r"soc|package", re.IGNORECASE))
"""Names of zones that are the processor's own, and of those that hold it; each vendor has its own."""
OFF_BELOW_C = -200.0
"""A zone that is powered off says about -256 °C."""
PI_THROTTLED_NOW = 0b1111
"""get_throttled: under-voltage, frequency capped, throttled, soft limit; the same bits 16 up say "since boot"."""


def stamp() -> Stamp:
    """Now, on this machine's own clocks."""
    return Stamp(boot_id=_boot_id(), monotonic_ns=time.monotonic_ns(), wall_s=time.time())


def read_state(root: Path = Path("/")) -> DeviceState:
    """One look. Takes a few milliseconds, and one short process where a board tells only that way."""
    temperature_c, zone = _temperature(root)
    policy = root / "sys/devices/system/cpu/cpufreq/policy0"
    return DeviceState(
        at=stamp(),
        temperature_c=temperature_c,
        temperature_source=zone,
        cpu_mhz=_cpu_mhz(root),
        governor=files.text(policy / "scaling_governor") or None,
        load_1m=_load(root),
        memory_available_mib=_memory_available_mib(root),
        throttled=_throttled(root),
        power_mode=_power_mode(root),
    )


@cache
def _boot_id() -> str:
    return files.text(Path("/proc/sys/kernel/random/boot_id")) or str(uuid.uuid4())


def _temperature(root: Path) -> tuple[float | None, str | None]:
    """The hottest of the zones whose name is nearest to the CPU."""
    zones: list[tuple[int, float, str]] = []
    for folder in files.folders(root / "sys/class/thermal", "thermal_zone*"):
        name, milli_c = files.text(folder / "type") or folder.name, files.number(folder / "temp")
        if milli_c is not None and milli_c / 1000 > OFF_BELOW_C:
            zones.append((_nearness(name), milli_c / 1000, name))
    if not zones:
        return None, None
    _, hottest_c, name = max(zones)
    return hottest_c, name


def _nearness(zone: str) -> int:
    return next((len(CPU_ZONES) - rank for rank, names in enumerate(CPU_ZONES) if names.search(zone)), 0)


def _cpu_mhz(root: Path) -> float | None:
    """The fastest cluster's clock. A Raspberry Pi's firmware owns its clock and is asked first; elsewhere it is what
    the kernel asked for; x86 without cpufreq prints one in cpuinfo."""
    if _is_pi(root):
        said = re.search(r"=(\d+)", run_tool("vcgencmd", "measure_clock", "arm").output)
        if said:
            return int(said.group(1)) / 1e6
    policies = files.folders(root / "sys/devices/system/cpu/cpufreq", "policy*")
    clocks = [khz / 1000 for policy in policies if (khz := files.number(policy / "scaling_cur_freq")) is not None]
    printed = re.findall(r"^cpu MHz\s*:\s*([\d.]+)", files.text(root / "proc/cpuinfo") or "", re.MULTILINE)
    return max([*clocks] or [float(each) for each in printed], default=None)


def _load(root: Path) -> float | None:
    found = re.match(r"[\d.]+", files.text(root / "proc/loadavg") or "")
    return float(found.group()) if found else None


def _memory_available_mib(root: Path) -> float | None:
    found = re.search(r"^MemAvailable:\s+(\d+) kB", files.text(root / "proc/meminfo") or "", re.MULTILINE)
    return int(found.group(1)) / 1024 if found else None


def _throttled(root: Path) -> bool | None:
    """A Raspberry Pi says it at once; an x86 only counts events, so one look cannot tell."""
    if not _is_pi(root):
        return None
    said = re.search(r"throttled=0x([0-9a-fA-F]+)", run_tool("vcgencmd", "get_throttled").output)
    if said:
        return bool(int(said.group(1), 16) & PI_THROTTLED_NOW)
    alarms = [
        files.number(folder / "in0_lcrit_alarm")
        for folder in files.folders(root / "sys/class/hwmon", "hwmon*")
        if files.text(folder / "name") == "rpi_volt"
    ]
    return next((True for alarm in alarms if alarm), None)


def _power_mode(root: Path) -> str | None:
    """A Jetson's nvpmodel mode by name: from its own files, else from the tool."""
    status = re.search(r"pmode:0*(\d+)", files.text(root / "var/lib/nvpmodel/status") or "")
    if status:
        return _mode_name(root, status.group(1))
    if not _is_tegra(root):
        return None
    said = re.search(r"NV Power Mode:\s*(\S+)", run_tool("nvpmodel", "-q").output)
    return said.group(1) if said else None


def _mode_name(root: Path, number: str) -> str:
    conf = files.text(root / "etc/nvpmodel.conf") or ""
    named = re.search(rf"POWER_MODEL\s+ID=0*{number}\s+NAME=(\S+)", conf)
    return named.group(1) if named else f"mode {number}"


def _is_pi(root: Path) -> bool:
    return b"raspberrypi," in (files.raw(root / "proc/device-tree/compatible") or b"")


def _is_tegra(root: Path) -> bool:
    return b"nvidia,tegra" in (files.raw(root / "proc/device-tree/compatible") or b"")
