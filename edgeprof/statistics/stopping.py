"""When a window has samples enough: its published interval is as narrow as requested, or cannot become so in time.

The rule looks at the very interval that the run will publish, that of the median by order statistics (quantiles.py),
and not at a quick estimate. Looking again and again ends some runs on a lucky streak, so looks lie apart by a factor.
benchmarks/time_to_figure.py simulates how often the published interval then holds the true median. Pure, and light: a
worker imports it.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from edgeprof.statistics.quantiles import (
    MIN_SAMPLES_FOR_VERDICT,
    TooFewSamples,
    apart_of,
    percentile,
    quantile,
    relative_half_width,
)

MIN_SHARE = 1 / 3
"""Of the time limit: how much is always spent before a precision is called out of reach."""
MIN_SPENT_S = 1.5
"""How long fewer than 20 samples must have taken: dependence does not show in so few, time alone spreads them out."""
TRANSIENT = 0.02
"""By how much a leading sample must lie outside all later ones to belong to the warm-up."""
_NEAREST, _FURTHEST = 1.4, 2.0
"""The next look, as a multiple of the time so far; of fewer than 20 samples the furthest, as each look may be lucky."""
_BLOCKS = 10
_NEVER_S = 1e6
"""What is told of a window that would take longer than 11 days."""
_ROOM = 1.1
"""More time than the estimate requests, as it is an estimate."""


class Look(NamedTuple):
    """What a look at a window says: precise, out of reach, or how long the window should be at the next look.

    `needed_s`: how long a window like this would have to be for the requested precision.
    """

    precise: bool
    out_of_reach: bool
    needed_s: float
    next_s: float


def look_at(samples: Sequence[float], spent_s: float, precision: float, limit_s: float) -> Look:
    """Samples (any unit) taken in `spent_s` seconds, of at most `limit_s`, for an interval of +- `precision` (a share).

    An interval narrows by 1 / sqrt(time), so that the requested one takes `(width / precision)^2` times as long. A
    median without an interval takes what it needs for one, which will be as wide as its blocks are apart. A precision
    is out of reach if a third of the limit has passed and the estimate lies beyond the limit.
    """
    found = percentile(samples, 0.5, apart_of(len(samples), spent_s))
    width = None
    if isinstance(found, TooFewSamples):
        needed_s = spent_s * max(_FURTHEST, found.needed / max(1, found.n)) * max(1.0, _apart(samples) / precision) ** 2
    else:
        width = relative_half_width(found.value, found.low, found.high)
        needed_s = spent_s * (math.inf if width is None else width / precision) ** 2
    decided_s = limit_s * MIN_SHARE
    nearest = _NEAREST if len(samples) >= MIN_SAMPLES_FOR_VERDICT else _FURTHEST
    next_s = min(max(needed_s * _ROOM, spent_s * nearest), spent_s * _FURTHEST)
    narrow, spread_out = width is not None and width <= precision, _spread_out(len(samples), spent_s)
    if narrow and not spread_out:
        next_s = min(MIN_SPENT_S, spent_s * MIN_SAMPLES_FOR_VERDICT / len(samples))
    if needed_s > limit_s and spent_s < decided_s:
        next_s = min(next_s, decided_s)
    return Look(
        precise=narrow and spread_out,
        out_of_reach=needed_s > limit_s and spent_s >= decided_s,
        needed_s=min(needed_s, _NEVER_S),
        next_s=min(next_s, limit_s),
    )


def warmup_of(values: Sequence[float]) -> int:
    """How many leading values belong to a warm-up that nobody saw: each is beyond all later ones by more than 2 %.

    Of independent values the first is seldom so far off, and its place outside the later ones tells nothing of how
    closely these lie together: dropping it does not select a lucky streak. At least two values stay.

    >>> warmup_of([13.0, 10.0, 10.1, 9.9, 10.0])
    1
    """
    count = 0
    while len(values) - count > 2:
        later = values[count + 1 :]
        if min(later) * (1 - TRANSIENT) <= values[count] <= max(later) * (1 + TRANSIENT):
            break
        count += 1
    return count


def _spread_out(count: int, spent_s: float) -> bool:
    return count >= MIN_SAMPLES_FOR_VERDICT or spent_s >= MIN_SPENT_S


def _apart(samples: Sequence[float]) -> float:
    """Half of what lies between the fastest and the slowest of ten blocks, by their medians, over the slowest's."""
    edges = [round(index * len(samples) / _BLOCKS) for index in range(_BLOCKS + 1)]
    medians = [quantile(sorted(samples[start:end]), 0.5) for start, end in pairwise(edges) if end > start]
    return (max(medians) - min(medians)) / 2 / max(medians) if medians and max(medians) > 0 else 0.0
