"""A device's noise floor, learned from runs of one and the same set-up (A/A): what two of them may differ by.

The logarithms of k run medians have the standard deviation s. The ratio of two such runs lies within
exp(+- 1.96 sqrt(2) s) with 95 %. As s is itself an estimate, its upper 90 % bound s sqrt((k - 1) / chi2(0.10; k - 1))
takes its place: a tolerance limit (Hahn and Meeker, Statistical Intervals, chapter 4), so that with 90 % confidence at
most 5 % of *later* A/A pairs differ by more, not only on the average over all calibrations that could have been.

The spread of run medians holds the uncertainty of each median, too. How large that was is kept, so that a verdict adds
only what its own runs leave open beyond it.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof.statistics.distributions import chi2_quantile, normal_quantile
from edgeprof.statistics.estimate import Estimate

MIN_RUNS = 5
_SURE = 0.90
_Z_95 = normal_quantile(0.975)


@dataclass(frozen=True)
class LearnedFloor:
    """What two runs of the same set-up differ by, as a share (0.03: 3 %), learned from `runs` runs.

    `expected` is the plain estimate with its 95 % interval; `floor`, which verdicts use, is its upper 90 % bound.
    `within_run`: how far the 95 % interval of one of their medians reached, as a share.
    `date` is the caller's (ISO 8601).
    """

    floor: float
    expected: float
    low: float
    high: float
    within_run: float
    runs: int
    date: str


def noise_floor(runs: Sequence[Estimate], date: str) -> LearnedFloor:
    """The floor from at least 5 runs of one set-up; with fewer, ValueError."""
    if len(runs) < MIN_RUNS:
        raise ValueError(f"A noise floor needs at least {MIN_RUNS} runs; this has {len(runs)}.")
    degrees = len(runs) - 1
    spread = statistics.stdev([math.log(run.value) for run in runs])
    reaches = [math.log(run.high / run.low) / 2 for run in runs]
    return LearnedFloor(
        floor=_share(_bound(spread, degrees, 1 - _SURE)),
        expected=_share(spread),
        low=_share(_bound(spread, degrees, 0.975)),
        high=_share(_bound(spread, degrees, 0.025)),
        within_run=math.expm1(math.sqrt(statistics.fmean([reach**2 for reach in reaches]))),
        runs=len(runs),
        date=date,
    )


def _bound(spread: float, degrees: int, p: float) -> float:
    """The bound on a standard deviation that leaves p of chi-squared below."""
    return spread * math.sqrt(degrees / chi2_quantile(p, degrees))


def _share(spread: float) -> float:
    """The share that two runs differ by at most, with 95 %."""
    return math.expm1(_Z_95 * math.sqrt(2) * spread)
