"""A memory cgroup for one worker: version 2 where it is delegated to us, else version 1, else none."""

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


class MemoryGroup:
    """One cgroup that holds a worker and everything that it starts."""

    def __init__(self, folder: Path, version: _Version) -> None:
        self._folder = folder
        self._version = version
        self.layer = version.layer

    def limit(self, memory_limit_mib: float) -> None:
        """Without swap: what does not fit fails, as on a device that has none. Raises OSError if refused."""
        size = str(int(memory_limit_mib * _MIB))
        (self._folder / self._version.limit).write_text(size)
        swap = self._folder / self._version.swap_limit
        if self._version is _V2:
            swap.write_text("0")
        elif swap.exists():  # memory and swap together; absent where swap accounting is off
            swap.write_text(size)

    def add(self, pid: int) -> None:
        (self._folder / "cgroup.procs").write_text(str(pid))

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


def create(root: Path = Path("/")) -> MemoryGroup | None:
    """A new group below our own (or beside it, where ours may not have children), or None."""
    for folder, version in _candidates(root):
        group = folder / f"{_PREFIX}{os.getpid()}-{uuid.uuid4().hex[:8]}"
        with suppress(OSError):
            if version is _V2:
                _enable(folder)
            group.mkdir()
            _sweep(folder, version, root / "proc")
            return MemoryGroup(group, version)
    return None


def _sweep(folder: Path, version: _Version, proc: Path) -> None:
    """Groups whose agent was killed: whatever still runs in them is nobody's any more."""
    for left in folder.glob(f"{_PREFIX}*-*"):
        owner = left.name.removeprefix(_PREFIX).split("-")[0]
        if owner != str(os.getpid()) and not (proc / owner).exists():
            MemoryGroup(left, version).remove()


def _candidates(root: Path) -> list[tuple[Path, _Version]]:
    found: list[tuple[Path, _Version]] = []
    with suppress(OSError):
        mounts = (root / "proc/self/mountinfo").read_text()
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers == "" and (mounted := _mounted(mounts, "cgroup2", "", path)):
                own = root / mounted.lstrip("/")
                found = [(own, _V2), (own.parent, _V2), *found]
            elif "memory" in controllers.split(",") and (mounted := _mounted(mounts, "cgroup", "memory", path)):
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


def _enable(folder: Path) -> None:
    """Lets children of `folder` be limited. Raises OSError where the kernel or the owner forbids it."""
    control = folder / "cgroup.subtree_control"
    if "memory" not in control.read_text().split():
        control.write_text("+memory")
