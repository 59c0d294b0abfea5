"""What a container or a service may use: the CPU quota and the memory limit of this process's cgroups.

cgroup v2 (kernel, admin-guide/cgroup-v2.rst): `cpu.max` is `QUOTA PERIOD` in µs or `max`, `memory.max` bytes or `max`.
v1 (scheduler/sched-bwc.rst): `cpu.cfs_quota_us` (-1: none) and `cpu.cfs_period_us`; `memory.limit_in_bytes`. Groups are
nested, and the tightest one holds. Seen from within a container only its own part of the tree may be there.
"""

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from edgeprof_agent.sensors import files

_MIB = 1024 * 1024
_NO_LIMIT_BYTES = 2**60
"""cgroup v1 prints a number of this size where there is no limit."""


class Group(NamedTuple):
    """One cgroup folder of a controller, and whether it is of version 2."""

    folder: Path
    is_v2: bool


class Quota(NamedTuple):
    """A CPU quota in cores (0.4: 40 ms in each 100 ms), and the group that sets it."""

    cores: float
    group: Group


def groups(root: Path, controller: str) -> list[Group]:
    """This process's own group and its parents, the own one first, of both versions where both are mounted."""
    mounts = (files.text(root / "proc/self/mountinfo") or "").splitlines()
    found: list[Group] = []
    for line in (files.text(root / "proc/self/cgroup") or "").splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        is_v2 = not controllers
        if is_v2 or controller in controllers.split(","):
            with suppress(ValueError, IndexError):
                found += _upwards(root, mounts, path, None if is_v2 else controller)
    return found


def cpu_quotas(root: Path = Path("/")) -> list[Quota]:
    """Every quota that holds this process, the tightest first."""
    found = [Quota(cores, group) for group in groups(root, "cpu") if (cores := _quota_cores(group)) is not None]
    return sorted(found, key=lambda quota: quota.cores)


def cpu_quota(root: Path = Path("/")) -> float | None:
    """Cores' worth of processor time, or None without a quota."""
    return next((quota.cores for quota in cpu_quotas(root)), None)


def memory_limit_mib(root: Path = Path("/")) -> float | None:
    """The tightest limit, or None."""
    limits = [limit for group in groups(root, "memory") if (limit := _limit_bytes(group)) is not None]
    return min(limits) / _MIB if limits else None


def usable_threads(cores: int, quota: float | None) -> int:
    """What a run takes where nobody asked for a number: no more threads than cores, and than the quota has.

    >>> usable_threads(8, 0.4), usable_threads(8, 2.5), usable_threads(2, None)
    (1, 2, 2)
    """
    return cores if quota is None else max(1, min(cores, math.floor(quota)))


def _upwards(root: Path, mounts: list[str], path: str, controller: str | None) -> Iterator[Group]:
    """From the own group to the top of what is mounted."""
    for line in mounts:
        fields, _, rest = line.partition(" - ")
        shown, mount_point = fields.split()[3:5]
        kind, _, options = rest.split(" ", 2)
        is_it = kind == "cgroup2" if controller is None else kind == "cgroup" and controller in options.split(",")
        if not is_it:
            continue
        top = root / mount_point.lstrip("/")
        inside = path == shown or path.startswith(shown.rstrip("/") + "/")
        below = path[len(shown.rstrip("/")) :].strip("/") if inside else ""
        folder = top / below if below and ".." not in below.split("/") else top
        folder = folder if folder.is_dir() else top
        while True:
            yield Group(folder, controller is None)
            if folder == top:
                break
            folder = folder.parent
        return


def _quota_cores(group: Group) -> float | None:
    if group.is_v2:
        words = (files.text(group.folder / "cpu.max") or "").split()
        quota_us, period_us = words if len(words) == 2 else ("max", "0")
    else:
        quota_us = files.text(group.folder / "cpu.cfs_quota_us") or "-1"
        period_us = files.text(group.folder / "cpu.cfs_period_us") or "0"
    try:
        quota, period = int(quota_us), int(period_us)
    except ValueError:  # max
        return None
    return quota / period if quota > 0 and period > 0 else None


def _limit_bytes(group: Group) -> int | None:
    text = files.text(group.folder / ("memory.max" if group.is_v2 else "memory.limit_in_bytes")) or ""
    limit = int(text) if text.isdigit() else 0
    return limit if 0 < limit < _NO_LIMIT_BYTES else None


def own_threads(chosen: int | None = None) -> int:
    """The default number of threads of a run on this machine; `chosen`: how many cores it was given."""
    return usable_threads(chosen if chosen is not None else len(os.sched_getaffinity(0)), cpu_quota())
