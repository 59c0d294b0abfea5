"""Drift: one model's answers to the same items on two machines, or in two versions of a runtime.

Integer kernels differ between processors and versions, and no runtime reports it. An item that differs is a fact;
whether quality differs is a claim, with the test of `comparing.py` behind it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from edgeprof.quality.gates import named
from edgeprof.quality.outcomes import Outcome
from edgeprof.quality.paired_difference import PairedDifference, measure
from edgeprof.quality.pairing import EvaluationRecord, obstacle, pair

DriftVerdict = Literal["same", "scores_differ", "answers_differ", "quality_differs", "collapsed", "not_comparable"]

COLLAPSE_POINTS = 20.0
"""Ours: a loss whose interval lies beyond this is no rounding. One of the two computes something else."""
ALPHA = 0.05


@dataclass(frozen=True, kw_only=True)
class Drift:
    """How B's answers differ from A's. Ids are in A's order."""

    verdict: DriftVerdict
    sentence: str
    a_name: str
    b_name: str
    n: int = 0
    answers_differ: tuple[str, ...] = ()
    """Items with another answer, right or wrong."""
    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    unanswered_by_one: tuple[str, ...] = ()
    """Items that exactly one of the two answered."""
    largest_score_difference: float | None = None
    largest_at: str = ""
    """The item with the largest difference; empty: no score differs."""


def find_drift(a: EvaluationRecord, b: EvaluationRecord) -> Drift:
    """The drift from A to B. Both must be evaluations of one model on one set, in one batch shape."""
    reason = obstacle(a, b) or _other_model(a, b)
    if reason:
        return Drift(verdict="not_comparable", sentence=reason, a_name=a.name, b_name=b.name)
    pairs = pair(a.outcomes, b.outcomes)
    found = measure(a.evaluation.task, pairs.both)
    differ = tuple(one.item_id for one, other in pairs.both if _first(one.answer) != _first(other.answer))
    distances = [(_distance(one, other), one.item_id) for one, other in pairs.both]
    distance, at = max(distances, key=lambda each: each[0])
    by_one = set(pairs.unanswered_a) ^ set(pairs.unanswered_b)
    verdict = _verdict(found, bool(differ or by_one), distance)
    return Drift(
        verdict=verdict,
        sentence=_sentence(verdict, a.name, b.name, found, differ, distance),
        a_name=a.name,
        b_name=b.name,
        n=found.n,
        answers_differ=differ,
        gained=found.gained,
        lost=found.lost,
        unanswered_by_one=tuple(one.item_id for one in a.outcomes if one.item_id in by_one),
        largest_score_difference=distance,
        largest_at=at if distance else "",
    )


def _other_model(a: EvaluationRecord, b: EvaluationRecord) -> str:
    if a.variant == b.variant:
        return ""
    return (
        f"{a.name} and {b.name} are different models. Drift is between two runs of one model; use `edgeprof compare`."
    )


def _first(answer: Any) -> object:
    """Of a ranking its first place: an order further down is no other answer."""
    ranking: Sequence[Any] = cast(Sequence[Any], answer) if isinstance(answer, (list, tuple)) else ()
    return ranking[0] if ranking and all(isinstance(place, int) for place in ranking) else cast(object, answer)


def _distance(one: Outcome, other: Outcome) -> float:
    """The largest difference of the score or of a detail that both have."""
    shared = one.details.keys() & other.details.keys()
    details = [abs(one.details[name] - other.details[name]) for name in shared]
    return max(abs((one.score or 0.0) - (other.score or 0.0)), *details, 0.0)


def _verdict(found: PairedDifference, is_other_answer: bool, distance: float) -> DriftVerdict:
    low, high = found.interval(0.95)
    if found.p <= ALPHA and (low > 0 or high < 0):
        is_collapse = found.unit == "points" and (low > COLLAPSE_POINTS or high < -COLLAPSE_POINTS)
        return "collapsed" if is_collapse else "quality_differs"
    if is_other_answer or found.gained or found.lost:
        return "answers_differ"
    return "scores_differ" if distance else "same"


def _sentence(
    verdict: DriftVerdict, a: str, b: str, found: PairedDifference, differ: tuple[str, ...], distance: float
) -> str:
    if verdict == "same":
        return f"{a} and {b} answer all {found.n:,} items alike."
    if verdict == "scores_differ":
        return f"{a} and {b} answer all {found.n:,} items alike; scores differ by up to {distance:.2g}."
    changed = f"{len(differ):,} of {found.n:,} answers differ between {a} and {b}"
    if verdict == "answers_differ":
        flips = len(found.gained) + len(found.lost)
        return f"{changed}, {flips:,} between right and wrong. No loss of quality is shown."
    worse, loss = (b, -found.gain) if found.gain < 0 else (a, found.gain)
    if verdict == "collapsed":
        return (
            f"{worse} collapsed: {loss:.2g} {found.unit} below, {changed}. Do not ship it; use another runtime version."
        )
    return f"{worse} is worse by {loss:.2g} {found.unit}: {changed}. Gate each machine on its own."


def lines_of(drift: Drift) -> list[str]:
    """For a terminal: the verdict, and the items behind it."""
    lines = [drift.sentence]
    if drift.lost:
        lines.append(f"  right on {drift.a_name} only: {named(drift.lost)}")
    if drift.gained:
        lines.append(f"  right on {drift.b_name} only: {named(drift.gained)}")
    flipped = {*drift.lost, *drift.gained}
    others = [item for item in drift.answers_differ if item not in flipped]
    if others:
        lines.append(f"  other answers: {named(others)}")
    if drift.unanswered_by_one:
        lines.append(f"  answered by one only: {named(drift.unanswered_by_one)}")
    return lines
