"""What a device installs from this hub: edgeprof, the runtimes that it can use, and the tool that installs them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from edgeprof.fit.wheels import extras_for
from edgeprof_hub.joining.closure import best, resolve
from edgeprof_hub.joining.targets import Target
from edgeprof_hub.joining.wheel_index import Wheel, WheelIndex

TOOLS = ("uv", "pip")


@dataclass(frozen=True)
class PlannedWheel:
    """One file of `/simple/files/`."""

    name: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class PlannedExtra:
    """A runtime that the device can use. `missing`: requirements that no wheel of the hub meets."""

    name: str
    wheels: Sequence[PlannedWheel]
    missing: Sequence[str]


@dataclass(frozen=True)
class JoinPlan:
    """`base`: edgeprof's own wheel first. `left_out`: runtimes that the device cannot use, with the reason."""

    version: str
    base: Sequence[PlannedWheel]
    missing: Sequence[str]
    extras: Sequence[PlannedExtra]
    left_out: Mapping[str, str]
    uv: PlannedWheel | None
    pip: PlannedWheel | None


def plan(index: WheelIndex, target: Target, flags: frozenset[str]) -> JoinPlan:
    """For one device. `flags`: of its processor. Raises EdgeprofError `not_packable`."""
    wheels, own = index.wheels(), index.own()
    base = resolve(wheels, target, [_own(own, ())])
    first = [own, *(wheel for wheel in base.wheels.values() if wheel != own)]
    choice = extras_for(target.machine, target.python, flags)
    tools = {name: best(wheels, target, canonicalize_name(name), Requirement(name).specifier) for name in TOOLS}
    return JoinPlan(
        version=str(own.version),
        base=_planned(first),
        missing=base.missing,
        extras=[_extra(wheels, target, own, name, first) for name in choice.extras],
        left_out=choice.left_out,
        uv=_file(tools["uv"]),
        pip=_file(tools["pip"]),
    )


def _extra(wheels: Sequence[Wheel], target: Target, own: Wheel, name: str, base: Sequence[Wheel]) -> PlannedExtra:
    found = resolve(wheels, target, [_own(own, (name,))])
    return PlannedExtra(name, _planned([each for each in found.wheels.values() if each not in base]), found.missing)


def _own(own: Wheel, extras: Sequence[str]) -> Requirement:
    return Requirement(f"{own.project}[{','.join(extras)}]=={own.version}")


def _planned(wheels: Sequence[Wheel]) -> list[PlannedWheel]:
    return [PlannedWheel(wheel.name, wheel.sha256, wheel.size_bytes) for wheel in wheels]


def _file(wheel: Wheel | None) -> PlannedWheel | None:
    return _planned([wheel])[0] if wheel else None
