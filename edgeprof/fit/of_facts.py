"""A device by what its agent reported, as a place for a model. Pure."""

import re

from edgeprof.fit import room
from edgeprof.fit.room import Room
from edgeprof.fit.target import Target
from edgeprof.wire.messages import Facts

_VERSION = re.compile(r"(\d+)\.(\d+)")


def room_of_facts(facts: Facts) -> Room:
    """Its memory less what its system uses, or the limit that its agent sets for a worker where that is lower."""
    whole, limit_mib = room.of_machine(facts.memory_mib), facts.memory_limit_mib
    if limit_mib is None:
        return whole
    is_lower = whole.mib is None or facts.memory_mib <= 0 or limit_mib < whole.mib
    return room.limited(limit_mib) if is_lower else whole


def target_of_facts(facts: Facts, name: str) -> Target:
    """An agent that runs has the Python and the userland that it reports."""
    version = _VERSION.match(facts.python)
    return Target(
        name=name,
        machine=facts.userland or facts.machine,
        python=(int(version[1]), int(version[2])) if version else None,
        isa=frozenset(facts.cpu_flags) or None,
        disk_free_mib=facts.disk_free_mib,
    )
