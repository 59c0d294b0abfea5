"""Processor time of everybody: what the worker's cores did, what the hypervisor took, what we ourselves took."""

import os
import time

from edgeprof_agent.sensors import files
from edgeprof_agent.telemetry.base import ProbeFile, Site
from edgeprof_agent.telemetry.cpu_lists import cpus_of

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_STAT_BYTES = 65536


class Cores:
    """`/proc/stat` (proc_stat(5)), of the cores that the worker may use: `busy` is user, nice, system and interrupts,
    `stolen` is the hypervisor's.

    `busy` holds also the hyperthreads that share a physical core with one of them: what runs there slows the worker
    down, whether or not it may run there itself.
    """

    group = "cores_s"
    unit = "s, counted up"
    labels = ("busy", "stolen")

    def __init__(self, site: Site) -> None:
        self._file = ProbeFile(site.root / "proc/stat")
        siblings, unknown = _siblings(site)
        self.problem = _unknown(unknown) if unknown else None
        self._own = frozenset(b"cpu%d" % core for core in site.cores)
        self._near = self._own | {b"cpu%d" % core for core in siblings}
        lines = self._lines(self._file.read(_STAT_BYTES))
        self._all = len(self._own & {line.split(None, 1)[0] for line in lines}) >= len(lines)
        self.read()

    def read(self) -> tuple[float, float]:
        data = self._file.read(_STAT_BYTES)
        if self._all:
            fields = data[: data.index(b"\n")].split()
            return _busy_s(fields), int(fields[8]) * _TICK_S
        lines = [line.split() for line in self._lines(data)]
        busy_s = sum(_busy_s(fields) for fields in lines if fields[0] in self._near)
        return busy_s, sum(int(fields[8]) for fields in lines if fields[0] in self._own) * _TICK_S

    @staticmethod
    def _lines(data: bytes) -> list[bytes]:
        return data.split(b"\nintr", 1)[0].split(b"\n")[1:]


def _siblings(site: Site) -> tuple[set[int], list[int]]:
    """Hyperthreads of the worker's physical cores, and the cores of which the kernel does not tell them."""
    found: set[int] = set()
    unknown: list[int] = []
    for core in site.cores:
        cpus = cpus_of(files.text(site.root / f"sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list") or "")
        found.update(cpus)
        if not cpus:
            unknown.append(core)
    return found, unknown


def _unknown(cores: list[int]) -> str:
    return (
        "the kernel does not report which hyperthreads share a physical core with "
        f"{'core' if len(cores) == 1 else 'cores'} {', '.join(map(str, cores))}: load on them would not be seen"
    )


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
