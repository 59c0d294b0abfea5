"""Two speeds in one run, and outliers: both are named and counted, none is ever dropped.

Outliers lie beyond Tukey's outer fences, 3 interquartile ranges outside the quartiles (Exploratory Data Analysis,
1977). Modes: two peaks of a histogram of log time with a valley between them that is at most half of the lower peak,
and lower by more than 4 standard deviations of the difference of two Poisson counts.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from edgeprof.statistics.quantiles import quantile

_FENCE = 3.0
_MIN_SAMPLES = 50
_TRIMMED = 0.01
_MIN_SHARE = 0.05
_MIN_GAP = 0.01
_DEVIATIONS = 4.0


@dataclass(frozen=True)
class Outliers:
    """Samples beyond the outer fences. `largest_ratio`: the largest one over the median."""

    slow: int
    fast: int
    largest: float
    largest_ratio: float


@dataclass(frozen=True)
class TwoModes:
    """Two speeds: where each peaks, and the share of samples in the slower one."""

    fast: float
    slow: float
    slow_share: float

    def __str__(self) -> str:
        return f"two speeds, {self.fast:.4g} and {self.slow:.4g} ({self.slow_share:.0%} of the samples in the slower)"


def find_outliers(samples: Sequence[float]) -> Outliers | None:
    """What lies far out, or None."""
    ordered = sorted(samples)
    if not ordered:
        return None
    first, third = quantile(ordered, 0.25), quantile(ordered, 0.75)
    reach = _FENCE * (third - first)
    fast = bisect_left(ordered, first - reach)
    slow = len(ordered) - bisect_right(ordered, third + reach)
    if not fast and not slow:
        return None
    median = quantile(ordered, 0.5)
    return Outliers(slow, fast, ordered[-1], ordered[-1] / median if median else math.inf)


def find_two_modes(samples: Sequence[float]) -> TwoModes | None:
    """Two speeds at least 1 % apart with 5 % of the samples or more in each, or None. Samples are positive."""
    ordered = sorted(samples)
    n = len(ordered)
    if n < _MIN_SAMPLES or ordered[0] <= 0:
        return None
    start, end = math.log(quantile(ordered, _TRIMMED)), math.log(quantile(ordered, 1 - _TRIMMED))
    for bins in _bin_counts(n, len(set(ordered))):
        width = (end - start) / bins
        if width > 0:
            edges = [bisect_left(ordered, math.exp(start + index * width)) for index in range(bins + 1)]
            found = _valley([b - a for a, b in pairwise(edges)])
            if found:
                peak, valley, other = (math.exp(start + (index + 0.5) * width) for index in found)
                modes = TwoModes(peak, other, 1 - bisect_left(ordered, valley) / n)
                if _apart(modes):
                    return modes
    return None


def _bin_counts(n: int, distinct: int) -> tuple[int, ...]:
    """Coarse bins see modes that are wide, finer ones those that are close.

    A bin holds 5 samples and 4 distinct values on average, so that the ticks of a coarse clock are not taken for modes.
    """
    return tuple(bins for bins in (8, 12, 16, 24) if bins * 5 <= n and bins * 4 <= distinct)


def _apart(modes: TwoModes) -> bool:
    return modes.slow / modes.fast - 1 >= _MIN_GAP and _MIN_SHARE <= modes.slow_share <= 1 - _MIN_SHARE


def _valley(counts: Sequence[int]) -> tuple[int, int, int] | None:
    """Indices of peak, valley and other peak where the valley is deepest; None if none is deep enough."""
    best, deepest = None, _DEVIATIONS
    for middle in range(1, len(counts) - 1):
        left = max(range(middle), key=counts.__getitem__)
        right = max(range(middle + 1, len(counts)), key=counts.__getitem__)
        lower, bottom = min(counts[left], counts[right]), counts[middle]
        depth = (lower - bottom) / math.sqrt(max(1, lower + bottom))
        if bottom <= lower / 2 and depth > deepest:
            best, deepest = (left, middle, right), depth
    return best
