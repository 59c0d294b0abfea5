"""What a container or a 32-bit userland keeps from a run: processor time, memory, the board's name, wheels."""

import platform
from collections.abc import Iterator
from pathlib import Path

from edgeprof_agent import machine
from edgeprof_agent.doctor.finding import Finding
from edgeprof_agent.sensors import cgroup_limits, device_tree, files

_CPUS = "docker run --cpus N …, or CPUQuota= of the systemd unit"

COMPILES = (
    "32-bit: of the runtimes only tflite-runtime has a wheel on PyPI, for Python 3.10 and 3.11; msgspec, psutil and "
    "numpy have none and compile (sudo apt-get install gcc python3-dev)"
)


def look(root: Path) -> Iterator[Finding]:
    """Nothing where nothing is limited or hidden."""
    quota = cgroup_limits.cpu_quota(root)
    if quota is not None:
        detail = (
            f"{quota:g} cores: runs take {cgroup_limits.usable_threads(10**6, quota)} thread"
            f"{'s' if quota >= 2 else ''} by default, and one that is throttled is marked busy"
        )
        yield Finding("isolation", "CPU quota", "optional", detail, _CPUS, "speed without pauses")
    limit_mib = cgroup_limits.memory_limit_mib(root)
    if limit_mib is not None and limit_mib < machine.machine_memory_mib(root):
        detail = f"{limit_mib:.0f} of the machine's {machine.machine_memory_mib(root):.0f} MiB, set by a cgroup"
        yield Finding("isolation", "memory of this container", "ok", detail)
    hidden = device_tree.why_hidden(root)
    if hidden is not None:
        yield Finding("isolation", "board", "optional", hidden, device_tree.MOUNT, "the board's profile and sensors")
    elif device_tree.is_pi(root) and device_tree.in_container(root) and not _mailbox(root):
        detail = "a container hides the Raspberry Pi's firmware: no throttling bits, no power of a Pi 5"
        yield Finding("isolation", "firmware", "optional", detail, "docker run --device /dev/vcio …", "both of them")


def userland() -> Finding | None:
    """Programs of 32 bits on a kernel of 64: `uname -m` misleads whoever looks for wheels."""
    programs = machine.userland(Path("/"), platform.machine())
    if programs is None:
        return None
    detail = (
        f"{platform.python_version()} is 32-bit ({programs}) on a 64-bit kernel ({platform.machine()}): wheels must be "
        f"for {programs}. {COMPILES}. Better install a 64-bit system."
    )
    return Finding("runtimes", "python", "missing", detail)


def _mailbox(root: Path) -> bool:
    return any((root / name).exists() for name in ("dev/vcio_gencmd", "dev/vcio")) or bool(
        files.folders(root / "tools", "vcgencmd-*")
    )
