"""How far two models differ on the items that both answered: in points of a share, or in what the task averages."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from edgeprof.quality.groups import group_of
from edgeprof.quality.outcomes import Outcome
from edgeprof.quality.tasks.table import TASKS
from edgeprof.statistics.paired_power import smallest_difference
from edgeprof.statistics.paired_scores import PairedScores, compare_scores
from edgeprof.statistics.paired_shares import PairedShares
from edgeprof.wire.metrics import METRICS


class _Pooled(NamedTuple):
    """A figure that is a sum over all items divided by a sum of units, which are the same for every model."""

    metric: str
    sum_of: str
    """A detail of the outcomes; empty: the score."""
    units: str
    """The detail that holds an item's units."""
    factor: float


_POOLED = {
    "ocr": _Pooled("character_error_rate_percent", "", "characters", 100.0),
    "perplexity": _Pooled("bits_per_byte", "nats", "bytes", 1 / math.log(2)),
}
"""Perplexity per token differs with the tokenizer, bits per byte of the text do not."""
_SCORED_BY = {"voice-activity": "accuracy_percent"}
"""Tasks whose score is another figure than their lead: the share of a clip's frames that are right."""
Basis = Literal["items_right", "mean_of_items", "pooled"]
"""What the values are: a share of right items, the mean of the items' own figures, or one figure of all units."""
_SHARES_OF_RIGHT = (
    "accuracy_percent",
    "accuracy_norm_percent",
    "exact_match_percent",
    "instructions_followed_percent",
    "code_passed_percent",
)
"""Figures that are the share of right items. Another lead, as F1, is compared by that share and labelled so."""

Ends = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class PairedDifference:
    """B minus A, in the unit of the metric: points where it is a share. `gained` and `lost` are ids of items."""

    metric: str
    higher_is_better: bool
    n: int
    a: float
    b: float
    difference: float
    interval: Callable[[float], Ends]
    """By confidence, as 0.95."""
    p: float
    smallest_effect: float
    """The difference that as many items show in 4 of 5 cases, given how many differ."""
    differing: int
    """Items that the two answered differently well."""
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    basis: Basis

    @property
    def gain(self) -> float:
        """The difference, positive where B is better."""
        return self.difference if self.higher_is_better else -self.difference

    def gain_interval(self, confidence: float = 0.95) -> Ends:
        """Of the gain."""
        low, high = self.interval(confidence)
        return (low, high) if self.higher_is_better else (-high, -low)

    @property
    def unit(self) -> str:
        """For a number of them, as in `2.4 points`."""
        unit = METRICS[self.metric].unit
        return "points" if unit == "%" else unit or METRICS[self.metric].title.lower()


def measure(task: str, both: Sequence[tuple[Outcome, Outcome]]) -> PairedDifference:
    """The difference on at least one pair of answered items, by right and wrong or by score, as the task has it."""
    known = TASKS[task]
    groups = _groups(both)
    if known.is_paired_by == "score":
        return _by_scores(task, _SCORED_BY.get(task, known.lead), both, groups)
    return _by_answers(known.lead if known.lead in _SHARES_OF_RIGHT else "accuracy_percent", both, groups)


def _groups(both: Sequence[tuple[Outcome, Outcome]]) -> list[list[int]]:
    """Places of the items that are repeats or wordings of one: together they say no more than one independent item."""
    found: dict[str, list[int]] = {}
    for place, (one, _) in enumerate(both):
        found.setdefault(group_of(one.item_id), []).append(place)
    return list(found.values())


def _sums(values: Sequence[float], groups: Sequence[Sequence[int]]) -> list[float]:
    return [math.fsum(values[place] for place in group) for group in groups]


def _by_answers(
    metric: str, both: Sequence[tuple[Outcome, Outcome]], groups: Sequence[Sequence[int]]
) -> PairedDifference:
    """McNemar's test counts items; of groups of items the sums are compared, for their items flip together."""
    gained, lost = _flips(both)
    n = len(both)
    shares = PairedShares(n=n, gained=len(gained), lost=len(lost))
    claims = shares if len(groups) == n else _of_groups(both, groups)
    scale = 100 if isinstance(claims, PairedShares) else 100 * len(groups) / n

    def interval(confidence: float) -> Ends:
        low, high = claims.interval(confidence)
        return scale * low, scale * high

    return PairedDifference(
        metric=metric,
        higher_is_better=True,
        n=n,
        a=100 * sum(bool(one.correct) for one, _ in both) / n,
        b=100 * sum(bool(other.correct) for _, other in both) / n,
        difference=100 * shares.difference,
        interval=interval,
        p=claims.p,
        smallest_effect=100 * (smallest_difference(n, claims.discordance) or math.inf)
        if isinstance(claims, PairedShares)
        else scale * claims.smallest_effect,
        differing=len(gained) + len(lost),
        gained=gained,
        lost=lost,
        basis="items_right",
    )


def _of_groups(both: Sequence[tuple[Outcome, Outcome]], groups: Sequence[Sequence[int]]) -> PairedScores:
    right = [[float(bool(outcome.correct)) for outcome in side] for side in zip(*both, strict=True)]
    return compare_scores(_sums(right[0], groups), _sums(right[1], groups), span=max(map(len, groups)))


def _by_scores(
    task: str, metric: str, both: Sequence[tuple[Outcome, Outcome]], groups: Sequence[Sequence[int]]
) -> PairedDifference:
    """A task's score runs the same way as its metric. Items of equal units: a pooled rate is a scaled mean."""
    pooled = _POOLED.get(task) or _Pooled(metric, "", "", 100.0 if METRICS[metric].unit == "%" else 1.0)
    a = [_value(one, pooled) for one, _ in both]
    b = [_value(other, pooled) for _, other in both]
    units = sum(one.details.get(pooled.units, 1.0) for one, _ in both) / len(both) or 1.0
    span = units * max(map(len, groups)) if METRICS[pooled.metric].unit == "%" else 0.0
    found = compare_scores(_sums(a, groups), _sums(b, groups), span=span)
    n, scale = len(both), pooled.factor / units
    of_group = scale * len(groups) / n
    gained, lost = _flips(both)

    def interval(confidence: float) -> Ends:
        low, high = found.interval(confidence)
        return of_group * low, of_group * high

    return PairedDifference(
        metric=pooled.metric,
        higher_is_better=METRICS[pooled.metric].better == "higher",
        n=n,
        a=scale * sum(a) / n,
        b=scale * sum(b) / n,
        difference=of_group * found.difference,
        interval=interval,
        p=found.p,
        smallest_effect=of_group * found.smallest_effect,
        differing=sum(one != other for one, other in zip(a, b, strict=True)),
        gained=gained,
        lost=lost,
        basis="pooled" if task in _POOLED else "mean_of_items",
    )


def _value(outcome: Outcome, pooled: _Pooled) -> float:
    return outcome.details.get(pooled.sum_of, 0.0) if pooled.sum_of else outcome.score or 0.0


def _flips(both: Sequence[tuple[Outcome, Outcome]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    gained = tuple(one.item_id for one, other in both if one.correct is False and other.correct is True)
    lost = tuple(one.item_id for one, other in both if one.correct is True and other.correct is False)
    return gained, lost
