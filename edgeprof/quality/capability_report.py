"""The capability matrix with what stands below it: effective contexts, and the groups whose answers differ. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from edgeprof.quality.against_source import AgainstSource, against_source, source_of
from edgeprof.quality.capability import CapabilityRow, Evaluated, capability_rows
from edgeprof.quality.consistency import Consistency, consistency
from edgeprof.quality.effective_context import EffectiveContext, effective_context
from edgeprof.quality.robustness import drop


@dataclass(frozen=True, kw_only=True)
class OfModel:
    """Which evaluation a finding is of."""

    set_name: str
    model: str
    runtime: str
    device: str
    shots: int


@dataclass(frozen=True, kw_only=True)
class ContextFinding(OfModel):
    """Effective context next to the nominal one."""

    context: EffectiveContext


@dataclass(frozen=True, kw_only=True)
class GroupFinding(OfModel):
    """Agreement within groups; of counterfactual pairs a flip is a sign of bias."""

    groups: Consistency


@dataclass(frozen=True, kw_only=True)
class DropFinding(OfModel):
    """What a perturbation cost, in the metric's unit; below 0 is a loss where more is better."""

    perturbation: str
    metric: str
    n: int
    parent: float
    perturbed: float
    difference: float
    ci_low: float
    ci_high: float
    p: float
    smallest_effect: float
    gained: tuple[str, ...]
    lost: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CapabilityReport:
    """Everything that `edgeprof capability` prints."""

    rows: tuple[CapabilityRow, ...]
    contexts: tuple[ContextFinding, ...]
    groups: tuple[GroupFinding, ...]
    drops: tuple[DropFinding, ...]
    against_source: tuple[AgainstSource, ...] = ()
    """Only where a source was named."""
    notes: tuple[str, ...] = ()


def capability_report(evaluated: Iterable[Evaluated], threshold: float, source: str = "") -> CapabilityReport:
    """`threshold`: the share of right answers, 0 to 1, that a length must reach to count as effective context.

    `source`: words of the name of the model that the others were made from; empty: none. Raises UsageError.
    """
    known = list(evaluated)
    contexts: list[ContextFinding] = []
    groups: list[GroupFinding] = []
    for one in known:
        about = _about(one)
        if (context := effective_context(one.outcomes, one.evaluation.context_tokens, threshold)) is not None:
            contexts.append(ContextFinding(**about, context=context))
        if (found := consistency(one.outcomes)) is not None:
            groups.append(GroupFinding(**about, groups=found))
    return CapabilityReport(
        rows=capability_rows(known),
        contexts=tuple(contexts),
        groups=tuple(groups),
        drops=tuple(sorted(_drops(known), key=lambda each: (each.set_name, each.perturbation, each.model))),
        against_source=tuple(against_source(known, source_of(known, source))) if source and known else (),
        notes=_notes(known),
    )


def _drops(known: Sequence[Evaluated]) -> list[DropFinding]:
    """Each perturbed run against the run of the same model, device and shots on the parent set, where there is one."""
    parents = {_place(one, one.evaluation.set_id): one for one in known}
    found: list[DropFinding] = []
    for one in known:
        parent = parents.get(_place(one, one.evaluation.parent)) if one.evaluation.parent else None
        if parent is None or parent.evaluation.batch_shape != one.evaluation.batch_shape:
            continue
        cost = drop(one.evaluation.task, parent.outcomes, one.outcomes)
        if cost is None:
            continue
        low, high = cost.interval(0.95)
        found.append(
            DropFinding(
                **_about(one, parent.evaluation.set_name),
                perturbation=one.evaluation.perturbation,
                metric=cost.metric,
                n=cost.n,
                parent=cost.a,
                perturbed=cost.b,
                difference=cost.difference,
                ci_low=low,
                ci_high=high,
                p=cost.p,
                smallest_effect=cost.smallest_effect,
                gained=cost.gained,
                lost=cost.lost,
            )
        )
    return found


def _place(one: Evaluated, set_id: str) -> tuple[str | int, ...]:
    return set_id, one.label, one.runtime, one.device, one.shots


def _about(one: Evaluated, set_name: str = "") -> dict[str, Any]:
    return {
        "set_name": set_name or one.evaluation.set_name,
        "model": one.label,
        "runtime": one.runtime,
        "device": one.device,
        "shots": one.shots,
    }


def _notes(known: Sequence[Evaluated]) -> tuple[str, ...]:
    bare = [one.label for one in known if one.figures and not one.outcomes]
    if not bare:
        return ()
    named = ", ".join(dict.fromkeys(bare))
    return (
        f"{len(bare):,} of {len(known):,} results came without their outcomes ({named}): nothing is paired for them. "
        "Save them with `edgeprof evaluate --save FOLDER`, and give the folder.",
    )
