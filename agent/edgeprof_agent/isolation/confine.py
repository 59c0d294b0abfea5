"""The layers that hold a worker, put on from outside while it still waits for its job. None of them needs root."""

import os
import resource
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from edgeprof_agent.isolation import cgroup, watchdog
from edgeprof_agent.isolation.outcome import Limits
from edgeprof_agent.isolation.task_limit import TaskLimit

_MIB = 1024 * 1024
FILE_SIZE_LIMIT_BYTES = 512 * _MIB
MAX_OPEN_FILES = 1024
_CPU_SLACK_S = 10
_MAX_CPU_S = 10**9
NO_GROUP = "the worker had no memory cgroup: none can be created here"
NO_GROUP_PEAK = "this kernel records no cgroup peak (memory.peak, Linux 5.19)"
_DATA_SLACK_MIB = 256
"""RLIMIT_DATA counts what is reserved, not what is used: thread stacks and arenas need room above the limit."""


class Confinement:
    """What holds one worker. `layers` names what really took effect; `before`: what its start has put on already."""

    def __init__(self, pid: int, limits: Limits, before: Sequence[str]) -> None:
        self._pid = pid
        self._limit_mib = limits.memory_limit_mib
        self._oom_kills_before = watchdog.oom_kills()
        self.layers = ["own_session", *before]
        self._put_on("oom_score_adj", lambda: Path(f"/proc/{pid}/oom_score_adj").write_text("1000"))
        self._limit("rlimit_core", resource.RLIMIT_CORE, 0)
        self._limit("rlimit_fsize", resource.RLIMIT_FSIZE, FILE_SIZE_LIMIT_BYTES)
        self._limit("rlimit_nofile", resource.RLIMIT_NOFILE, MAX_OPEN_FILES)
        self._limit("rlimit_cpu", resource.RLIMIT_CPU, _cpu_limit_s(limits))
        if limits.cores is not None:
            cores = limits.cores
            self._put_on("cpu_affinity", lambda: os.sched_setaffinity(pid, cores))
        self._group = self._grouped()
        self._tasks = TaskLimit(pid, self._group)
        if self._tasks.layer is not None:
            self.layers.append(self._tasks.layer)
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
        self._tasks.release()
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
        self._limit("rlimit_data", resource.RLIMIT_DATA, int(((self._limit_mib or 0.0) + _DATA_SLACK_MIB) * _MIB))

    def _limit(self, layer: str, kind: int, value: int) -> None:
        """Lowers; a stricter limit that the worker has from us stays."""

        def act() -> None:
            hard = resource.prlimit(self._pid, kind)[1]
            lowered = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.prlimit(self._pid, kind, (lowered, lowered))

        self._put_on(layer, act)

    def _put_on(self, layer: str, act: Callable[[], object]) -> None:
        with suppress(OSError, ValueError):  # a layer that is refused is not in the list, and the result shows it
            act()
            self.layers.append(layer)


def _cpu_limit_s(limits: Limits) -> int:
    """All cores for all the time that the run may take: only a process that outlives it comes to more."""
    cores = len(limits.cores) if limits.cores is not None else os.cpu_count() or 1
    return int(min(limits.deadline_s * cores + _CPU_SLACK_S, _MAX_CPU_S))
