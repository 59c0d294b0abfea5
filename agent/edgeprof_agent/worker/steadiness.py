"""When times are alike, and how well their middle is known: one rule each, for tensors and for tokens.

Steady: the last times have a coefficient of variation of at most 2 % (Georges, Buytaert and Eeckhout, Statistically
rigorous Java performance evaluation, OOPSLA 2007, 3.4: a window of k iterations whose CoV falls below 0.01 or 0.02),
and the newest is not the fastest by more than that, as it would be while the model still speeds up.

Half-widths are those of 95 % intervals, over the middle itself. That of a median is by batch means (Schmeiser 1982):
the samples in 20 consecutive blocks, and the interval of the blocks' medians. Blocks carry short dependence.
"""

from collections.abc import Sequence

from edgeprof.statistics import student_t
from edgeprof_agent.worker_protocol.order import block_medians

MAX_VARIATION = 0.02
BLOCKS = 20
MIN_VALUES = 6
"""The fewest that give a median a 95 % interval (see edgeprof/statistics/quantiles.py)."""


def is_steady(times: Sequence[float], count: int) -> bool:
    """Whether the last `count` times are alike, and the newest does not lead them."""
    last = times[-count:]
    if len(last) < count:
        return False
    mean, deviation = _moments(last)
    return deviation <= MAX_VARIATION * mean and last[-1] >= min(last[:-1]) * (1 - MAX_VARIATION)


def is_steady_at_limit(times: Sequence[float], count: int) -> bool:
    """Of what is too slow for `count` times within its limit: whether the last two are alike (within 2.8 %)."""
    return 2 <= len(times) < count and is_steady(times, 2)


def mean_half_width(values: Sequence[float]) -> float | None:
    """Of the mean; None below 6 values."""
    n = len(values)
    if n < MIN_VALUES:
        return None
    mean, deviation = _moments(values)
    return student_t.quantile(0.975, n - 1) * deviation / n**0.5 / mean if mean else None


def median_half_width(samples: Sequence[float]) -> float | None:
    """Of the median; None below 20 samples."""
    return mean_half_width(block_medians(samples, BLOCKS)) if len(samples) >= BLOCKS else None


def _moments(values: Sequence[float]) -> tuple[float, float]:
    """Mean and standard deviation of at least two values."""
    mean = sum(values) / len(values)
    return mean, (sum((value - mean) ** 2 for value in values) / (len(values) - 1)) ** 0.5
