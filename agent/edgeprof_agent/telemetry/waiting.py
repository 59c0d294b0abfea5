"""How long the worker's threads were ready to run while others had their cores.

`/proc/PID/task/TID/schedstat` (kernel, Documentation/scheduler/sched-stats.rst; it takes CONFIG_SCHED_INFO): time on a
core, and time on a run queue without one. A parallel model goes on when its last thread is done, so that at each
reading the thread counts that waited longest since the one before.
"""

import os
from contextlib import suppress
from pathlib import Path

from edgeprof_agent.telemetry.base import ProbeFile, Site

MAX_THREADS = 128
"""Files that are held open; reading more would cost more than the sampler may."""
_BYTES = 128


class Waiting:
    """`waited_s`: of the thread that waited longest. `wanted_s`: running and waiting, all threads together."""

    group = "worker_waited"
    unit = "s, counted up"
    labels = ("waited_s", "wanted_s")
    problem: str | None = None

    def __init__(self, site: Site) -> None:
        self._tasks = Path(f"/proc/{site.worker_pid}/task")
        self._files: dict[str, ProbeFile] = {}
        self._before: dict[str, tuple[int, int]] = {}
        self._waited_ns = self._wanted_ns = 0
        ProbeFile(self._tasks.parent / "schedstat").read(1)
        self._before = self._now()

    def read(self) -> tuple[float, float]:
        now, longest_ns = self._now(), 0
        for task, (ran_ns, waited_ns) in now.items():
            ran_before_ns, waited_before_ns = self._before.get(task, (0, 0))  # a new one began since
            longest_ns = max(longest_ns, waited_ns - waited_before_ns)
            self._wanted_ns += max(0, ran_ns - ran_before_ns) + max(0, waited_ns - waited_before_ns)
        self._before = now
        self._waited_ns += longest_ns
        return self._waited_ns / 1e9, self._wanted_ns / 1e9

    def _now(self) -> dict[str, tuple[int, int]]:
        """Of each thread in ns. One that ends meanwhile is left out."""
        try:
            tasks = os.listdir(self._tasks)
        except FileNotFoundError as error:
            raise ProcessLookupError(*error.args) from None
        if len(tasks) > MAX_THREADS:
            raise ValueError(f"the worker has {len(tasks)} threads, of which {MAX_THREADS} could be watched")
        self._files = {task: file for task, file in self._files.items() if task in tasks}
        found: dict[str, tuple[int, int]] = {}
        for task in tasks:
            with suppress(ProcessLookupError, FileNotFoundError, ValueError):
                if task not in self._files:
                    self._files[task] = ProbeFile(self._tasks / task / "schedstat")
                ran, waited, _ = self._files[task].read(_BYTES).split()
                found[task] = int(ran), int(waited)
        if tasks and not any(ran_ns for ran_ns, _ in found.values()):
            raise ValueError("the kernel does not count waiting (schedstat is all 0)")
        return found
