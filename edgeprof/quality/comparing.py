"""Two evaluations of one set to a verdict: better, worse, no worse than a margin, or `cannot tell`.

A difference is claimed where the test and the 95 % interval agree on it. Divergence from a source is an alarm and never
a ranking: among nearly lossless variants it orders nothing.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from edgeprof.quality.paired_difference import Basis, PairedDifference, measure
from edgeprof.quality.pairing import Axis, EvaluationRecord, Pairs, obstacle, pair
from edgeprof.quality.tasks.table import TASKS
from edgeprof.statistics.many_comparisons import holm
from edgeprof.wire.metrics import METRICS

Verdict = Literal["better", "worse", "no_worse", "cannot_tell", "not_comparable"]

ALPHA = 0.05
DIVERGENCES = ("kl_divergence_nats", "same_top_token_percent")
"""Metrics that rank nothing."""


@dataclass(frozen=True, kw_only=True)
class PairedVerdict:
    """What may be said of B against A, as `--json` prints it. Differences are B minus A, in `unit`."""

    verdict: Verdict
    sentence: str
    a_name: str
    b_name: str
    set_name: str
    task: str
    metric: str
    basis: Basis | None = None
    """What `a` and `b` are. The mean of the items' own figures is not the figure of all items, as with mAP."""
    unit: str = ""
    n: int = 0
    a: float | None = None
    b: float | None = None
    difference: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    p: float | None = None
    p_adjusted: float | None = None
    """For several comparisons with one source, after Holm; None: there is one."""
    smallest_effect: float | None = None
    """The difference that as many items show in 4 of 5 cases."""
    margin: float | None = None
    differing: int = 0
    gained: tuple[str, ...] = ()
    """Items that A has wrong and B right."""
    lost: tuple[str, ...] = ()
    """Items that A has right and B wrong."""
    unanswered_a: tuple[str, ...] = ()
    unanswered_b: tuple[str, ...] = ()
    only_a: tuple[str, ...] = ()
    only_b: tuple[str, ...] = ()


def compare_evaluations(
    a: EvaluationRecord, b: EvaluationRecord, margin: float | None = None, varies: Collection[Axis] = ()
) -> PairedVerdict:
    """The verdict on two evaluations. `margin`: the loss that is acceptable, in the metric's unit, as 1 point."""
    return compare_with_source(a, [b], margin, varies)[0]


def compare_with_source(
    source: EvaluationRecord,
    variants: Sequence[EvaluationRecord],
    margin: float | None = None,
    varies: Collection[Axis] = (),
) -> list[PairedVerdict]:
    """Each variant against the source, with p-values that hold for all of them together."""
    found: list[tuple[Pairs, PairedDifference] | str] = []
    for variant in variants:
        hindrance = _hindrance(source, variant, varies)
        pairs = pair(source.outcomes, variant.outcomes)
        found.append(hindrance or (pairs, measure(source.evaluation.task, pairs.both)))
    adjusted = iter(holm([one[1].p for one in found if not isinstance(one, str)]))
    return [
        _not_comparable(source, variant, one)
        if isinstance(one, str)
        else _judged(source, variant, *one, margin=margin, p=next(adjusted), is_one_of=len(variants))
        for variant, one in zip(variants, found, strict=True)
    ]


def _hindrance(a: EvaluationRecord, b: EvaluationRecord, varies: Collection[Axis]) -> str | None:
    task = TASKS.get(a.evaluation.task)
    if task is None:
        return f"Task '{a.evaluation.task}' is not known here. Update edgeprof."
    if task.lead in DIVERGENCES:
        return "Divergence from the source is an alarm and ranks nothing. Compare both on a set with right answers."
    return obstacle(a, b, varies)


def verdict_on(found: PairedDifference, p: float, margin: float | None) -> Verdict:
    """Better and worse need the test and the interval; no worse needs the interval's lower end above the margin."""
    low, high = found.gain_interval()
    if p <= ALPHA and low > 0:
        return "better"
    if margin is not None and low >= -margin:
        return "no_worse"
    return "worse" if p <= ALPHA and high < 0 else "cannot_tell"


def _judged(
    a: EvaluationRecord,
    b: EvaluationRecord,
    pairs: Pairs,
    found: PairedDifference,
    *,
    margin: float | None,
    p: float,
    is_one_of: int,
) -> PairedVerdict:
    verdict = verdict_on(found, p, margin)
    low, high = found.interval(0.95)
    return PairedVerdict(
        verdict=verdict,
        sentence=_sentence(verdict, a.name, b.name, found, margin),
        a_name=a.name,
        b_name=b.name,
        set_name=a.evaluation.set_name,
        task=a.evaluation.task,
        metric=found.metric,
        basis=found.basis,
        unit=found.unit,
        n=found.n,
        a=found.a,
        b=found.b,
        difference=found.difference,
        ci_low=low if math.isfinite(low) else None,
        ci_high=high if math.isfinite(high) else None,
        p=found.p,
        p_adjusted=p if is_one_of > 1 else None,
        smallest_effect=found.smallest_effect if math.isfinite(found.smallest_effect) else None,
        margin=margin,
        differing=found.differing,
        gained=found.gained,
        lost=found.lost,
        unanswered_a=pairs.unanswered_a,
        unanswered_b=pairs.unanswered_b,
        only_a=pairs.only_a,
        only_b=pairs.only_b,
    )


def _sentence(verdict: Verdict, a: str, b: str, found: PairedDifference, margin: float | None) -> str:
    if verdict in ("better", "worse"):
        return f"{b} is {verdict} than {a} by {amount(abs(found.difference), found.unit)}, on {found.n:,} items."
    if verdict == "no_worse":
        return f"{b} is at most {amount(margin or 0, found.unit)} worse than {a}, on {found.n:,} items."
    return f"Cannot tell {a} and {b} apart: {shows(found)}."


def amount(value: float, unit: str) -> str:
    """A figure with its unit, as `1 point` or `2.4 points`."""
    number = f"{value:.2g}" if value < 100 else f"{value:.0f}"
    return f"{number} {'point' if unit == 'points' and number == '1' else unit}"


def shows(found: PairedDifference) -> str:
    """What so many items could have shown, as `n = 100 shows 6.7 points or more`.

    >>> rounded_up(6.63)
    '6.7'
    """
    if math.isinf(found.smallest_effect):
        return f"n = {found.n:,} shows no difference at all"
    return f"n = {found.n:,} shows {rounded_up(found.smallest_effect)} {found.unit} or more"


def rounded_up(value: float) -> str:
    """With two digits, never less than the value."""
    if value <= 0:
        return "0"
    step = 10 ** (math.floor(math.log10(value)) - 1)
    return f"{math.ceil(value / step - 1e-9) * step:.6g}"


def _not_comparable(a: EvaluationRecord, b: EvaluationRecord, reason: str) -> PairedVerdict:
    task = TASKS.get(a.evaluation.task)
    lead = task.lead if task and task.lead in METRICS else ""
    return PairedVerdict(
        verdict="not_comparable",
        sentence=reason,
        a_name=a.name,
        b_name=b.name,
        set_name=a.evaluation.set_name,
        task=a.evaluation.task,
        metric=lead,
    )
