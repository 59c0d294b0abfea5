"""When a run ends on simulated samples: by today's rule, and by the one before it, kept here as it was. Pure.

Samples are taken in simulated time: each lasts as long as its value. Each rule has the interval that it published.
"""

import statistics
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from edgeprof.statistics.distributions import t_quantile
from edgeprof.statistics.estimate import estimate_median
from edgeprof.statistics.quantiles import Percentile, apart_of, percentile
from edgeprof.statistics.stopping import look_at, warmup_of

LIMIT_S = 10.0
Take = Callable[[], float]
"""One more sample, in seconds."""


class Ended(NamedTuple):
    """A run that ended: its samples in seconds, and how long it took with what it dropped."""

    samples_s: list[float]
    spent_s: float


Rule = Callable[[Take], Ended]


def published(samples_s: Sequence[float], *, now: bool) -> tuple[float, float] | None:
    """The interval of the median as a result carries it (agent/edgeprof_agent/measuring/figures.py).

    Before, all samples that showed no dependence counted as independent, however close they lay.
    """
    found = percentile(samples_s, 0.5, apart_of(len(samples_s), sum(samples_s)) if now else 1.0)
    if isinstance(found, Percentile):
        return found.low, found.high
    estimate = estimate_median(samples_s)
    return None if isinstance(estimate, str) else (estimate.low, estimate.high)


def tensors_before(take: Take) -> Ended:
    """At least 2 s and 20 runs, then +- 1 % by batch means over 20 blocks, looked at three times at most."""
    samples, spent_s, wanted_s = list[float](), 0.0, 2.0
    for looks in (1, 2, 3):
        spent_s = _taken(take, samples, spent_s, wanted_s, 20)
        width = _mean_half_width(_block_medians(samples))
        if width <= 0.01 or spent_s >= LIMIT_S or looks == 3:
            break
        wanted_s = spent_s + min(spent_s * max(0.25, (width / 0.01) ** 2 * 1.2 - 1), LIMIT_S - spent_s)
    return Ended(samples, spent_s)


def tensors_now(take: Take) -> Ended:
    """agent/edgeprof_agent/worker/window.py with the defaults of a run."""
    samples, spent_s, until_s = list[float](), 0.0, 0.5
    while True:
        spent_s = _taken(take, samples, spent_s, until_s, 20)
        look = look_at(samples, spent_s, 0.02, LIMIT_S)
        if look.precise or look.out_of_reach or spent_s >= LIMIT_S:
            return Ended(samples, spent_s)
        until_s = look.next_s


def repeats_before(take: Take) -> Ended:
    """Warm-up until three repeats are alike (CoV 2 %), for 5 s at most; at least 6 and 2 s, then +- 1 % of the mean."""
    warm: list[float] = []
    while len(warm) < 2 or sum(warm) < 5.0:
        warm.append(take())
        last = warm[-3:]
        alike = len(last) == 3 and statistics.stdev(last) <= 0.02 * statistics.fmean(last)
        if alike and last[-1] >= 0.98 * min(last[:-1]):
            break
    samples: list[float] = []
    while True:
        samples.append(take())
        enough = len(samples) >= 6 and sum(samples) >= 2.0
        if enough and (_mean_half_width(samples) <= 0.01 or sum(samples) >= LIMIT_S):
            return Ended(samples, sum(warm) + sum(samples))


def repeats_now(take: Take) -> Ended:
    """agent/edgeprof_agent/worker/text_repeat.py with the defaults of a run."""
    samples, next_s = list[float](), 0.5
    while True:
        samples.append(take())
        kept = samples[warmup_of(samples) :]
        spent_s = sum(kept)
        if len(kept) < 6 or (spent_s < next_s and spent_s < LIMIT_S):
            continue
        look = look_at([1 / each for each in kept], spent_s, 0.02, LIMIT_S)
        if look.precise or look.out_of_reach or spent_s >= LIMIT_S:
            return Ended(kept, sum(samples))
        next_s = look.next_s


def _taken(take: Take, samples: list[float], spent_s: float, until_s: float, least: int) -> float:
    """Appends until so many seconds have passed; gives the seconds."""
    while spent_s < until_s or len(samples) < least:
        samples.append(take())
        spent_s += samples[-1]
    return spent_s


def _block_medians(samples: Sequence[float], blocks: int = 20) -> list[float]:
    edges = [round(index * len(samples) / blocks) for index in range(blocks + 1)]
    return [statistics.median(samples[start:end]) for start, end in pairwise(edges)]


def _mean_half_width(values: Sequence[float]) -> float:
    error = statistics.stdev(values) / len(values) ** 0.5
    return t_quantile(0.975, len(values) - 1) * error / statistics.fmean(values)
