"""What this machine is, read from a root folder, so that a recorded machine reads like a real one."""

import platform
import re
import shutil
import sys
from collections import Counter
from pathlib import Path

import psutil

from edgeprof.paths import state_dir
from edgeprof.wire.messages import Facts, RuntimeFact, SensorFact
from edgeprof_agent.sensors import cgroup_limits, device_tree, files

MIB = 1024 * 1024
ABILITIES = ("evaluate", "flash", "upgrade")
"""What this agent can do beyond measuring, see `Facts.abilities`."""

ARM_CORES = {
    ("0x41", "0xd03"): "Cortex-A53",
    ("0x41", "0xd04"): "Cortex-A35",
    ("0x41", "0xd05"): "Cortex-A55",
    ("0x41", "0xd07"): "Cortex-A57",
    ("0x41", "0xd08"): "Cortex-A72",
    ("0x41", "0xd09"): "Cortex-A73",
    ("0x41", "0xd0a"): "Cortex-A75",
    ("0x41", "0xd0b"): "Cortex-A76",
    ("0x41", "0xd0c"): "Neoverse-N1",
    ("0x41", "0xd40"): "Neoverse-V1",
    ("0x41", "0xd41"): "Cortex-A78",
    ("0x41", "0xd42"): "Cortex-A78AE",
    ("0x41", "0xd44"): "Cortex-X1",
    ("0x41", "0xd46"): "Cortex-A510",
    ("0x41", "0xd47"): "Cortex-A710",
    ("0x41", "0xd49"): "Neoverse-N2",
    ("0x41", "0xd4d"): "Cortex-A715",
    ("0x41", "0xd4e"): "Cortex-X3",
    ("0x41", "0xd80"): "Cortex-A520",
    ("0x41", "0xd81"): "Cortex-A720",
    ("0x4e", "0x003"): "Denver 2",
    ("0x4e", "0x004"): "Carmel",
}
"""Implementer and part number, as /proc/cpuinfo prints them (arch/arm64/include/asm/cputype.h)."""


def read_facts(
    *,
    device_id: str,
    session_id: str,
    runtimes: tuple[RuntimeFact, ...],
    sensors: tuple[SensorFact, ...],
    isolation: tuple[str, ...],
    emulates: str | None,
    memory_limit_mib: float | None,
    replays: str | None = None,
    endpoint: str | None = None,
    root: Path = Path("/"),
) -> Facts:
    """Everything that a hub needs to know this device by."""
    cpuinfo = files.text(root / "proc/cpuinfo") or ""
    machine_mib = machine_memory_mib(root)
    limit_mib = cgroup_limits.memory_limit_mib(root)
    is_limited = limit_mib is not None and limit_mib < machine_mib
    return Facts(
        device_id=device_id,
        session_id=session_id,
        machine=_machine(root, cpuinfo),
        dt_model=device_tree.model(root),
        dt_compatible=device_tree.compatible(root),
        dmi_product=files.text(root / "sys/class/dmi/id/product_name") or None,
        dmi_board=files.text(root / "sys/class/dmi/id/board_name") or None,
        cpu_model=_cpu_model(cpuinfo),
        cpu_flags=_cpu_flags(cpuinfo),
        cores=len(_fields(cpuinfo, "processor")) or psutil.cpu_count() or 1,
        memory_mib=limit_mib if limit_mib is not None and is_limited else machine_mib,
        machine_memory_mib=machine_mib if is_limited else None,
        cpu_quota=cgroup_limits.cpu_quota(root),
        hidden=tuple(each for each in (device_tree.why_hidden(root),) if each),
        userland=userland(root, _machine(root, cpuinfo)),
        memory_limit_mib=memory_limit_mib,
        kernel=files.text(root / "proc/sys/kernel/osrelease") or platform.release(),
        os=_os_name(root),
        python=platform.python_version(),
        runtimes=runtimes,
        sensors=sensors,
        isolation=isolation,
        emulates=emulates,
        replays=replays,
        endpoint=endpoint,
        disk_free_mib=_disk_free_mib(root),
        abilities=ABILITIES,
    )


