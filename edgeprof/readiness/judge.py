"""The verdict on one set-up, and on one model on one device: its best set-up, the others, and the devices needed."""

from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof.readiness.answers import gate_condition, quality_condition
from edgeprof.readiness.condition import Condition
from edgeprof.readiness.evidence import SetUp
from edgeprof.readiness.level import ServiceLevel
from edgeprof.readiness.resources import cost_conditions, energy_condition, memory_condition, power_condition
from edgeprof.readiness.scaling import Horizontal, horizontal
from edgeprof.readiness.speed import latency_conditions, rate_condition, ttft_condition
from edgeprof.readiness.status import STATUSES, VERDICTS, Verdict, verdict_of, worst


@dataclass(frozen=True, kw_only=True)
class SetUpVerdict:
    """One measured configuration of a model on a device."""

    label: str
    verdict: Verdict
    sentence: str
    """The condition that decides, figure first."""
    conditions: tuple[Condition, ...]
    horizontal: Horizontal | None = None


@dataclass(frozen=True, kw_only=True)
class PairVerdict:
    """One model on one device. `vertical`: every measured set-up, the best first."""

    device_id: str
    model_id: str
    verdict: Verdict
    sentence: str
    best: SetUpVerdict | None
    vertical: tuple[SetUpVerdict, ...] = ()
    measure: str = ""
    """The one command that would tell most."""


def judged_set_up(level: ServiceLevel, set_up: SetUp, is_language: bool, utilisation: float) -> SetUpVerdict:
    """All conditions of the level on one set-up."""
    failed = _failed(set_up)
    if failed is not None:
        return SetUpVerdict(
            label=set_up.label, verdict=verdict_of(failed.status), sentence=failed.sentence, conditions=(failed,)
        )
    offered = (
        rate_condition(level, set_up, is_language, utilisation),
        *latency_conditions(level, set_up, is_language),
        ttft_condition(level, set_up) if is_language else None,
        power_condition(level, set_up, is_language),
        energy_condition(level, set_up, is_language),
        memory_condition(level, set_up, is_language),
        quality_condition(level, set_up),
        gate_condition(set_up),
        *cost_conditions(level, set_up, is_language),
    )
    made = tuple(each for each in offered if each is not None)
    verdict = verdict_of(worst(each.status for each in made))
    others = [each for each in made if each.name != "rate"]
    return SetUpVerdict(
        label=set_up.label,
        verdict=verdict,
        sentence=_deciding(made),
        conditions=made,
        horizontal=horizontal(level, set_up, is_language, utilisation)
        if all(each.status != "not met" for each in others)
        else None,
    )


def judged_pair(
    level: ServiceLevel,
    device_id: str,
    model_id: str,
    set_ups: Sequence[SetUp],
    is_language: bool,
    utilisation: float,
    measure: str,
) -> PairVerdict:
    """The best set-up decides. `measure`: the command that measures the pair at all."""
    judged = [judged_set_up(level, each, is_language, utilisation) for each in set_ups]
    ranked = sorted(judged, key=_place)
    if not ranked:
        return PairVerdict(
            device_id=device_id,
            model_id=model_id,
            verdict="unmeasured",
            sentence="Never run on this device.",
            best=None,
            measure=measure,
        )
    best = ranked[0]
    ordered = sorted(best.conditions, key=lambda each: STATUSES.index(each.status))
    return PairVerdict(
        device_id=device_id,
        model_id=model_id,
        verdict=best.verdict,
        sentence=best.sentence,
        best=best,
        vertical=tuple(ranked),
        measure=next((each.measure for each in ordered if each.measure), ""),
    )


def _place(found: SetUpVerdict) -> tuple[int, int, str]:
    """The best verdict first; of equal ones, that with fewer devices for the load."""
    needed = found.horizontal.devices if found.horizontal else None
    return -VERDICTS.index(found.verdict), needed or 2**31, found.label


def _deciding(conditions: Sequence[Condition]) -> str:
    """The first of the worst conditions."""
    if not conditions:
        return "No limit applies to this model."
    found = min(conditions, key=lambda each: STATUSES.index(each.status))
    if found.status == "met" and len(conditions) > 1:
        return f"All {len(conditions)} conditions met."
    if found.name in ("gate", "runs"):
        return found.sentence
    return f"{found.name}: {found.sentence[:1].lower()}{found.sentence[1:]}"


def _failed(set_up: SetUp) -> Condition | None:
    """The condition that a set-up must run at all, where none of its runs measured."""
    if any(run.figures and not run.failure for run in set_up.runs):
        return None
    run = next((run for run in set_up.runs if run.failure_is_of_model), None) or next(iter(set_up.runs), None)
    if run is None or not run.failure:
        return Condition(
            name="runs", demand="a measured run", status="unmeasured", sentence="No result yet.", measure=set_up.measure
        )
    is_final = run.failure_is_of_model and not run.unreal
    return Condition(
        name="runs",
        demand="a measured run",
        status="not met" if is_final else "unmeasured",
        sentence=run.failure,
        measure="" if is_final or not set_up.measure else f"{set_up.measure} {run.options_after}".rstrip(),
    )
