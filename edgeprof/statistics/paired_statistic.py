"""Two models on the same items, compared by a figure that is no mean over items, as mAP or precision."""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from edgeprof.statistics.distributions import normal_quantile, t_quantile
from edgeprof.statistics.paired_swaps import swap_p

T = TypeVar("T")

_Z_95, _Z_80 = normal_quantile(0.975), normal_quantile(0.80)


@dataclass(frozen=True, kw_only=True)
class PairedStatistic:
    """The difference of a figure, B minus A, over `n` items."""

    n: int
    difference: float
    p: float
    """Two-sided, of the hypothesis that A and B are exchangeable."""
    replicates: tuple[float, ...]
    """The differences of the resamples, in rising order."""

    @property
    def smallest_effect(self) -> float:
        """The difference that as many items show in 4 of 5 cases: (1.96 + 0.84) / (2 × 1.96) of the interval."""
        low, high = self.interval()
        return (_Z_95 + _Z_80) / (2 * _Z_95) * (high - low)

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Percentiles of the replicates, taken further out as Student's t lies further out than the normal.

        Hesterberg, The American Statistician 2015, 69:371-386, section 4.3.
        """
        n = max(2, self.n)
        t = t_quantile((1 + confidence) / 2, n - 1)
        tail = 0.5 * math.erfc(math.sqrt(n / (n - 1)) * t / math.sqrt(2))
        rank = max(1, math.floor(tail * (len(self.replicates) + 1)))
        return self.replicates[rank - 1], self.replicates[-rank]


def compare_statistic(
    a: Sequence[T], b: Sequence[T], figure: Callable[[Sequence[T]], float], seed: int = 1, resamples: int = 1_000
) -> PairedStatistic:
    """The comparison of `figure(a)` and `figure(b)`, whose items stand at the same places; at least 2 items.

    `figure` is called 4 × `resamples` times, with resamples in which an item may stand several times. The same seed
    gives the same interval.

    >>> found = compare_statistic([1.0, 0.0] * 20, [1.0] * 40, lambda items: sum(items) / len(items))
    >>> found.difference, found.p < 0.01
    (0.5, True)
    """
    if len(a) != len(b):
        raise ValueError(f"{len(a)} items in A, {len(b)} in B")
    draw, n = random.Random(seed), len(a)

    def difference(one: Sequence[T], other: Sequence[T]) -> float:
        return figure(other) - figure(one)

    replicates: list[float] = []
    for _ in range(resamples):
        picks = draw.choices(range(n), k=n)
        replicates.append(difference([a[pick] for pick in picks], [b[pick] for pick in picks]))
    p = swap_p(a, b, difference, draw, resamples)
    return PairedStatistic(n=n, difference=difference(a, b), p=p, replicates=tuple(sorted(replicates)))
