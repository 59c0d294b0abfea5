"""How many processes and threads a worker may have, and who counts them."""

import os
import resource
from contextlib import suppress

from edgeprof_agent.isolation import cgroup
from edgeprof_agent.isolation.processes import tasks_of_user

_BASE_TASKS = 128
_TASKS_A_CORE = 8
"""A runtime starts one to three threads a core in each of its pools."""


def max_tasks() -> int:
    """Of one run, its own helpers included."""
    return _BASE_TASKS + _TASKS_A_CORE * (os.cpu_count() or 1)


class TaskLimit:
    """Put on one worker. `layer` is None where nothing counts: root, without a cgroup."""

    def __init__(self, pid: int, memory_group: cgroup.MemoryGroup | None) -> None:
        self._group: cgroup.Group | None = None
        self.layer = self._by_cgroup(pid, memory_group) if os.geteuid() == 0 else self._by_rlimit(pid)

    def release(self) -> None:
        """Removes what was made for it."""
        if self._group is not None:
            self._group.remove()

    def _by_rlimit(self, pid: int) -> str | None:
        """The kernel counts what the user has, so that what is there already comes on top."""
        with suppress(OSError, ValueError):
            limit = max_tasks() + tasks_of_user(os.geteuid())
            resource.prlimit(pid, resource.RLIMIT_NPROC, (limit, limit))
            return "rlimit_nproc"
        return None

    def _by_cgroup(self, pid: int, memory_group: cgroup.MemoryGroup | None) -> str | None:
        """RLIMIT_NPROC does not bind root."""
        if memory_group is not None:
            with suppress(OSError):
                memory_group.limit_tasks(max_tasks())
                return cgroup.TASKS_V2
        group = cgroup.create_for_tasks()
        if group is None:
            return None
        try:
            group.limit_tasks(max_tasks())
            group.add(pid)
        except OSError:
            group.remove()
            return None
        self._group = group
        return group.layer
