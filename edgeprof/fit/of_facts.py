"""A device by what its agent reported, as a place for a model. Pure."""

import re

from edgeprof.fit import room
from edgeprof.fit.room import Room
from edgeprof.fit.target import Target
from edgeprof.wire.messages import Facts

_VERSION = re.compile(r"(\d+)\.(\d+)")


def room_of_facts(facts: Facts) -> Room:
    """The limit that its agent sets for a worker, else its memory less what its system uses."""
    if facts.memory_limit_mib is not None:
        return room.limited(facts.memory_limit_mib)
    return room.of_machine(facts.memory_mib)


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
