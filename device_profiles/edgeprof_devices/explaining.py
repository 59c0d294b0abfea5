"""Why a machine got its profile: the match, and which other profiles came near and on what they failed. Pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from edgeprof.wire.messages import Facts
from edgeprof_devices.matching import Match, conditions_of, machine_memory_mib, match_profile, memory_size_gib
from edgeprof_devices.schema import MatchRule, Profile

MAX_NEAR = 6
_ALIKE = 0.75
"""Of two names, by difflib: `Raspberry Pi 50` and `Raspberry Pi 5`."""


@dataclass(frozen=True)
class Near:
    """Profiles with the same in common with the machine, and the first condition that did not hold."""

    profile_ids: tuple[str, ...]
    held: tuple[str, ...]
    failed: str


@dataclass(frozen=True)
class Explanation:
    """What the machine reports, what it matched, and near misses."""

    match: Match
    title: str | None
    seen: dict[str, str]
    near: tuple[Near, ...]


@dataclass(frozen=True)
class _Missed:
    """One rule that did not hold. `likeness`: of the name or part number that it wants to what the machine reports."""

    profile_id: str
    held: tuple[str, ...]
    failed: str
    likeness: float


def explain(facts: Facts, profiles: dict[str, Profile]) -> Explanation:
    """`near` has at most six, those with the most in common first."""
    match = match_profile(facts, profiles)
    known = profiles[match.profile_id] if match.profile_id else None
    is_named = known is not None and known.device_class != "generic"
    missed = [
        found
        for profile in profiles.values()
        if profile is not known
        for rule in profile.detect
        if (found := _missed(rule, profile, facts, is_named)) is not None
    ]
    missed.sort(key=lambda each: (-len(each.held), -each.likeness))
    return Explanation(match, known.title if known else None, _seen(facts), tuple(_grouped(missed)[:MAX_NEAR]))


def _grouped(missed: list[_Missed]) -> list[Near]:
    """The nearest rule of each profile; a board's sizes that fail alike stand together."""
    nearest = {each.profile_id: each for each in reversed(missed)}
    groups: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for each in missed:
        if nearest[each.profile_id] is each:
            groups.setdefault((each.held, each.failed), []).append(each.profile_id)
    return [Near(tuple(sorted(ids)), held, failed) for (held, failed), ids in groups.items()]


def _missed(rule: MatchRule, profile: Profile, facts: Facts, is_named: bool) -> _Missed | None:
    """None where it held, or where nothing that names a board is in common: an architecture alone is nothing."""
    conditions = conditions_of(rule, facts)
    failed = next((name for name, holds in conditions.items() if not holds), None)
    if failed is None and not _memory_fits(profile, facts):
        wanted = profile.memory_gib.text() if profile.memory_gib else "unknown"
        failed = f"memory: machine {_memory(facts)}, profile {wanted} GiB"
    if failed is None:
        return None
    held = tuple(
        f"{name} matches" for name, holds in conditions.items() if holds and not name.startswith("architecture")
    )
    if held:
        return _Missed(profile.id, held, failed, 1.0)
    words, likeness = ("", 0.0) if is_named else max(_likenesses(rule, profile, facts), key=lambda each: each[1])
    return _Missed(profile.id, (words,), failed, likeness) if likeness > _ALIKE else None


def _likenesses(rule: MatchRule, profile: Profile, facts: Facts) -> Iterator[tuple[str, float]]:
    """In words and from 0 to 1. Only asked where a machine got no board's profile: else it is noise."""
    yield "", 0.0
    yield from _beginnings(rule.dt_compatible, facts.dt_compatible)
    yield from _beginnings([rule.cpu_model or ""], [facts.cpu_model or ""])
    for pattern, reported in ((rule.dt_model, facts.dt_model), (rule.dmi_product, facts.dmi_product)):
        yield from _beginnings([pattern or ""], [reported or ""])
        yield _alike(_plain(pattern or ""), reported)
    if rule.dt_model is None:
        yield _alike(profile.title, facts.dt_model)


def _beginnings(patterns: Iterable[str], texts: Iterable[str]) -> Iterator[tuple[str, float]]:
    """A longer name that begins as a known one: `Intel(R) N1000` and the N100's."""
    for pattern in filter(None, patterns):
        for text in texts:
            if re.match(pattern, text):
                yield f"`{text}` starts with the expected name", 1.0


def _alike(name: str, reported: str | None) -> tuple[str, float]:
    likeness = SequenceMatcher(None, reported.lower(), name.lower()).ratio() if reported and name else 0.0
    return f"a name like `{name}`", likeness


def _plain(pattern: str) -> str:
    r"""As a person writes it: `Rev 1\.\d` is `Rev 1.x`."""
    return re.sub(r"\\(.)", r"\1", pattern.replace(r"\d", "x"))


def _memory_fits(profile: Profile, facts: Facts) -> bool:
    return not profile.memory_decides or (
        profile.memory_gib is not None and memory_size_gib(machine_memory_mib(facts)) == profile.memory_gib.low
    )


def _memory(facts: Facts) -> str:
    return f"{machine_memory_mib(facts):.0f} MiB (sold as {memory_size_gib(machine_memory_mib(facts)):g} GiB)"


def _seen(facts: Facts) -> dict[str, str]:
    """What the rules look at; with a word for what the machine does not report."""
    return {
        "device tree compatible": ", ".join(facts.dt_compatible) or "none",
        "device tree model": facts.dt_model or "none",
        "processor": facts.cpu_model or "not reported",
        "architecture": facts.machine,
        "memory": _memory(facts),
        "DMI product": facts.dmi_product or "none",
    }
