"""Percentiles with distribution-free 95 % intervals that know about autocorrelation; or how many samples one takes.

The percentile itself is an order statistic of the samples at hand: a fact, shown from `shown_from(p)` samples on.
The interval says where the percentile of all further samples lies: an inference, which these samples may refuse.

The interval lies between two order statistics and holds whatever the distribution: of n independent samples, the number
at or below the p-quantile is binomial (n, p), so that P(X(l) <= q < X(u)) is the sum of its probabilities from l to
u - 1 (David and Nagaraja, Order Statistics, 3rd ed., section 7.1; Hahn and Meeker, Statistical Intervals, section 5.2).
A series with autocorrelation time tau is taken as n / tau independent samples, each of which stands for tau ranks.

A worker uses this to decide when to stop, so neither this module nor what it imports brings a heavy one.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from edgeprof.statistics.autocorrelation import autocorrelation_time, short_series_time, time_by_chance

CONFIDENCE = 0.95
PERCENTILES = (0.5, 0.9, 0.95, 0.99, 0.999)
MIN_SAMPLES_FOR_VERDICT = 20
"""Below this, dependence cannot be told from chance, and samples are taken as independent."""
_MIN_TO_RULE_OUT, _MIN_TAIL_SAMPLES = 50, 500
_MORE_THAN_NEEDED = 5 / 3
_APART_S = 0.02
_ROUNDING = 1e-9
"""1 / (1 - 0.9) is 10.000000000000002."""


class Percentile(NamedTuple):
    """A percentile, its 95 % interval, and how many independent samples the n are worth there.

    `assumes_independence`: n is below `fewest_to_rule_out(p)`. Dependence that shows has widened the interval, but a
    strongly dependent run may look independent by chance, and then the interval does not hold.
    """

    p: float
    value: float
    low: float
    high: float
    n: int
    effective_n: int
    assumes_independence: bool = False


class TooFewSamples(NamedTuple):
    """A percentile that has no interval; `needed`: how many samples like these would give it one.

    `value`: the percentile of the samples at hand; None below `shown_from(p)` of them.
    """

    p: float
    n: int
    effective_n: int
    needed: int
    value: float | None = None

    @property
    def reason(self) -> str:
        """Why there is no interval, in one sentence."""
        like_them = "" if self.effective_n >= self.n else f", worth {self.effective_n:,} independent ones"
        return f"needs {self.needed:,} samples for a 95 % interval; this run has {self.n:,}{like_them}"

    @property
    def why_not_shown(self) -> str:
        """Why the percentile itself is missing, where `value` is None: that takes fewer samples than an interval."""
        return f"shown from {shown_from(self.p):,} samples on; this run has {self.n:,}"


def relative_half_width(value: float, low: float | None, high: float | None) -> float | None:
    """Half of an interval over its value, as a share; None where there is no interval, or nothing to take a share of.

    >>> relative_half_width(100.0, 98.0, 102.0)
    0.02
    """
    return None if low is None or high is None or value <= 0 else (high - low) / 2 / value


def percentile(samples: Sequence[float], p: float, apart: float = 1.0) -> Percentile | TooFewSamples:
    """One percentile of samples in the order in which they were taken. `apart`: see `percentiles`."""
    return percentiles(samples, (p,), apart)[0]


def percentiles(
    samples: Sequence[float], ps: Sequence[float] = PERCENTILES, apart: float = 1.0
) -> tuple[Percentile | TooFewSamples, ...]:
    """Several percentiles of samples in the order in which they were taken.

    tau is the largest of three: at the percentile itself, at the median (where it is known best) if it is more than
    chance makes it, and that of a short series. A percentile further out never needs fewer samples than one nearer to
    the median, and has no interval where the nearer one has none.

    `apart`: the median's interval counts at most one of so many neighbours as independent, whatever they look like; it
    refuses no interval. `apart_of` has the one for samples taken back to back.

    >>> one, = percentiles([3.0, 1.0, 2.0], [0.5])
    >>> one.value, one.needed
    (2.0, 6)
    """
    ordered = sorted(samples)
    n = len(ordered)
    if not ordered:
        return tuple(TooFewSamples(p, 0, 0, samples_needed(p)) for p in ps)
    least = bound = at_median = 1.0
    if n >= MIN_SAMPLES_FOR_VERDICT:
        at_median, (least, bound) = autocorrelation_time(samples, quantile(ordered, 0.5)), short_series_time(samples)
        if at_median > time_by_chance(n):
            least = max(least, at_median)
    found = {
        p: _percentile(
            samples, ordered, p, max(least, at_median if p == 0.5 else 1.0), max(bound, apart if p == 0.5 else 1.0)
        )
        for p in sorted(set(ps), key=_from_median)
    }
    _refuse_outwards(found)
    return tuple(found[p] for p in ps)


def _from_median(p: float) -> float:
    return abs(p - 0.5)


def _refuse_outwards(found: "dict[float, Percentile | TooFewSamples]") -> None:
    """tau is estimated at each percentile apart, so a p95 may seem to need fewer samples than a p90. It never does."""
    for above in (True, False):
        refused: TooFewSamples | None = None
        for p, one in found.items():
            if p != 0.5 and (p > 0.5) != above:
                continue
            if refused is not None and (isinstance(one, Percentile) or one.needed < refused.needed):
                needed = max(refused.needed, samples_needed(p))
                effective_n = min(refused.effective_n, one.effective_n)
                one = found[p] = TooFewSamples(p, one.n, effective_n, needed, one.value)
            if isinstance(one, TooFewSamples):
                refused = one


def _percentile(
    samples: Sequence[float], ordered: Sequence[float], p: float, least: float, bound: float
) -> Percentile | TooFewSamples:
    """With tau of at least `least`; as wide as `bound` asks, at most from the smallest to the largest sample."""
    value, n, needed = quantile(ordered, p), len(ordered), samples_needed(p)
    shown = value if n >= shown_from(p) else None
    if n < needed:
        return TooFewSamples(p, n, min(n, math.floor(n / least)), math.ceil(needed * least), shown)
    tau = max(least, autocorrelation_time(samples, value)) if n >= MIN_SAMPLES_FOR_VERDICT and p != 0.5 else least
    effective_n = math.floor(n / tau)
    if effective_n < needed:
        return TooFewSamples(p, n, effective_n, math.ceil(needed * tau), shown)
    effective_n = max(needed, min(effective_n, math.floor(n / bound)))
    first, last = _ranks(effective_n, p)
    each = n / effective_n
    low, high = math.floor((first - 1) * each), min(n, math.ceil(last * each)) - 1
    return Percentile(p, value, ordered[low], ordered[high], n, effective_n, n < fewest_to_rule_out(p))


def shown_from(p: float) -> int:
    """From how many samples on a percentile is shown, 1 / (1 - p): 2 for p50, 10 for p90, 20 for p95, 100 for p99.

    With fewer, less than one sample lies beyond it: the percentile would be the largest one by another name.
    """
    return math.ceil(1 / min(p, 1 - p) - _ROUNDING)


def apart_of(count: int, taken_in_s: float) -> float:
    """How many of `count` samples, taken back to back in so many seconds, lie within 20 ms: the `apart` of a window.

    What slows a machine down (a tick of the scheduler, a step of the clock, another program's turn) lasts for some
    10 ms, and slower changes may not show at all in half a second. A model of 20 us would otherwise have an interval
    that is 30 times narrower than its next run is likely to lie off. The length was found by simulation
    (benchmarks/time_to_figure.py): with it, short windows hold the true median as often as windows of 2 to 10 s did.
    """
    return max(1.0, count * _APART_S / taken_in_s) if taken_in_s > 0 else 1.0


def fewest_to_rule_out(p: float) -> int:
    """From how many samples on an interval does not rest on the assumption that they are independent.

    Found by simulation (docs/statistics.md): of the intervals given to first-order autoregressions of 0.3, 0.6 and 0.9,
    at least 93 % hold from 50 samples on for the median, elsewhere from 500, or 5/3 of what the percentile takes.
    """
    if p == 0.5:
        return _MIN_TO_RULE_OUT
    return max(_MIN_TAIL_SAMPLES, math.ceil(_MORE_THAN_NEEDED * samples_needed(p)))


def quantile(ordered: Sequence[float], p: float) -> float:
    """The p-quantile of sorted samples, linear between neighbours (type 7 of Hyndman and Fan; numpy's default)."""
    position = p * (len(ordered) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])


def quantile_interval(ordered: Sequence[float], p: float) -> tuple[float, float] | None:
    """The interval of sorted samples that are known to be independent; None with too few."""
    if len(ordered) < samples_needed(p):
        return None
    first, last = _ranks(len(ordered), p)
    return ordered[first - 1], ordered[last - 1]


@lru_cache(maxsize=64)
def samples_needed(p: float) -> int:
    """The fewest independent samples whose smallest and largest enclose the p-quantile: 1 - p^n - (1 - p)^n >= 95 %."""
    n = 2
    while 1 - p**n - (1 - p) ** n < CONFIDENCE:
        n += 1
    return n


@lru_cache(maxsize=4096)
def _ranks(n: int, p: float) -> tuple[int, int]:
    """The narrowest pair of ranks (from 1) that encloses the p-quantile of n independent samples with 95 %."""
    low = high = min(max(round(n * p), 1), n - 1)  # counts of samples at or below the quantile, 1 to n - 1
    covered = _binomial(low, n, p)
    while covered < CONFIDENCE:
        below = _binomial(low - 1, n, p) if low > 1 else 0.0
        above = _binomial(high + 1, n, p) if high < n - 1 else 0.0
        if below >= above and low > 1:
            low, covered = low - 1, covered + below
        else:
            high, covered = high + 1, covered + above
    return low, high + 1


def _binomial(k: int, n: int, p: float) -> float:
    log_ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return math.exp(log_ways + k * math.log(p) + (n - k) * math.log1p(-p))
