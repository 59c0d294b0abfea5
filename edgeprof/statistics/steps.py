"""Whether a series has a step, by a rank test that also sees steps near its ends.

For each split the ranks before it are summed (Wilcoxon) and taken in units of their standard deviation under chance;
the largest is looked at. Pettitt's test (1979) leaves out that division: at 1 % it cannot show a step after a tenth of
60 values, and of 10 values none at all.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import median

_MIN_VALUES, _MIN_PER_SIDE, _MIN_SHARE = 8, 2, 0.05


@dataclass(frozen=True)
class Step:
    """The split (index at which the later part starts) whose ranks differ most, by `z` standard deviations."""

    split: int
    z: float


def ranks(values: Sequence[float]) -> list[float]:
    """From 1, equal values sharing the mean of theirs."""
    ordered = sorted(values)
    return [(bisect_left(ordered, value) + 1 + bisect_right(ordered, value)) / 2 for value in values]


def most_likely_step(values: Sequence[float]) -> Step | None:
    """None below 8 values or where all are equal. Standard deviations are those of permutations, ties included."""
    n = len(values)
    middle = (n + 1) / 2
    deviations = [rank - middle for rank in ranks(values)]
    squares = sum(deviation**2 for deviation in deviations)
    if n < _MIN_VALUES or squares == 0:
        return None
    sums = list(accumulate(deviations))
    found = [Step(k, abs(sums[k - 1]) / math.sqrt(k * (n - k) * squares / (n * (n - 1)))) for k in splits(n)]
    return max(found, key=lambda step: step.z)


def splits(n: int) -> range:
    """Those looked at: at least 5 % of the values on each side, and two."""
    fewest = max(_MIN_PER_SIDE, round(_MIN_SHARE * n))
    return range(fewest, n - fewest + 1)


def chance_of(z: float, n: int) -> float:
    """Of independent values to show so large a `Step.z`: the improved Bonferroni bound for normal rank sums.

    Worsley (1982); Lausen, Sauerbrei and Schumacher, *Classification and regression trees used for the exploration of
    prognostic factors measured on different scales*, 1994. In permutations of 20 to 60 values, 0.2 to 0.4 % lie below
    its 1 %.
    """
    height = math.exp(-(z**2) / 2) / math.pi
    chance = math.erfc(z / math.sqrt(2))
    for k in splits(n)[:-1]:
        t = math.sqrt(1 - k * (n - k - 1) / ((n - k) * (k + 1)))
        chance += height * (t - (z**2 / 4 - 1) * t**3 / 6)
    return min(1.0, max(0.0, chance))


def place_of(values: Sequence[float]) -> int:
    """The split that leaves the least absolute scatter around the medians of both parts; at least 4 values."""
    return min(splits(len(values)), key=lambda split: scatter(values[:split]) + scatter(values[split:]))


def scatter(values: Sequence[float]) -> float:
    """Summed absolute deviations from their median."""
    middle = median(values)
    return sum(abs(value - middle) for value in values)
