"""Which profile a machine is: a pure function of what the machine reports."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from edgeprof.wire.messages import Facts
from edgeprof_devices.schema import MatchRule, Profile


@dataclass(frozen=True)
class Match:
    """The profile, or None, and the sentence that says why."""

    profile_id: str | None
    reason: str


MIN_UNEVEN_GIB = 4
"""Boards are sold with 3, 6, 12, 24 and 48 GiB, and none with 1.5."""


def match_profile(facts: Facts, profiles: dict[str, Profile]) -> Match:
    """The profile whose strongest rule holds. What a host emulates goes before what it is."""
    if facts.emulates is not None:
        return _emulated(facts.emulates, profiles)
    found = [(rule, profile) for profile in profiles.values() for rule in profile.detect if _holds(rule, facts)]
    fitting = [(rule, profile) for rule, profile in found if _memory_fits(profile, facts)]
    if not fitting:
        return Match(None, f"no profile matches {_seen(facts)}")
    rule, profile = max(fitting, key=lambda pair: pair[0].strength)
    return Match(profile.id, f"{_why(rule, profile, facts)}{_other_size(rule, found, facts)}")


def machine_memory_mib(facts: Facts) -> float:
    """The board's own memory: a container's limit says nothing of what was bought."""
    return facts.machine_memory_mib if facts.machine_memory_mib is not None else facts.memory_mib


def memory_size_gib(memory_mib: float) -> float:
    """The size that a board with this MemTotal is sold with: firmware and kernel keep some, so round up.

    To a power of two from half a gibibyte, or from 3 GiB on to three times one: a Dragon Q6A with 6 GiB has 5,618 MiB.
    """
    size = 0.5
    while size * 1024 < memory_mib:
        size *= 2
    return size * 0.75 if size >= MIN_UNEVEN_GIB and memory_mib <= size * 0.75 * 1024 else size


def _emulated(wanted: str, profiles: dict[str, Profile]) -> Match:
    if wanted not in profiles:
        return Match(None, f"set to emulate `{wanted}`, which is not a known profile")
    return Match(wanted, f"emulated: another machine emulates the {profiles[wanted].title}")


def conditions_of(rule: MatchRule, facts: Facts) -> dict[str, bool]:
    """Each condition of a rule in words, and whether it holds."""
    found: dict[str, bool] = {}
    if rule.dt_compatible:
        wanted = " or ".join(f"`{pattern}`" for pattern in rule.dt_compatible)
        # In a container the tree may be hidden and the model still be known (/proc/cpuinfo of a Raspberry Pi).
        is_hidden = not facts.dt_compatible and rule.dt_model is not None and _whole(rule.dt_model, facts.dt_model)
        holds = is_hidden or _matching(rule.dt_compatible, facts.dt_compatible) is not None
        found[f"device tree compatible {wanted}"] = holds
    if rule.dt_model is not None:
        found[f"device tree model `{rule.dt_model}`"] = _whole(rule.dt_model, facts.dt_model)
    if rule.dmi_product is not None:
        found[f"DMI product `{rule.dmi_product}`"] = _whole(rule.dmi_product, facts.dmi_product)
    if rule.android_model is not None:
        found[f"phone `{rule.android_model}`"] = _whole(rule.android_model, _android_model(facts))
    if rule.android_soc is not None:
        soc = facts.android.soc if facts.android else None
        found[f"SoC `{rule.android_soc}`"] = _whole(rule.android_soc, soc)
    if rule.cpu_model is not None:
        found[f"processor `{rule.cpu_model}`"] = _whole(rule.cpu_model, facts.cpu_model)
    if rule.machine:
        found[f"architecture {' or '.join(rule.machine)}"] = facts.machine in rule.machine
    return found


def _holds(rule: MatchRule, facts: Facts) -> bool:
    return all(conditions_of(rule, facts).values())


def _android_model(facts: Facts) -> str | None:
    return facts.android.model if facts.android else None


def _whole(pattern: str, text: str | None) -> bool:
    return text is not None and re.fullmatch(pattern, text) is not None


def _matching(patterns: Iterable[str], texts: Iterable[str]) -> str | None:
    every = list(patterns)
    return next((text for text in texts if any(_whole(pattern, text) for pattern in every)), None)


def _memory_fits(profile: Profile, facts: Facts) -> bool:
    if not profile.memory_decides or profile.memory_gib is None:
        return True
    return memory_size_gib(machine_memory_mib(facts)) == profile.memory_gib.low


def _why(rule: MatchRule, profile: Profile, facts: Facts) -> str:
    compatible = _matching(rule.dt_compatible, facts.dt_compatible)
    parts = [f"device tree compatible `{compatible}`"] if compatible else []
    parts += [f"device tree model `{facts.dt_model}`"] if rule.dt_model else []
    parts += [f"DMI product `{facts.dmi_product}`"] if rule.dmi_product else []
    parts += [f"phone `{_android_model(facts)}`"] if rule.android_model else []
    parts += [f"processor `{facts.cpu_model}`"] if rule.cpu_model else []
    parts += [f"only the architecture {facts.machine} is known"] if rule.machine and not parts else []
    parts += [f"{machine_memory_mib(facts):.0f} MiB of memory"] if profile.memory_decides else []
    return ", ".join(parts)


def _other_size(rule: MatchRule, found: list[tuple[MatchRule, Profile]], facts: Facts) -> str:
    """Says so when the board is known but not with this much memory."""
    stronger = max((other for other, _ in found), key=lambda other: other.strength)
    if stronger.strength <= rule.strength:
        return ""
    return f"; {_seen(facts)} is known, but not with {machine_memory_mib(facts):.0f} MiB of memory"


def _seen(facts: Facts) -> str:
    name = facts.dt_model or facts.dmi_product or _android_model(facts) or facts.cpu_model or "an unnamed machine"
    return f"`{name}` ({facts.machine})"
