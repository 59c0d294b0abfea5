"""Whether variants hold a gate. A verdict belongs to one variant in one runtime on one architecture.

Passing and failing are claims with an interval behind them, and hold for all variants of one call together (Holm). What
neither shows is undecided. Only results from the device itself count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from edgeprof.quality.gate_claims import GateClaims, lost_answers, margin_claims, minimum_claims
from edgeprof.quality.gate_text import Gate
from edgeprof.quality.paired_difference import measure
from edgeprof.quality.pairing import EvaluationRecord, obstacle, pair
from edgeprof.statistics.many_comparisons import holm

GateState = Literal["passes", "fails", "undecided"]
MAX_IDS = 10
"""Items that a sentence names."""


@dataclass(frozen=True, kw_only=True)
class GateVerdict:
    """One gate on one variant in one runtime on one architecture."""

    gate: str
    state: GateState
    sentence: str
    name: str
    variant: str
    runtime: str
    architecture: str
    n: int = 0
    items: tuple[str, ...] = ()
    """What a gate on flips counted."""


def judge_gate(
    gate: Gate, source: EvaluationRecord | None, candidates: Sequence[EvaluationRecord]
) -> list[GateVerdict]:
    """The verdicts on all variants that are compared with one source. A gate on a minimum needs no source."""
    if gate.kind == "flips":
        return [_judge_flips(gate, source, candidate) for candidate in candidates]
    claims = [_claims(gate, source, candidate) for candidate in candidates]
    known = [claim for claim in claims if isinstance(claim, GateClaims)]
    alpha = (1 - gate.confidence) / 2
    passing = iter(holm([claim.passing for claim in known]))
    at_worst = iter(holm([claim.passing_at_worst for claim in known]))
    failing = iter(holm([claim.failing for claim in known]))
    return [
        _verdict(gate, candidate, "undecided", f"{claim}.")
        if isinstance(claim, str)
        else _decided(
            gate,
            candidate,
            claim,
            passes=next(passing) <= alpha,
            passes_at_worst=next(at_worst) <= alpha,
            fails=next(failing) <= alpha,
        )
        for candidate, claim in zip(candidates, claims, strict=True)
    ]


def _claims(gate: Gate, source: EvaluationRecord | None, candidate: EvaluationRecord) -> GateClaims | str:
    if reason := _hindrance(gate, source, candidate):
        return reason
    if gate.kind == "minimum" or source is None:
        return minimum_claims(gate, candidate)
    return margin_claims(gate, source, candidate)


def _hindrance(gate: Gate, source: EvaluationRecord | None, candidate: EvaluationRecord) -> str:
    """Why nothing can be said, with the remedy and without a full stop; empty where something can."""
    needs_source = gate.kind != "minimum"
    for record in (source if needs_source else None, candidate):
        if record is not None and record.unreal:
            return f"{record.name} is {record.unreal}, and such results never count. Evaluate on the device itself"
    if candidate.evaluation.set_name != gate.set_name:
        return f"no evaluation on {gate.set_name}. Use `--set {gate.set_name}`"
    if candidate.evaluation.ended == "crashes":
        return "the evaluation stopped after too many crashes. Run it again, or use another runtime"
    if not needs_source:
        return ""
    if source is None:
        return f"the source has no evaluation on {gate.set_name}. Use `--set {gate.set_name}`"
    return (obstacle(source, candidate) or "").rstrip(".")


def _judge_flips(gate: Gate, source: EvaluationRecord | None, candidate: EvaluationRecord) -> GateVerdict:
    """A count is a fact about these items and needs no interval. Items without an answer may be flips, too."""
    reason = _hindrance(gate, source, candidate)
    if reason or source is None:
        return _verdict(gate, candidate, "undecided", f"{reason}.")
    pairs = pair(source.outcomes, candidate.outcomes)
    found = measure(source.evaluation.task, pairs.both)
    if all(one.correct is None for one, _ in pairs.both):
        return _verdict(gate, candidate, "undecided", f"{source.evaluation.task} has no right and wrong items.")
    items = found.lost if gate.metric == "losses" else (*found.lost, *found.gained)
    unknown = len(lost_answers(source, pairs)) + len(pairs.only_a) + len(pairs.only_b)
    unknown += _not_reached(source, candidate)
    what = f"{len(items):,} {gate.metric if len(items) != 1 else _SINGULAR[gate.metric]} on {found.n:,} items"
    what = f"{what}, {gate.limit:g} allowed"
    if len(items) > gate.limit:
        return _verdict(gate, candidate, "fails", f"{what}: {named(items)}.", found.n, items)
    if len(items) + unknown > gate.limit:
        why = f"{what}, but {unknown:,} items have no answer. Evaluate all items."
        return _verdict(gate, candidate, "undecided", why, found.n, items)
    return _verdict(gate, candidate, "passes", f"{what}.", found.n, items)


def _not_reached(a: EvaluationRecord, b: EvaluationRecord) -> int:
    """Items that one of the two was to answer, and that neither came to, as at a time limit."""
    reached = {outcome.item_id for one in (a, b) for outcome in one.outcomes}
    return max(0, max(a.evaluation.asked, b.evaluation.asked) - len(reached))


_SINGULAR = {"flips": "flip", "losses": "loss"}


def _decided(
    gate: Gate, candidate: EvaluationRecord, claim: GateClaims, *, passes: bool, passes_at_worst: bool, fails: bool
) -> GateVerdict:
    limit = f"{gate.limit if gate.kind == 'minimum' else -gate.limit or 0:g}"
    figures = f"{claim.shown} on {claim.n:,} items, limit {limit}"
    if fails:
        return _verdict(gate, candidate, "fails", f"{figures}.", claim.n)
    if passes and passes_at_worst:
        return _verdict(gate, candidate, "passes", f"{figures}.", claim.n)
    if passes:
        why = f"{figures}, but {claim.unanswered:,} items have no answer and may be wrong. Evaluate them again."
        return _verdict(gate, candidate, "undecided", why, claim.n)
    return _verdict(gate, candidate, "undecided", f"{figures}: too few items. {claim.remedy}.", claim.n)


def _verdict(
    gate: Gate, candidate: EvaluationRecord, state: GateState, why: str, n: int = 0, items: tuple[str, ...] = ()
) -> GateVerdict:
    return GateVerdict(
        gate=str(gate),
        state=state,
        sentence=f"{candidate.name} {'is undecided' if state == 'undecided' else state}: {why}",
        name=candidate.name,
        variant=candidate.variant,
        runtime=candidate.runtime,
        architecture=candidate.architecture,
        n=n,
        items=items,
    )


def named(items: Sequence[str]) -> str:
    """The first 10 ids, and how many more there are."""
    more = f" and {len(items) - MAX_IDS:,} more" if len(items) > MAX_IDS else ""
    return ", ".join(items[:MAX_IDS]) + more
