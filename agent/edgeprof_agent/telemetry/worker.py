"""The worker's process: its processor time, whether it was stopped, where it ran, what it holds."""

import os
from pathlib import Path

from edgeprof_agent.telemetry.base import ProbeFile, Site, Value

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
        self._file = stat_of(site)

    def read(self) -> tuple[Value, Value, Value]:
        fields = stat_fields(self._file)
        cpu_s = (int(fields[11]) + int(fields[12])) * _TICK_S
        return cpu_s, float(fields[0] in (b"T", b"t")), int(fields[21]) * _PAGE_MIB


def stat_of(site: Site) -> ProbeFile:
    """The worker's `/proc/PID/stat`."""
    return ProbeFile(Path(f"/proc/{site.worker_pid}/stat"))


def stat_fields(file: ProbeFile) -> list[bytes]:
    """Its fields from the third one on: the second is a name that may hold anything."""
    data = file.read(_BYTES)
    return data[data.rindex(b")") + 2 :].split()


def last_core(file: ProbeFile) -> int:
    """The core that the main thread last ran on: field 39, `processor`."""
    return int(stat_fields(file)[36])
