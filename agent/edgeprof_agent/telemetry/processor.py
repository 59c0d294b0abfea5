"""Processor time of everybody: what the worker's cores did, what the hypervisor took, what we ourselves took."""

import os
import time

from edgeprof_agent.telemetry.base import KernelFile, Site

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_STAT_BYTES = 65536


class Cores:
    """`/proc/stat` (proc_stat(5)): `busy` is user, nice, system and interrupts of the cores that the worker may use.

    `stolen` is the hypervisor's, over all cores of the machine.
    """

    group = "cores_s"
    unit = "s, counted up"
    labels = ("busy", "stolen")
    problem: str | None = None

    def __init__(self, site: Site) -> None:
        self._file = KernelFile(site.root / "proc/stat")
        named = self._file.read(_STAT_BYTES).split(b"\nintr", 1)[0].count(b"\ncpu")
        self.cores = len(site.cores)
        self._own = None if len(site.cores) >= named else frozenset(b"cpu%d" % core for core in site.cores)
        self.read()

    def read(self) -> tuple[float, float]:
        data = self._file.read(_STAT_BYTES)
        everything = data[: data.index(b"\n")].split()
        stolen_s = int(everything[8]) * _TICK_S
        if self._own is None:
            return _busy_s(everything), stolen_s
        lines = (line.split() for line in data.split(b"\nintr", 1)[0].split(b"\n")[1:])
        return sum(_busy_s(fields) for fields in lines if fields[0] in self._own), stolen_s


def _busy_s(fields: list[bytes]) -> float:
    """user nice system [idle iowait] irq softirq; a guest's time is in user already."""
    user, nice, system, _, _, irq, softirq = fields[1:8]
    return (int(user) + int(nice) + int(system) + int(irq) + int(softirq)) * _TICK_S


class Ourselves:
    """Our own process, so that it is not taken for somebody else."""

    group = "agent"
    unit = "s, counted up"
    labels = ("cpu_s",)
    problem: str | None = None

    def __init__(self, site: Site) -> None:
        del site

    def read(self) -> tuple[float]:
        return (time.process_time(),)
