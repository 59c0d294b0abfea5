"""95 % intervals by resampling items, for figures that have no closed form. Seeded; standard library only.

The resamples of `n` items depend on `n` and the seed alone. Two models on the same items are therefore resampled
alike, and the difference of their figures can be taken resample by resample: a paired bootstrap.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from statistics import NormalDist

from edgeprof.statistics.distributions import Z_95

RESAMPLES = 1_000
"""A percentile interval wants about this many (Efron and Tibshirani 1993, 13.3)."""
SEED = 20_261_130

Ends = tuple[float, float]
_NORMAL = NormalDist()


def resamples(n: int, count: int = RESAMPLES, seed: int = SEED) -> Iterator[list[int]]:
    """`count` lists of `n` indices, each drawn from `range(n)` with replacement.

    >>> [sorted(drawn) for drawn in resamples(2, 2)] == [sorted(drawn) for drawn in resamples(2, 2)]
    True
    """
    source, indices = random.Random(seed), range(n)
    for _ in range(count):
        yield source.choices(indices, k=n)


def percentile_ends(values: list[float]) -> Ends | None:
    """The middle 95 % of resampled figures. None where they do not vary: then the items say nothing of the spread."""
    values = sorted(values)
    if not values or values[0] == values[-1]:
        return None
    return _quantile(values, 0.025), _quantile(values, 0.975)


def corrected_ends(values: list[float], value: float) -> Ends | None:
    """As `percentile_ends`, for a figure whose resamples lie to one side of its `value` (bias-corrected, Efron 1981).

    Average precision is such a figure: copies of an image rank next to each other.
    """
    values = sorted(values)
    if not values or values[0] == values[-1]:
        return None
    below = sum(each < value for each in values) + sum(each == value for each in values) / 2
    shift = 2 * _NORMAL.inv_cdf(min(max(below, 0.5), len(values) - 0.5) / len(values))
    return _quantile(values, _NORMAL.cdf(shift - Z_95)), _quantile(values, _NORMAL.cdf(shift + Z_95))


def statistic_interval(
    n: int, statistic: Callable[[Sequence[int]], float | None], count: int = RESAMPLES
) -> Ends | None:
    """The interval of a figure of `n` items, given as a function of the drawn indices. It may be None for a draw."""
    if n < 2:
        return None
    figures = (statistic(drawn) for drawn in resamples(n, count))
    return percentile_ends([figure for figure in figures if figure is not None])


def ratio_interval(numerators: Sequence[float], denominators: Sequence[float]) -> Ends | None:
    """The interval of a pooled ratio, `sum(numerators) / sum(denominators)`, where items are what varies.

    >>> ratio_interval([1, 0, 2, 1], [10, 10, 10, 10]) is not None
    True
    >>> ratio_interval([1, 1], [1, 1]) is None
    True
    """

    def ratio(drawn: Sequence[int]) -> float | None:
        below = sum(map(denominators.__getitem__, drawn))
        return sum(map(numerators.__getitem__, drawn)) / below if below else None

    return statistic_interval(len(numerators), ratio)


def mean_interval(values: Sequence[float]) -> Ends | None:
    """The interval of a mean over items."""
    return statistic_interval(len(values), lambda drawn: sum(map(values.__getitem__, drawn)) / len(drawn))


def _quantile(ordered: Sequence[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
