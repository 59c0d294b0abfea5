"""Two models on the same items, each with a score: the interval of their mean difference, and whether there is one.

Scores are edits, log-likelihoods, a ranking's quality: any number an item has. `paired_statistic.py` serves figures
that are no mean over items, such as mAP.
"""

import math
import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof.statistics.distributions import normal_quantile, t_quantile
from edgeprof.statistics.paired_swaps import sign_flip_p

MIN_DIFFERING = 6
"""Items whose scores differ: with fewer, no test can reach 5 % (2 / 2⁵ = 6.3 %), and resamples hold too little."""
_PSEUDO = 2
"""Differences of each sign that stand in for what fewer items than that could hide."""
_WORK, _MIN_RESAMPLES, _MAX_RESAMPLES = 2_000_000, 400, 2_000
_Z_95, _Z_80 = normal_quantile(0.975), normal_quantile(0.80)


@dataclass(frozen=True, kw_only=True)
class PairedScores:
    """The mean difference of scores, B minus A, over `n` items, of which `differing` differ at all."""

    n: int
    differing: int
    difference: float
    p: float
    """Two-sided, of the hypothesis that A and B are exchangeable; see `paired_swaps.sign_flip_p`."""
    error: float
    """The standard error of the difference; infinite where the scores show no scale at all."""
    studentized: tuple[float, ...]
    """(mean of a resample − difference) / its own standard error, in rising order; empty with few differing items."""

    @property
    def smallest_effect(self) -> float:
        """The difference that as many items with this spread show in 4 of 5 cases: (1.96 + 0.84) standard errors."""
        return (_Z_95 + _Z_80) * self.error

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Of the difference: on each side the further end of the bootstrap-t's and Student's interval.

        Bootstrap-t alone (Efron and Tibshirani 1993, 12.5) misses where most items do not differ, Student's alone where
        differences are skewed, and BCa in both (docs/statistics.md has the simulation).
        """
        tail = (1 - confidence) / 2
        below = above = t_quantile(1 - tail, max(1, self.n - 1))
        if self.studentized:
            below = max(below, _sorted_quantile(self.studentized, 1 - tail))
            above = max(above, -_sorted_quantile(self.studentized, tail))
        return self.difference - below * self.error, self.difference + above * self.error


def compare_scores(a: Sequence[float], b: Sequence[float], span: float = 0.0, seed: int = 1) -> PairedScores:
    """The comparison of two equally long sequences of scores, item by item; at least 1 item.

    Where fewer than 6 items differ, two differences of each sign are added, each as large as the scores' spread or
    `span`, the distance from the worst to the best score of an item: what so few items hide may be as large as that.
    The same seed gives the same interval.

    >>> found = compare_scores([0.0] * 40, [0.1, -0.1] * 20)
    >>> found.differing, round(found.difference, 6), found.p > 0.05
    (40, 0.0, True)
    """
    differences = [other - one for one, other in zip(a, b, strict=True)]
    differing = sum(difference != 0 for difference in differences)
    draw = random.Random(seed)
    hidden: list[float] = []
    if differing < MIN_DIFFERING:
        spread = max(span, max(*a, *b) - min(*a, *b))
        hidden = [spread, -spread] * _PSEUDO
    deviation = statistics.stdev([*differences, *hidden]) or math.inf
    return PairedScores(
        n=len(differences),
        differing=differing,
        difference=statistics.fmean(differences),
        p=sign_flip_p(differences, draw),
        error=deviation / math.sqrt(len(differences) + len(hidden)),
        studentized=() if hidden else _studentized(differences, draw),
    )


def resamples_for(n: int) -> int:
    """How many resamples: 2,000 up to 1,000 items, then fewer, so that the time stays the same; at least 400."""
    return max(_MIN_RESAMPLES, min(_MAX_RESAMPLES, _WORK // max(1, n)))


def _studentized(differences: Sequence[float], draw: random.Random) -> tuple[float, ...]:
    n, centre = len(differences), statistics.fmean(differences)
    values = [difference - centre for difference in differences]
    squares = [value * value for value in values]
    found: list[float] = []
    for _ in range(resamples_for(n)):
        picks = draw.choices(range(n), k=n)
        mean = sum(map(values.__getitem__, picks)) / n
        variance = (sum(map(squares.__getitem__, picks)) - n * mean * mean) / (n - 1)
        found.append(mean / math.sqrt(variance / n) if variance > 1e-300 else math.copysign(math.inf, mean))
    return tuple(sorted(found))


def _sorted_quantile(rising: Sequence[float], p: float) -> float:
    """The nearest order statistic that lies outside: an interval may only get wider by it."""
    rank = math.floor(p * (len(rising) + 1)) if p < 0.5 else math.ceil(p * (len(rising) + 1))
    return rising[min(len(rising), max(1, rank)) - 1]
