"""What the items of one variant say of a gate with an interval: the p of passing, the p of failing, and the figures."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgeprof.quality.comparing import rounded_up
from edgeprof.quality.gate_text import Gate
from edgeprof.quality.grouped_interval import group_count
from edgeprof.quality.outcomes import Outcome
from edgeprof.quality.paired_difference import Ends, PairedDifference, measure
from edgeprof.quality.pairing import EvaluationRecord, Pairs, is_answered, pair
from edgeprof.quality.tasks.table import TASKS
from edgeprof.statistics.distributions import normal_quantile
from edgeprof.statistics.interval_p import p_above, p_below
from edgeprof.statistics.paired_scores import MIN_DIFFERING
from edgeprof.statistics.shares import wilson

Interval = Callable[[float], Ends]
_Z_95 = normal_quantile(0.975)


@dataclass(frozen=True, kw_only=True)
class GateClaims:
    """One-sided p-values, each of the claim that its name states."""

    n: int
    passing: float
    passing_at_worst: float
    """If every item without an answer were wrong; equal to `passing` where all items have one."""
    failing: float
    shown: str
    """The figure with its interval."""
    unanswered: int
    remedy: str
    """Of a verdict that is undecided."""


def margin_claims(gate: Gate, source: EvaluationRecord, candidate: EvaluationRecord) -> GateClaims | str:
    """Of `at most so far below the source`; a text is the reason why there are none. Both sides must be comparable."""
    task, pairs = source.evaluation.task, pair(source.outcomes, candidate.outcomes)
    found = measure(task, pairs.both)
    if found.metric != gate.metric:
        return f"{task} is compared by {found.metric}, not by {gate.metric}. Change the gate"
    passing = p_above(found.gain_interval, -gate.limit)
    lost = lost_answers(source, pairs)
    low, high = found.gain_interval(gate.confidence)
    return GateClaims(
        n=found.n,
        passing=passing,
        passing_at_worst=_margin_at_worst(gate, task, pairs, lost) if lost else passing,
        failing=p_below(found.gain_interval, -gate.limit),
        shown=f"{found.gain:+.2g} {found.unit} ({low:+.2g} to {high:+.2g})",
        unanswered=len(lost),
        remedy=_more_items(gate, found),
    )


def minimum_claims(gate: Gate, candidate: EvaluationRecord) -> GateClaims | str:
    """Of `at least so much`: a share of right items by its outcomes, any other figure by its stored interval."""
    task = TASKS[candidate.evaluation.task]
    answered = [outcome for outcome in candidate.outcomes if is_answered(outcome)]
    above, below = (p_above, p_below) if gate.higher_is_better else (_p_at_most, _p_over)
    unanswered = len(candidate.outcomes) - len(answered)
    worst: Interval | None = None
    if gate.metric == task.lead and task.is_paired_by == "correct" and answered:
        right = sum(bool(outcome.correct) for outcome in answered)
        n, value = len(answered), 100 * right / len(answered)
        interval = _share(right / n * group_count(answered), group_count(answered))
        asked = group_count(candidate.outcomes)
        worst = _share(right / len(candidate.outcomes) * asked, asked)
    else:
        row = next((row for row in candidate.figures if row.metric == gate.metric), None)
        if row is None or row.ci_low is None or row.ci_high is None:
            return f"{candidate.name} has no {gate.metric} with an interval. Evaluate it again, or change the gate"
        interval, n, value = _stored(row.value, row.ci_low, row.ci_high), row.n, row.value
    low, high = interval(gate.confidence)
    passing = above(interval, gate.limit)
    at_worst = above(worst, gate.limit) if worst else 1.0
    return GateClaims(
        n=n,
        passing=passing,
        passing_at_worst=at_worst if unanswered else passing,
        failing=below(interval, gate.limit),
        shown=f"{value:.4g} ({low:.4g} to {high:.4g})",
        unanswered=unanswered,
        remedy="Evaluate more items",
    )


def lost_answers(source: EvaluationRecord, pairs: Pairs) -> list[Outcome]:
    """The source's answers to items that the candidate was asked and did not answer."""
    missing = set(pairs.unanswered_b)
    return [one for one in source.outcomes if one.item_id in missing and is_answered(one)]


def _margin_at_worst(gate: Gate, task: str, pairs: Pairs, lost: Sequence[Outcome]) -> float:
    """With every lost item wrong. What the worst score is, only tasks of right and wrong say."""
    if TASKS[task].is_paired_by == "score":
        return 1.0
    wrong = [(one, Outcome(item_id=one.item_id, correct=False)) for one in lost]
    return p_above(measure(task, [*pairs.both, *wrong]).gain_interval, -gate.limit)


def _more_items(gate: Gate, found: PairedDifference) -> str:
    """How many items show a variant that equals its source to be within the margin, in 4 of 5 cases.

    The width falls with the root of n; where hardly an item differs, with n itself.
    """
    if gate.limit <= 0 or math.isinf(found.smallest_effect):
        return "Evaluate more items, or allow a margin"
    ratio = found.smallest_effect / gate.limit
    needed = found.n * (ratio if found.differing < MIN_DIFFERING else ratio**2)
    if needed <= found.n:
        return "Evaluate more items"
    return f"Evaluate about {int(float(rounded_up(needed))):,} items"


def _p_at_most(interval: Interval, bound: float) -> float:
    """Of the claim that the truth is at or below the bound."""
    return p_above(_mirrored(interval), -bound)


def _p_over(interval: Interval, bound: float) -> float:
    return p_below(_mirrored(interval), -bound)


def _mirrored(interval: Interval) -> Interval:
    def ends(confidence: float) -> Ends:
        low, high = interval(confidence)
        return -high, -low

    return ends


def _share(right: float, n: int) -> Interval:
    def ends(confidence: float) -> Ends:
        low, high = wilson(right, n, confidence)
        return 100 * low, 100 * high

    return ends


def _stored(value: float, low: float, high: float) -> Interval:
    """A stored 95 % interval, each side stretched as that of a normal distribution."""

    def ends(confidence: float) -> Ends:
        stretch = normal_quantile((1 + confidence) / 2) / _Z_95
        return value - (value - low) * stretch, value + (high - value) * stretch

    return ends
