"""Why a machine got its profile: the match, and which other profiles came near and on what they failed. Pure."""

from dataclasses import dataclass
from difflib import SequenceMatcher

from edgeprof.wire.messages import Facts
from edgeprof_devices.matching import Match, conditions_of, match_profile, memory_size_gib
from edgeprof_devices.schema import Profile, Rule

MOST_NEAR = 6
_ALIKE = 0.75
"""Of two names, by difflib: `Raspberry Pi 50` and `Raspberry Pi 5`."""


@dataclass(frozen=True)
class Near:
    """A profile with something in common with the machine, and the first condition that did not hold."""

    profile_id: str
    held: tuple[str, ...]
    failed: str


@dataclass(frozen=True)
class Explanation:
    """What the machine says of itself, what it matched, what came near."""

    match: Match
    title: str | None
    seen: dict[str, str]
    near: tuple[Near, ...]


def explain(facts: Facts, profiles: dict[str, Profile]) -> Explanation:
    """`near` has at most six, those with the most in common first."""
    match = match_profile(facts, profiles)
    near = [
        found
        for profile in profiles.values()
        if profile.id != match.profile_id
        for rule in profile.detect
        if (found := _near(rule, profile, facts)) is not None
    ]
    near.sort(key=lambda each: (-len(each.held), each.profile_id))
    title = profiles[match.profile_id].title if match.profile_id else None
    return Explanation(match, title, _seen(facts), tuple(_once(near)[:MOST_NEAR]))


def _once(near: list[Near]) -> list[Near]:
    """The nearest rule of each profile."""
    return list({each.profile_id: each for each in reversed(near)}.values())[::-1]


def _near(rule: Rule, profile: Profile, facts: Facts) -> Near | None:
    """Only where a condition that names a board holds: an architecture alone is nothing in common."""
    conditions = conditions_of(rule, facts)
    held = tuple(name for name, holds in conditions.items() if holds)
    failed = next((name for name, holds in conditions.items() if not holds), None)
    if failed is None and not _memory_fits(profile, facts):
        wanted = profile.memory_gib.text() if profile.memory_gib else "unknown"
        failed = f"memory: it has {_memory(facts)}, this profile {wanted} GiB"
    if failed is not None and _alike(facts.dt_model, profile.title):
        held = (f"a name like `{profile.title}`", *held)
    named = [name for name in held if not name.startswith("architecture")]
    return Near(profile.id, held, failed) if named and failed is not None else None


def _alike(model: str | None, title: str) -> bool:
    return model is not None and SequenceMatcher(None, model.lower(), title.lower()).ratio() > _ALIKE


def _memory_fits(profile: Profile, facts: Facts) -> bool:
    return not profile.memory_decides or (
        profile.memory_gib is not None and memory_size_gib(facts.memory_mib) == profile.memory_gib.low
    )


def _memory(facts: Facts) -> str:
    return f"{facts.memory_mib:.0f} MiB (a board of {memory_size_gib(facts.memory_mib):g} GiB)"


def _seen(facts: Facts) -> dict[str, str]:
    """What the rules look at; what the machine does not tell is said to be missing."""
    return {
        "device tree compatible": ", ".join(facts.dt_compatible) or "none",
        "device tree model": facts.dt_model or "none",
        "processor": facts.cpu_model or "not told",
        "architecture": facts.machine,
        "memory": _memory(facts),
        "DMI product": facts.dmi_product or "none",
    }
