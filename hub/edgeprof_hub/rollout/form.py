"""The part of the flash page's form that makes a rollout, and the plan that was typed into it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from edgeprof.errors import UsageError
from edgeprof.wire import rest
from edgeprof.wire.rollout_words import canary_of, stages_of
from edgeprof.wire.rollouts import Approval, RolloutPlan

APPROVALS: dict[Approval, str] = {
    "none": "nobody",
    "canary": "a person, after the canary",
    "every": "a person, after every group",
}


@dataclass(frozen=True)
class StagesForm:
    """What the inputs hold; the defaults are those of a plan. A box that is not ticked is empty."""

    canary: str = ""
    stages: str = "25, 100"
    approval: str = "none"
    reference: str = ""
    max_slowdown: str = "10"
    max_p95: str = ""
    max_memory: str = ""
    compare_runs: str = "3"
    gates: str = "yes"
    start_at: str = ""
    hours: str = ""
    is_open: bool = False

    @property
    def approvals(self) -> dict[Approval, str]:
        """The choices of the approval, with what they mean."""
        return APPROVALS


def typed_form(typed: Mapping[str, str]) -> StagesForm:
    """The form as it was sent."""
    names = [each.name for each in fields(StagesForm) if each.name != "is_open"]
    return StagesForm(**{name: typed.get(name, "") for name in names}, is_open=True)


def plan_of(form: StagesForm, devices: Sequence[rest.DeviceRecord]) -> RolloutPlan:
    """The plan. Raises UsageError bad_rollout for what cannot be read."""
    try:
        canary, stages = canary_of(form.canary.split(",")), stages_of(form.stages)
    except ValueError as error:
        raise UsageError("bad_rollout", str(error)) from None
    return RolloutPlan(
        canary_devices=tuple(_device(name, devices) for name in canary.names),
        canary_count=canary.count,
        canary_percent=canary.percent,
        stages_percent=stages,
        approval=form.approval if form.approval in APPROVALS else "none",
        reference_model_id=form.reference,
        max_slowdown_percent=_number_or_none(form.max_slowdown, "Slower by at most"),
        max_p95_slowdown_percent=_number_or_none(form.max_p95, "p95 higher by at most"),
        max_memory_growth_percent=_number_or_none(form.max_memory, "Peak memory higher by at most"),
        compare_runs=int(_number(form.compare_runs, "Runs to compare")),
        gates=bool(form.gates),
        start_at=form.start_at,
        window=form.hours,
    )


def _device(name: str, devices: Sequence[rest.DeviceRecord]) -> str:
    found = [each.device_id for each in devices if name in (each.device_id, each.label)] or [
        each.device_id for each in devices if each.name == name
    ]
    if len(found) != 1:
        raise UsageError("bad_rollout", f"{'Several devices are' if found else 'No device is'} named {name[:80]!r}.")
    return found[0]


def _number_or_none(text: str, title: str) -> float | None:
    return _number(text, title) if text.strip() else None


def _number(text: str, title: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not abs(value) <= 1e6:
        raise UsageError("bad_rollout", f"{title}: {text[:40]!r} is not a number.")
    return value
