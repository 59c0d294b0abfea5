"""Whether a run changed its speed: a trend or a step over blocks in time.

Trend: Mann (1945) and Kendall (1975) on the medians of 10 or 20 blocks (blocks.py). Step: the largest standardised
rank sum (steps.py) of the medians of up to 60 blocks. Both are rank tests, each at 1 %. What neighbours among the 60
share once the step is taken off makes it harder to show, unless hardly anything is left; the trend has fewer, longer
blocks instead.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Literal

from edgeprof.statistics.blocks import MIN_SAMPLES, block_medians, medians_of_blocks
from edgeprof.statistics.steps import chance_of, most_likely_step, ranks, scatter

_LEVEL = 0.01
_MAX_BLOCKS = 60
_LITTLE_LEFT = 0.2
"""A step that takes off all but this share of the scatter is plain, whatever the order of what is left."""


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
    """A trend or a step, whichever lies closer to the medians of up to 60 blocks, or None.

    Samples are positive, in time order. A step's size is the ratio of the medians after and before, a trend's the
    median slope (Theil and Sen 1968) over the run.
    """
    if len(samples) < MIN_SAMPLES or min(samples) <= 0:
        return None
    logs = [math.log(median) for median in medians_of_blocks(samples, min(len(samples), _MAX_BLOCKS))]
    step = most_likely_step(logs)
    if step is None:
        return None
    before, after = statistics.median(logs[: step.split]), statistics.median(logs[step.split :])
    off_step = [value - (before if index < step.split else after) for index, value in enumerate(logs)]
    step_p = chance_of(step.z / _inflation(off_step, logs), len(logs))
    if step_p >= _LEVEL and _trend_p(block_medians(samples)) >= _LEVEL:
        return None
    slope = _slope(logs)
    if scatter(off_step) < scatter([value - slope * index for index, value in enumerate(logs)]):
        return Drift("step", math.expm1(after - before), step.split / len(logs))
    return Drift("trend", math.expm1(slope * (len(logs) - 1)), 0.0)


def _inflation(residuals: Sequence[float], logs: Sequence[float]) -> float:
    """By how much a first-order autoregression widens the standard deviation of a sum: sqrt((1 + r) / (1 - r)).

    r is the correlation of neighbouring ranks; below 0 it is taken as 0.
    """
    if scatter(residuals) <= _LITTLE_LEFT * scatter(logs):
        return 1.0
    middle = (len(residuals) + 1) / 2
    deviations = [rank - middle for rank in ranks(residuals)]
    squares = sum(deviation**2 for deviation in deviations)
    if squares == 0:
        return 1.0
    r = max(0.0, sum(one * other for one, other in pairwise(deviations)) / squares)
    return math.sqrt((1 + r) / (1 - r))


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


def _slope(logs: Sequence[float]) -> float:
    """The median slope over all pairs of blocks (Theil and Sen), per block."""
    return statistics.median([(logs[j] - logs[i]) / (j - i) for i, j in combinations(range(len(logs)), 2)])