def bare_facts(root: Path = Path("/")) -> Facts:
    """The machine alone: no device's identity, runtimes or sensors."""
    return read_facts(
        device_id="",
        session_id="",
        runtimes=(),
        sensors=(),
        isolation=(),
        emulates=None,
        memory_limit_mib=None,
        root=root,
    )


def _machine(root: Path, cpuinfo: str) -> str:
    """The kernel's architecture: since Linux 6.1 the kernel says it in a file, before that its cpuinfo tells."""
    name = files.text(root / "proc/sys/kernel/arch")
    if name:
        return name
    if "8" in _fields(cpuinfo, "CPU architecture"):
        return "aarch64"
    if "lm" in _cpu_flags(cpuinfo):
        return "x86_64"
    return platform.machine()


def userland(root: Path, machine: str) -> str | None:
    """The architecture of this Python, where it is not the kernel's; of a recorded machine nothing is known.

    A 32-bit Raspberry Pi OS boots a 64-bit kernel: `uname -m` says aarch64, and wheels must be for armv7l.
    """
    if root != Path("/"):
        return None
    if sys.maxsize > 2**32 or not machine.endswith("64"):
        return None
    import sysconfig  # only here: an idle agent need not hold it

    return programs_for(machine, 32, sysconfig.get_platform())


def programs_for(machine: str, bits: int, built_for: str) -> str | None:
    """Of a Python of so many bits, by sysconfig's platform (`linux-armv7l`, `linux-aarch64`); None: the kernel's.

    >>> programs_for("aarch64", 32, "linux-aarch64"), programs_for("aarch64", 64, "linux-aarch64")
    ('armv7l', None)
    """
    if bits == 64 or not machine.endswith("64"):
        return None
    named = built_for.rpartition("-")[2]
    return named if named.startswith("arm") or named == "i686" else "armv7l" if machine == "aarch64" else "i686"


def _cpu_model(cpuinfo: str) -> str | None:
    """The brand string of an x86; on Arm the cores by part number, since the brand string there names only Armv8."""
    cores = _arm_cores(cpuinfo)
    if cores:
        return " + ".join(f"{count} × {name}" for name, count in cores.items())
    return next(iter(_fields(cpuinfo, "model name")), None)


def _arm_cores(cpuinfo: str) -> Counter[str]:
    pairs = zip(_fields(cpuinfo, "CPU implementer"), _fields(cpuinfo, "CPU part"), strict=False)
    return Counter(ARM_CORES.get(pair, f"Arm core {pair[0]}/{pair[1]}") for pair in pairs)


def _cpu_flags(cpuinfo: str) -> tuple[str, ...]:
    lines = _fields(cpuinfo, "flags") or _fields(cpuinfo, "Features")
    return tuple(lines[0].split()) if lines else ()


def _fields(cpuinfo: str, name: str) -> list[str]:
    return re.findall(rf"^{re.escape(name)}[ \t]*:[ \t]*(.+?)[ \t]*$", cpuinfo, re.MULTILINE)


def machine_memory_mib(root: Path) -> float:
    """Of the whole machine, whatever this process may use."""
    total = re.search(r"^MemTotal:\s+(\d+) kB", files.text(root / "proc/meminfo") or "", re.MULTILINE)
    return int(total.group(1)) / 1024 if total else psutil.virtual_memory().total / MIB


def _os_name(root: Path) -> str:
    release = files.text(root / "etc/os-release") or files.text(root / "usr/lib/os-release") or ""
    name = re.search(r'^PRETTY_NAME="?(.*?)"?$', release, re.MULTILINE)
    return name.group(1) if name else platform.system()


def _disk_free_mib(root: Path) -> float | None:
    """Free space where the agent keeps its models. A recorded machine has no disk."""
    if root != Path("/"):
        return None
    place = state_dir("agent")
    return shutil.disk_usage(next(path for path in (place, *place.parents) if path.exists())).free / MIB
