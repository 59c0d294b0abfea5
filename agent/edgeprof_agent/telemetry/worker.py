"""The worker's process: its processor time, whether it was stopped, how long it waited for a core, what it holds."""

import os
from pathlib import Path

from edgeprof_agent.telemetry.base import KernelFile, Site, Value

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / 1024**2
_BYTES = 1024


class Worker:
    """`/proc/PID/stat` (proc_pid_stat(5)): `stopped` is 1 in state T or t (SIGSTOP, a debugger)."""

    group = "worker"
    unit = "cpu_s: s, counted up; stopped: 0 or 1; rss_mib: MiB"
    labels = ("cpu_s", "stopped", "rss_mib")
    problem: str | None = None

    def __init__(self, site: Site) -> None:
        self._file = KernelFile(Path(f"/proc/{site.worker_pid}/stat"))

    def read(self) -> tuple[Value, Value, Value]:
        data = self._file.read(_BYTES)
        fields = data[data.rindex(b")") + 2 :].split()
        cpu_s = (int(fields[11]) + int(fields[12])) * _TICK_S
        return cpu_s, float(fields[0] in (b"T", b"t")), int(fields[21]) * _PAGE_MIB


class Waiting:
    """`/proc/PID/schedstat`: time for which the main thread was ready to run and another had its core.

    Kernel, Documentation/scheduler/sched-stats.rst; it takes CONFIG_SCHED_INFO.
    """

    group = "worker_waited"
    unit = "s, counted up"
    labels = ("waited_s",)
    problem: str | None = None

    def __init__(self, site: Site) -> None:
        self._file = KernelFile(Path(f"/proc/{site.worker_pid}/schedstat"))
        self.read()

    def read(self) -> tuple[float]:
        return (int(self._file.read(_BYTES).split()[1]) / 1e9,)
