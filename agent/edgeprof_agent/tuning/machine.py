"""What of this machine decides which settings are worth trying: how many cores, and which sets of them differ."""

import os
from pathlib import Path

from edgeprof.tuning.space import Machine
from edgeprof_agent.sensors import files
from edgeprof_agent.sensors.cgroup_limits import own_threads
from edgeprof_agent.telemetry.cpu_lists import cpus_of

_CPU = "sys/devices/system/cpu"


def this_machine(root: Path = Path("/")) -> Machine:
    """The cores that this process may use, and proper parts of them: one hyperthread a core, the largest cores."""
    cores = sorted(os.sched_getaffinity(0))
    sets = [_one_a_core(root, cores), _largest(root, cores)]
    texts = [",".join(map(str, found)) for found in sets if found and len(found) < len(cores)]
    return Machine(cores=own_threads(), core_sets=tuple(dict.fromkeys(texts)))


def _one_a_core(root: Path, cores: list[int]) -> list[int]:
    """The first of each group of hyperthreads."""
    firsts = {
        min(cpus_of(files.text(root / f"{_CPU}/cpu{core}/topology/thread_siblings_list") or "") or (core,))
        for core in cores
    }
    return sorted(firsts & set(cores))


def _largest(root: Path, cores: list[int]) -> list[int]:
    """Those of the highest capacity, where the kernel tells one (Arm); else none."""
    capacity = {core: files.number(root / f"{_CPU}/cpu{core}/cpu_capacity") for core in cores}
    known = [value for value in capacity.values() if value is not None]
    return [core for core in cores if known and capacity[core] == max(known)]
