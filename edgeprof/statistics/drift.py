"""Whether a run changed its speed: a trend or a step over blocks in time.

Trend: Mann (1945) and Kendall (1975) on the medians of blocks, its size by Theil and Sen (1968). Step: Pettitt (1979)
on the same medians, its size the ratio of the medians after and before. Both are rank tests, each at 1 %.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, combinations
from typing import Literal

from edgeprof.statistics.blocks import block_medians

_LEVEL = 0.01


@dataclass(frozen=True)
class Drift:
    """How a run changed: `change` is the share by which its time at the end differs from that at the start."""

    kind: Literal["trend", "step"]
    change: float
    at: float
    """Where in the run, 0 to 1: of a step, its place; of a trend, 0."""

    def __str__(self) -> str:
        where = f"after {self.at:.0%} of the run" if self.kind == "step" else "from start to end"
        return f"{self.kind} of {self.change:+.1%} {where}"


def find_drift(samples: Sequence[float]) -> Drift | None:
    """A trend or a step, whichever lies closer to the blocks' medians, or None. Samples are positive, in time order."""
    medians = block_medians(samples)
    if not medians or min(medians) <= 0:
        return None
    trend_p, (step_p, split) = _trend_p(medians), _step_p(medians)
    if min(trend_p, step_p) >= _LEVEL:
        return None
    logs = [math.log(median) for median in medians]
    slope, (before, after) = _slope(logs), (statistics.median(logs[:split]), statistics.median(logs[split:]))
    from_line = _scatter([value - slope * index for index, value in enumerate(logs)])
    from_step = _scatter([value - before for value in logs[:split]] + [value - after for value in logs[split:]])
    if from_step < from_line:
        return Drift("step", math.expm1(after - before), split / len(medians))
    return Drift("trend", math.expm1(slope * (len(logs) - 1)), 0.0)


def _scatter(residuals: Sequence[float]) -> float:
    """Summed absolute deviations from their median."""
    middle = statistics.median(residuals)
    return sum(abs(residual - middle) for residual in residuals)


def _trend_p(values: Sequence[float]) -> float:
    """Two-sided probability of so much order by chance: Kendall's S, normal, with continuity correction and ties."""
    n = len(values)
    score = sum((later > earlier) - (later < earlier) for earlier, later in combinations(values, 2))
    ties = [values.count(value) for value in set(values)]
    variance = (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)) / 18
    if variance == 0:
        return 1.0
    z = max(0, abs(score) - 1) / math.sqrt(variance)
    return math.erfc(z / math.sqrt(2))


def _step_p(values: Sequence[float]) -> tuple[float, int]:
    """Pettitt's K as an approximate two-sided probability, and the index at which the later part starts.

    A block that moves from the later part to the earlier one changes the score by its signs against all others.
    """
    n = len(values)
    signs = [sum((other > value) - (other < value) for other in values) for value in values]
    scores = list(accumulate(signs[:-1]))
    largest = max(scores, key=abs)
    p = 2 * math.exp(-6 * largest**2 / (n**3 + n**2))
    return min(1.0, p), scores.index(largest) + 1


def _slope(logs: Sequence[float]) -> float:
    """The median slope over all pairs of blocks (Theil and Sen), per block."""
    return statistics.median([(logs[j] - logs[i]) / (j - i) for i, j in combinations(range(len(logs)), 2)])
