"""How far two models differ on the items that both answered: in points of a share, or in what the task averages."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgeprof.quality.outcomes import Outcome
from edgeprof.quality.tasks.table import TASKS
from edgeprof.statistics.paired_power import smallest_difference
from edgeprof.statistics.paired_scores import compare_scores
from edgeprof.statistics.paired_shares import PairedShares
from edgeprof.wire.metrics import METRICS

_POOLED_BY = {"ocr": "characters"}
"""Tasks whose figure is a sum of scores over a sum of units, by the detail that holds an item's units."""
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
    if known.is_paired_by == "score":
        return _by_scores(task, known.lead, both)
    return _by_answers(known.lead if known.lead in _SHARES_OF_RIGHT else "accuracy_percent", both)


def _by_answers(metric: str, both: Sequence[tuple[Outcome, Outcome]]) -> PairedDifference:
    gained, lost = _flips(both)
    n = len(both)
    shares = PairedShares(n=n, gained=len(gained), lost=len(lost))

    def interval(confidence: float) -> Ends:
        low, high = shares.interval(confidence)
        return 100 * low, 100 * high

    return PairedDifference(
        metric=metric,
        higher_is_better=True,
        n=n,
        a=100 * sum(bool(one.correct) for one, _ in both) / n,
        b=100 * sum(bool(other.correct) for _, other in both) / n,
        difference=100 * shares.difference,
        interval=interval,
        p=shares.p,
        smallest_effect=100 * (smallest_difference(n, shares.discordance) or math.inf),
        differing=len(gained) + len(lost),
        gained=gained,
        lost=lost,
    )


def _by_scores(task: str, metric: str, both: Sequence[tuple[Outcome, Outcome]]) -> PairedDifference:
    """A task's score runs the same way as its metric. Items of equal units: a pooled rate is a scaled mean."""
    a = [one.score or 0.0 for one, _ in both]
    b = [other.score or 0.0 for _, other in both]
    percent = 100.0 if METRICS[metric].unit == "%" else 1.0
    units = _mean_units(task, [one for one, _ in both])
    found = compare_scores(a, b, span=units if percent > 1 else 0.0)
    scale = percent / units
    gained, lost = _flips(both)

    def interval(confidence: float) -> Ends:
        low, high = found.interval(confidence)
        return scale * low, scale * high

    return PairedDifference(
        metric=metric,
        higher_is_better=METRICS[metric].better == "higher",
        n=found.n,
        a=scale * sum(a) / found.n,
        b=scale * sum(b) / found.n,
        difference=scale * found.difference,
        interval=interval,
        p=found.p,
        smallest_effect=scale * found.smallest_effect,
        differing=found.differing,
        gained=gained,
        lost=lost,
    )


def _mean_units(task: str, outcomes: Sequence[Outcome]) -> float:
    """What divides a score: an item's characters, where the figure is edits over characters; else 1."""
    units = [outcome.details.get(_POOLED_BY.get(task, ""), 1.0) for outcome in outcomes]
    return sum(units) / len(units) or 1.0


def _flips(both: Sequence[tuple[Outcome, Outcome]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    gained = tuple(one.item_id for one, other in both if one.correct is False and other.correct is True)
    lost = tuple(one.item_id for one, other in both if one.correct is True and other.correct is False)
    return gained, lost
