"""The layers that hold a worker, put on from outside while it still waits for its job. None of them needs root."""

import os
import resource
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from edgeprof_agent.isolation import cgroup, watchdog
from edgeprof_agent.isolation.outcome import Limits

_MIB = 1024 * 1024
_FILE_SIZE_LIMIT = (512 * _MIB, 512 * _MIB)
NO_GROUP = "the worker had no memory cgroup: none can be created here"
NO_GROUP_PEAK = "this kernel records no cgroup peak (memory.peak, Linux 5.19)"
_DATA_SLACK_MIB = 256
"""RLIMIT_DATA counts what is reserved, not what is used: thread stacks and arenas need room above the limit."""


class Confinement:
    """What holds one worker. `layers` names what really took effect."""

    def __init__(self, pid: int, limits: Limits) -> None:
        self._pid = pid
        self._limit_mib = limits.memory_limit_mib
        self._oom_kills_before = watchdog.oom_kills()
        self.layers = ["own_session"]
        self._put_on("oom_score_adj", lambda: Path(f"/proc/{pid}/oom_score_adj").write_text("1000"))
        self._put_on("rlimit_core", lambda: resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0)))
        self._put_on("rlimit_fsize", lambda: resource.prlimit(pid, resource.RLIMIT_FSIZE, _FILE_SIZE_LIMIT))
        if limits.cores is not None:
            cores = limits.cores
            self._put_on("cpu_affinity", lambda: os.sched_setaffinity(pid, cores))
        self._group = self._grouped()
        self.watched = self._group is None and self._limit_mib is not None
        if self.watched:
            self._limit_data()
            self.layers.append("rss_watchdog")

    def over_limit(self) -> bool:
        """Whether a watched worker holds more than it may."""
        return self.watched and self._limit_mib is not None and watchdog.held_mib(self._pid) > self._limit_mib

    def memory_evidence(self) -> str | None:
        """What shows that the kernel killed for want of memory."""
        if self._group is not None:
            with suppress(OSError):
                if self._group.oom_kills():
                    return f"{self._group.layer} counted an out-of-memory kill"
        if watchdog.oom_kills() > self._oom_kills_before:
            return "the kernel counted an out-of-memory kill on this machine during the run"
        return None

    def group_peak_mib(self) -> float | str:
        """The peak of the worker's cgroup so far, or why there is none."""
        if self._group is None:
            return NO_GROUP
        try:
            return self._group.peak_mib()
        except (OSError, ValueError):
            return NO_GROUP_PEAK

    def release(self) -> None:
        """Kills what may be left of the worker and removes its group."""
        if self._group is not None:
            self._group.remove()

    def _grouped(self) -> cgroup.MemoryGroup | None:
        group = cgroup.create()
        if group is None:
            return None
        try:
            if self._limit_mib is not None:
                group.limit(self._limit_mib)
            group.add(self._pid)
        except OSError:
            group.remove()
            return None
        self.layers.append(group.layer)
        return group

    def _limit_data(self) -> None:
        size = int(((self._limit_mib or 0.0) + _DATA_SLACK_MIB) * _MIB)
        self._put_on("rlimit_data", lambda: resource.prlimit(self._pid, resource.RLIMIT_DATA, (size, size)))

    def _put_on(self, layer: str, act: Callable[[], object]) -> None:
        with suppress(OSError, ValueError):  # a layer that is refused is not in the list, and the result shows it
            act()
            self.layers.append(layer)


def layers() -> tuple[str, ...]:
    """What would hold a worker with a memory limit on this machine, found by trying."""
    group = cgroup.create()
    memory = (group.layer,) if group is not None else ("rlimit_data", "rss_watchdog")
    if group is not None:
        group.remove()
    return ("own_session", "oom_score_adj", "rlimit_core", "rlimit_fsize", "cpu_affinity", *memory)
