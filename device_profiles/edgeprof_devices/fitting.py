"""A board of a profile as a place for a model: its memory, and what its processor has. Pure."""

from edgeprof.fit import room
from edgeprof.fit.room import Room
from edgeprof.fit.target import Target
from edgeprof_devices.schema import Profile

_X86 = frozenset(("avx2", "f16c", "avx_vnni"))


def target_of(profile: Profile) -> Target:
    """Every 64-bit Arm board is taken to run a 64-bit system."""
    isa = frozenset(profile.isa.has) if profile.isa else None
    return Target(
        name=profile.title, machine=_machine(profile, isa), isa=isa, is_android=profile.device_class == "phone"
    )


def room_of(profile: Profile) -> Room:
    """By the smallest size where a profile names a range."""
    return room.of_profile(profile.memory_gib.low if profile.memory_gib else None, profile.title)


def _machine(profile: Profile, isa: frozenset[str] | None) -> str:
    named = {machine for rule in profile.detect for machine in rule.machine}
    if len(named) == 1:
        return named.pop()
    if not isa:
        return ""
    return "x86_64" if isa & _X86 else "aarch64"
