"""Which wheels a requirement takes on a kind of device, and what is missing: markers are those of the device.

Greedy, as a folder holds few versions: the newest that fits, chosen again where a later requirement narrows it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name

from edgeprof_hub.joining.targets import Target
from edgeprof_hub.joining.wheel_index import Wheel

MAX_ROUNDS = 1000


@dataclass(frozen=True)
class Resolved:
    """`wheels` by project; `missing` as requirements that no wheel meets."""

    wheels: Mapping[NormalizedName, Wheel]
    missing: tuple[str, ...]


@dataclass
class _Need:
    """What has been asked of one project so far."""

    specifier: SpecifierSet = field(default_factory=SpecifierSet)
    extras: set[str] = field(default_factory=set[str])
    chosen: Wheel | None = None


def resolve(wheels: Sequence[Wheel], target: Target, roots: Iterable[Requirement]) -> Resolved:
    """The wheels that these requirements take."""
    needs: dict[NormalizedName, _Need] = {}
    waiting = list(roots)
    for _ in range(MAX_ROUNDS):
        if not waiting:
            break
        waiting += _added(waiting.pop(0), needs, wheels, target)
    return Resolved(
        {name: need.chosen for name, need in needs.items() if need.chosen is not None},
        tuple(f"{name}{need.specifier}" for name, need in needs.items() if need.chosen is None),
    )


def _added(
    wanted: Requirement, needs: dict[NormalizedName, _Need], wheels: Sequence[Wheel], target: Target
) -> list[Requirement]:
    """Take one requirement in; returns what follows from it."""
    name = canonicalize_name(wanted.name)
    need = needs.setdefault(name, _Need())
    specifier, extras = need.specifier & wanted.specifier, need.extras | wanted.extras
    chosen = best(wheels, target, name, specifier)
    if need.chosen is not None and chosen == need.chosen and extras == need.extras:
        need.specifier = specifier
        return []
    need.specifier, need.extras, need.chosen = specifier, extras, chosen
    return requirements(chosen, target, extras) if chosen else []


def best(wheels: Sequence[Wheel], target: Target, name: NormalizedName, specifier: SpecifierSet) -> Wheel | None:
    """The newest version that fits the device, in the build that fits it best."""
    python = f"{target.python[0]}.{target.python[1]}"
    fitting = [
        (wheel.version, -min(target.rank[tag] for tag in wheel.tags if tag in target.rank), wheel.name, wheel)
        for wheel in wheels
        if wheel.project == name
        and not wheel.tags.isdisjoint(target.rank)
        and specifier.contains(wheel.version)
        and SpecifierSet(wheel.requires_python).contains(f"{python}.99")
    ]
    return max(fitting)[3] if fitting else None


def requirements(wheel: Wheel, target: Target, extras: Iterable[str]) -> list[Requirement]:
    """What this wheel needs on the device with these extras."""
    return [each for each in wheel.requires if applies(each, target, extras)]


def applies(wanted: Requirement, target: Target, extras: Iterable[str]) -> bool:
    """Whether a requirement's marker holds on the device."""
    if wanted.marker is None:
        return True
    environment = target.environment
    return any(wanted.marker.evaluate({**environment, "extra": extra}) for extra in ("", *extras))
