"""How the device is at one moment: heat, clock, load, memory, throttling, power mode. Unknown is None."""

import re
import time
import uuid
from functools import cache
from pathlib import Path
from typing import NamedTuple

from edgeprof.wire.messages import DeviceState, Stamp
from edgeprof_agent.sensors import device_tree, files
from edgeprof_agent.sensors.base import SensorError
from edgeprof_agent.sensors.firmware import Firmware
from edgeprof_agent.sensors.tools import run_tool
from edgeprof_agent.telemetry.bounded import within
from edgeprof_agent.telemetry.cpu_lists import cpus_of, governor_words, governors
from edgeprof_agent.telemetry.throttle import alarms, counters, flag_of
from edgeprof_agent.telemetry.zones import celsius, hottest, sources

PI_BITS = ("under_voltage", "frequency_capped", "throttled", "soft_limit")
"""get_throttled, bits 0 to 3: now. Bits 16 to 19 are the same since boot, or since the kernel's poller cleared them."""
MAX_CHECK_S = 10.0
"""A device driver that hangs must not hang the run."""


def stamp() -> Stamp:
    """Now, on this machine's own clocks."""
    return Stamp(boot_id=_boot_id(), monotonic_ns=time.monotonic_ns(), wall_s=time.time())


def read_state(root: Path = Path("/")) -> DeviceState:
    """One look. Takes a few milliseconds, and one short process where a Jetson tells only that way."""
    return within(MAX_CHECK_S, lambda: _read_state(root)) or _nothing_known(stamp())


def _read_state(root: Path) -> DeviceState:
    zones = temperatures_c(root)
    nearest = hottest(zones)
    clocks = _clocks_mhz(root)
    flags, events = board_flags(root), _counters(root)
    return DeviceState(
        at=stamp(),
        temperature_c=nearest[0] if nearest else None,
        temperature_source=nearest[1] if nearest else None,
        cpu_mhz=_cpu_mhz(root, clocks),
        governor=governor_words(governors(root)),
        load_1m=_load(root),
        memory_available_mib=_memory_available_mib(root),
        throttled=bool(flags.now) if flags.now or "frequency_capped" in flags.known else None,
        power_mode=_power_mode(root),
        temperatures_c=zones,
        cpu_mhz_by_policy=clocks,
        throttle_flags=flags.now,
        throttle_flags_known=tuple(dict.fromkeys([*flags.known, *(flag_of(counter) for counter in events)])),
        throttle_flags_since_boot=flags.since_boot,
        throttle_counters=events,
        running_tasks=_running_tasks(root),
        cpus_online=cpus_of(files.text(root / "sys/devices/system/cpu/online") or ""),
        clock_source=files.text(root / "sys/devices/system/clocksource/clocksource0/current_clocksource") or None,
    )


def temperatures_c(root: Path) -> dict[str, float]:
    """Of the processor's sensor chips and of every thermal zone that is on, by name; without what cannot be a °C."""
    readings = {source.name: files.number(source.file) for source in sources(root)}
    degrees = {name: celsius(milli_c) for name, milli_c in readings.items() if milli_c is not None}
    return {name: value for name, value in degrees.items() if value is not None}


@cache
def _boot_id() -> str:
    return files.text(Path("/proc/sys/kernel/random/boot_id")) or str(uuid.uuid4())


def _clocks_mhz(root: Path) -> dict[str, float]:
    policies = files.folders(root / "sys/devices/system/cpu/cpufreq", "policy*")
    clocks = {policy.name: files.number(policy / "scaling_cur_freq") for policy in policies}
    return {name: khz / 1000 for name, khz in clocks.items() if khz is not None}


