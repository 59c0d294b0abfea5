"""Cgroups for one worker: version 2 where it is delegated to us, else version 1, else none.

One limits memory. Where the kernel's RLIMIT_NPROC does not hold (root), another one limits processes and threads.
"""

import os
import signal
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_MIB = 1024 * 1024
_REMOVE_TRIES = 100
_PREFIX = "edgeprof-"
TASKS_V1, TASKS_V2 = "cgroup_v1_pids", "cgroup_v2_pids"


@dataclass(frozen=True)
class _Version:
    """The names that differ between the two versions."""

    layer: str
    limit: str
    swap_limit: str
    events: str
    peak: str


_V2 = _Version("cgroup_v2_memory", "memory.max", "memory.swap.max", "memory.events", "memory.peak")
_V1 = _Version(
    "cgroup_v1_memory",
    "memory.limit_in_bytes",
    "memory.memsw.limit_in_bytes",
    "memory.oom_control",
    "memory.max_usage_in_bytes",
)


class Group:
    """A cgroup that holds a worker and everything that it starts."""

    def __init__(self, folder: Path, layer: str) -> None:
        self._folder = folder
        self.layer = layer

    def add(self, pid: int) -> None:
        (self._folder / "cgroup.procs").write_text(str(pid))

    def limit_tasks(self, tasks: int) -> None:
        """Processes and threads. Raises OSError where this group does not count them (FileNotFoundError)."""
        limit = self._folder / "pids.max"
        if not limit.exists():
            raise FileNotFoundError(limit)
        limit.write_text(str(tasks))

    def remove(self) -> None:
        """Kills whatever is left in the group, then removes it. A dying process may hold it for a moment."""
        for _ in range(_REMOVE_TRIES):
            self._kill()
            try:
                self._folder.rmdir()
            except FileNotFoundError:
                return
            except OSError:
                time.sleep(0.01)
            else:
                return

    def _kill(self) -> None:
        with suppress(OSError):
            for pid in (self._folder / "cgroup.procs").read_text().split():
                with suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)


class MemoryGroup(Group):
    """One that limits memory."""

    def __init__(self, folder: Path, version: _Version) -> None:
        super().__init__(folder, version.layer)
        self._version = version

    def limit(self, memory_limit_mib: float) -> None:
        """Without swap: what does not fit fails, as on a device that has none. Raises OSError if refused."""
        size = str(int(memory_limit_mib * _MIB))
        (self._folder / self._version.limit).write_text(size)
        swap = self._folder / self._version.swap_limit
        if self._version is _V2:
            swap.write_text("0")
        elif swap.exists():  # memory and swap together; absent where swap accounting is off
            swap.write_text(size)

    def oom_kills(self) -> int:
        """How often the kernel killed in this group for want of memory (0 where an old kernel does not tell)."""
        for line in (self._folder / self._version.events).read_text().splitlines():
            name, _, count = line.partition(" ")
            if name == "oom_kill":
                return int(count)
        return 0

    def peak_mib(self) -> float:
        """The most that was charged to the group: also page cache. Raises OSError where the kernel keeps no peak."""
        return int((self._folder / self._version.peak).read_text()) / _MIB


def create(root: Path = Path("/")) -> MemoryGroup | None:
    """A new group below our own (or beside it, where ours may not have children), or None."""
    made = _make(root, "memory", "pids")
    return MemoryGroup(*made) if made else None


def create_for_tasks(root: Path = Path("/")) -> Group | None:
    """A new group that counts processes, of version 1 or of a version 2 without memory, or None."""
    made = _make(root, "pids")
    return Group(made[0], TASKS_V2 if made[1] is _V2 else TASKS_V1) if made else None


def own_folder(root: Path = Path("/")) -> Path | None:
    """The folder of the group that this process is in: that of version 2, else systemd's own of version 1."""
    with suppress(OSError):
        mounts = (root / "proc/self/mountinfo").read_text()
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            kind = {"": ("cgroup2", ""), "name=systemd": ("cgroup", "name=systemd")}.get(controllers)
            if kind and (mounted := _mounted(mounts, *kind, path)):
                return root / mounted.lstrip("/")
    return None


def _make(root: Path, wanted: str, welcome: str | None = None) -> tuple[Path, _Version] | None:
    """`welcome`: a controller that version 2 may add to the same group."""
    for folder, version in _candidates(root, wanted):
        group = folder / f"{_PREFIX}{os.getpid()}-{uuid.uuid4().hex[:8]}"
        with suppress(OSError):
            if version is _V2:
                _enable(folder, wanted)
                with suppress(OSError):
                    _enable(folder, welcome or wanted)
            group.mkdir()
            _sweep(folder, root / "proc")
            return group, version
    return None


def _sweep(folder: Path, proc: Path) -> None:
    """Groups whose agent was killed: whatever still runs in them is nobody's any more."""
    for left in folder.glob(f"{_PREFIX}*-*"):
        owner = left.name.removeprefix(_PREFIX).split("-")[0]
        if owner != str(os.getpid()) and not (proc / owner).exists():
            Group(left, "").remove()


def _candidates(root: Path, wanted: str) -> list[tuple[Path, _Version]]:
    found: list[tuple[Path, _Version]] = []
    with suppress(OSError):
        mounts = (root / "proc/self/mountinfo").read_text()
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers == "" and (mounted := _mounted(mounts, "cgroup2", "", path)):
                own = root / mounted.lstrip("/")
                found = [(own, _V2), (own.parent, _V2), *found]
            elif wanted in controllers.split(",") and (mounted := _mounted(mounts, "cgroup", wanted, path)):
                found.append((root / mounted.lstrip("/"), _V1))
    return found


def _mounted(mounts: str, kind: str, option: str, path: str) -> str | None:
    """Where a cgroup's folder is: the mount of its hierarchy, plus its path below what that mount shows."""
    for line in mounts.splitlines():
        fields, _, rest = line.partition(" - ")
        shown, mount_point = fields.split()[3:5]
        mounted_kind, _, options = rest.split(" ", 2)
        if mounted_kind == kind and (not option or option in options.split(",")):
            below = path.removeprefix(shown) if shown != "/" else path
            return f"{mount_point}/{below.strip('/')}"
    return None


def _enable(folder: Path, controller: str) -> None:
    """Lets children of `folder` be limited. Raises OSError where the kernel or the owner forbids it."""
    control = folder / "cgroup.subtree_control"
    if controller not in control.read_text().split():
        control.write_text(f"+{controller}")
