"""Figures that are ratios of sums over items, with the interval of a ratio estimator. Standard library only."""

import math
from collections.abc import Sequence

from edgeprof.statistics.distributions import Z_95


def ratio_with_error(sums: Sequence[float], counts: Sequence[float]) -> tuple[float, float | None]:
    """`sum(sums) / sum(counts)` and its standard error with items as the sampling unit; None below two items.

    The error is the linearized one of a ratio estimator (Cochran 1977, 6.13): items of a text hang together, so that
    its tokens must not be counted as independent.

    >>> ratio_with_error([2.0, 4.0], [1.0, 1.0])
    (3.0, 1.0)
    """
    n, total = len(counts), sum(counts)
    ratio = sum(sums) / total
    if n < 2:
        return ratio, None
    spread = sum((value - ratio * count) ** 2 for value, count in zip(sums, counts, strict=True))
    return ratio, math.sqrt(n / (n - 1) * spread) / total


def ends(value: float, error: float | None) -> tuple[float | None, float | None]:
    """The 95 % interval of a value with this standard error."""
    return (None, None) if error is None else (value - Z_95 * error, value + Z_95 * error)