def _cpu_mhz(root: Path, clocks: dict[str, float]) -> float | None:
    """The fastest cluster's clock. A Raspberry Pi's firmware owns its clock and is asked first; elsewhere it is what
    the kernel asked for; x86 without cpufreq prints one in cpuinfo."""
    if _is_pi(root):
        match = re.search(r"=(\d+)", _firmware_says(root, "measure_clock arm"))
        if match:
            return int(match.group(1)) / 1e6
    printed = re.findall(r"^cpu MHz\s*:\s*([\d.]+)", files.text(root / "proc/cpuinfo") or "", re.MULTILINE)
    return max([*clocks.values()] or [float(each) for each in printed], default=None)


def _load(root: Path) -> float | None:
    found = re.match(r"[\d.]+", files.text(root / "proc/loadavg") or "")
    return float(found.group()) if found else None


def _memory_available_mib(root: Path) -> float | None:
    found = re.search(r"^MemAvailable:\s+(\d+) kB", files.text(root / "proc/meminfo") or "", re.MULTILINE)
    return int(found.group(1)) / 1024 if found else None


def _running_tasks(root: Path) -> int | None:
    """Fourth field of /proc/loadavg, less the thread that is reading it."""
    found = re.search(r" (\d+)/\d+ ", files.text(root / "proc/loadavg") or "")
    return max(0, int(found.group(1)) - 1) if found else None


def _counters(root: Path) -> dict[str, int]:
    readings = {label: files.number(path) for label, path in counters(root).items()}
    return {label: int(count) for label, count in readings.items() if count is not None}


class BoardFlags(NamedTuple):
    """What the board says, and what it could say."""

    known: tuple[str, ...]
    now: tuple[str, ...]
    since_boot: tuple[str, ...] = ()


def board_flags(root: Path) -> BoardFlags:
    """A Raspberry Pi's firmware by its bits, else alarms and cooling devices. An x86 only counts events: one look at
    its counters cannot tell what is now."""
    if _is_pi(root):
        match = re.search(r"throttled=0x([0-9a-fA-F]+)", _firmware_says(root, "get_throttled"))
        if match:
            bits = int(match.group(1), 16)
            return BoardFlags(PI_BITS, _named(bits), _named(bits >> 16))
    readings = {label: files.number(path) for label, path in alarms(root).items()}
    known = dict.fromkeys(flag_of(label) for label, value in readings.items() if value is not None)
    on = dict.fromkeys(flag_of(label) for label, value in readings.items() if value is not None and value > 0)
    return BoardFlags(tuple(known), tuple(on))


def _firmware_says(root: Path, command: str) -> str:
    """Nothing where it does not answer: a state that cannot be told is None."""
    try:
        return Firmware(root).ask(command)
    except SensorError:
        return ""


def _named(bits: int) -> tuple[str, ...]:
    return tuple(name for bit, name in enumerate(PI_BITS) if bits >> bit & 1)


def _power_mode(root: Path) -> str | None:
    """A Jetson's nvpmodel mode by name: from its own files, else from the tool."""
    status = re.search(r"pmode:0*(\d+)", files.text(root / "var/lib/nvpmodel/status") or "")
    if status:
        return _mode_name(root, status.group(1))
    if not _is_tegra(root):
        return None
    match = re.search(r"NV Power Mode:\s*(\S+)", run_tool("nvpmodel", "-q").output)
    return match.group(1) if match else None


def _mode_name(root: Path, number: str) -> str:
    conf = files.text(root / "etc/nvpmodel.conf") or ""
    named = re.search(rf"^\s*<?\s*POWER_MODEL\s+ID=0*{number}\s+NAME=([^\s>]+)", conf, re.MULTILINE)
    return named.group(1) if named else f"mode {number}"


def _is_pi(root: Path) -> bool:
    return device_tree.is_pi(root)


def _is_tegra(root: Path) -> bool:
    return device_tree.is_tegra(root)


def _nothing_known(at: Stamp) -> DeviceState:
    return DeviceState(
        at=at,
        temperature_c=None,
        temperature_source=None,
        cpu_mhz=None,
        governor=None,
        load_1m=None,
        memory_available_mib=None,
        throttled=None,
        power_mode=None,
    )
