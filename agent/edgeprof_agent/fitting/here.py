"""This machine as a place for a model: what its kernel can give now, and what its processor has."""

from pathlib import Path

import psutil

from edgeprof.fit import room
from edgeprof.fit.of_facts import target_of_facts
from edgeprof.fit.room import Room
from edgeprof.fit.target import Target
from edgeprof_agent.machine import bare_facts
from edgeprof_agent.sensors import cgroup_limits

_MIB = 1024 * 1024
THIS_MACHINE = "this machine"


def room_here() -> Room:
    """MemAvailable, or this cgroup's limit where that is less."""
    return room.free_now(psutil.virtual_memory().available / _MIB, cgroup_limits.memory_limit_mib())


def target_here(root: Path = Path("/")) -> Target:
    """By the same facts that an agent tells its hub."""
    return target_of_facts(bare_facts(root), THIS_MACHINE)
