"""When times are alike: one rule for tensors and for tokens.

Steady: the last times have a coefficient of variation of at most 2 % (Georges, Buytaert and Eeckhout, Statistically
rigorous Java performance evaluation, OOPSLA 2007, 3.4: a window of k iterations whose CoV falls below 0.01 or 0.02),
and the newest is not the fastest by more than that, as it would be while the model still speeds up.
"""

from collections.abc import Sequence

from edgeprof_agent.worker_protocol.order import median

MAX_VARIATION = 0.02
_MANY = 10
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


def is_level(times: Sequence[float]) -> bool:
    """Of at least 20 times that scatter: whether the last ten are no faster than the ten before, by their medians."""
    last, before = times[-_MANY:], times[-2 * _MANY : -_MANY]
    return len(before) == _MANY and median(last) >= median(before) * (1 - MAX_VARIATION)


def _moments(values: Sequence[float]) -> tuple[float, float]:
    """Mean and standard deviation of at least two values."""
    mean = sum(values) / len(values)
    return mean, (sum((value - mean) ** 2 for value in values) / (len(values) - 1)) ** 0.5
