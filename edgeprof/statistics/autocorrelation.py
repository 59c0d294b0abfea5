"""How many independent samples a series is worth where a percentile is asked.

The empirical percentile of a stationary series of n samples is as uncertain as that of n / tau independent ones, where
tau is the integrated autocorrelation time of the 0/1 series "this sample lies at or below the percentile" (Heidelberger
and Lewis 1984). The 0/1 series has every moment, so that tau exists for the heaviest tails.

Two estimates, of which the larger counts. Autocorrelations summed up to a window see what neighbours share. Where each
sample is mostly noise of its own on top of a speed that wanders slowly, every autocorrelation is small and the window
closes too early; the means of blocks see that (batch means: Law and Kelton, Simulation Modeling and Analysis, 9.5.3).
"""

import math
from collections.abc import Sequence
from itertools import pairwise

from edgeprof.statistics.distributions import chi2_quantile, normal_quantile, t_quantile

_WINDOW = 5.0
_FEW, _VERY_FEW = 200, 100
_STRONG = 3.0
_MIN_WORTH = 6
_EVERY_LAG_TO = 64
_MIN_FOR_BLOCKS, _MIN_BLOCKS, _MAX_BLOCKS = 100, 6, 512
_AS_DIGITS = bytes([ord("0"), ord("1"), *range(2, 256)])


def autocorrelation_time(samples: Sequence[float], threshold: float) -> float:
    """tau of "at or below the threshold", at least 1, which is that of independent samples."""
    flags = bytes(map(float(threshold).__ge__, samples))
    if not 0 < flags.count(1) < len(flags):
        return 1.0
    tau = max(1.0, _time_in_window(flags))
    return _time_of_blocks(flags, tau) if len(flags) >= _MIN_FOR_BLOCKS else tau


def _time_in_window(flags: bytes) -> float:
    """tau by Sokal's window (1997, section 3): autocorrelations summed up to the first lag M >= 5 (tau / 2).

    The sum is too low by (2 M + 1) / n, because the mean is taken off the same series; that is given back (Wolff 2004,
    equation 49). Where dependence is strong, tau itself is known badly: it has about n / (2 M + 1) degrees of freedom
    (Madras and Sokal 1988). The sum stops where n / tau falls below the 6 samples without which no percentile has an
    interval. Beyond lag 64 every second covariance is worked out, beyond 128 every fourth and so on, with straight
    lines between: 100,000 samples that drift from start to end would take thousands of them.
    """
    n, ones = len(flags), flags.count(1)
    bits = int(flags.translate(_AS_DIGITS), 2)
    variance = ones / n * (1 - ones / n)
    tau, lag, earlier = 1.0, 0, 1.0
    while lag < n // 2 and (lag == 0 or (lag < _WINDOW * tau / 2 and tau * _MIN_WORTH <= n)):
        step = min(_step_after(lag), n // 2 - lag)
        lag += step
        correlation = _covariance(bits, n, ones, lag) / variance
        tau += 2 * step * earlier + (step + 1) * (correlation - earlier)
        earlier = correlation
    tau *= 1 + (2 * lag + 1) / n
    return tau if tau < _STRONG else tau * _for_its_own_error(max(1.0, n / (2 * lag + 1)))


def _time_of_blocks(flags: bytes, tau: float) -> float:
    """tau, or more where the shares of ones in blocks differ by more than tau explains (chi-squared, 5 %).

    Blocks of doubling size, at most 512 and at least 6 of them, long enough that each holds one of the rarer value.
    With m blocks, tau is known with m - 1 degrees of freedom.
    """
    n, ones = len(flags), flags.count(1)
    size = 4
    while size < max(n / min(ones, n - ones), n / _MAX_BLOCKS):
        size *= 2
    counts = [flags[start : start + size].count(1) for start in range(n % size, n, size)]
    largest = tau
    while len(counts) >= _MIN_BLOCKS:
        degrees = len(counts) - 1
        found = _variance(counts) / (size * ones / n * (1 - ones / n))
        if found > tau * chi2_quantile(0.95, degrees) / degrees:
            largest = max(largest, found * _for_its_own_error(degrees))
        counts = [a + b for a, b in zip(counts[len(counts) % 2 :: 2], counts[len(counts) % 2 + 1 :: 2], strict=True)]
        size *= 2
    return largest


def _variance(counts: Sequence[int]) -> float:
    """Exact in integers; statistics.variance is 20 times slower."""
    m, total = len(counts), sum(counts)
    return (m * sum(count * count for count in counts) - total * total) / (m * (m - 1))


def _for_its_own_error(degrees: float) -> float:
    """What tau is multiplied by so that an interval holds although tau is an estimate: Student's t for 1.96."""
    return (t_quantile(0.975, degrees) / normal_quantile(0.975)) ** 2


def time_by_chance(n: int) -> float:
    """The tau that one in twenty series of n independent samples exceeds.

    Its variance is 2 (2 M + 1) tau^2 / n (Madras and Sokal 1988), and tau = 1 ends the window at M = 3.
    """
    return 1 + normal_quantile(0.95) * math.sqrt(14 / n)


def _step_after(lag: int) -> int:
    return 1 if lag < _EVERY_LAG_TO else 1 << (lag // _EVERY_LAG_TO).bit_length()


def _covariance(bits: int, n: int, ones: int, lag: int) -> float:
    """Of a 0/1 series and itself `lag` later, divided by n. The series is an integer's bits, the first one highest."""
    earlier = bits >> lag
    both = (bits & earlier).bit_count()
    without_last, without_first = earlier.bit_count(), ones - (bits >> (n - lag)).bit_count()
    share = ones / n
    return (both - share * (without_last + without_first) + (n - lag) * share * share) / n


def short_series_time(samples: Sequence[float]) -> tuple[float, float]:
    """tau of a series of fewer than 200 samples as if it were a first-order autoregression, and a bound on it; else 1.

    The sum above is too uncertain there. The correlation r of neighbours' ranks, from the rank version of von Neumann's
    ratio (Bartels 1982), gets Kendall's bias (1 + 3 r) / n back (1954) and makes tau = (1 + r) / (1 - r). Of fewer than
    100 samples that show dependence (r above 2 / sqrt(n)), the bound is tau of r plus two of its standard errors.
    """
    n = len(samples)
    if n >= _FEW:
        return 1.0, 1.0
    r = 1 - _rank_von_neumann_ratio(samples) / 2
    r = min(r + (1 + 3 * r) / n, 1 - 2 / n)
    if n >= _VERY_FEW or r <= 2 / math.sqrt(n):
        return _time_of(r), _time_of(r)
    return _time_of(r), _time_of(min(r + 2 * math.sqrt((1 - r * r) / n), 1 - 2 / n))


def _time_of(r: float) -> float:
    return max(1.0, (1 + r) / (1 - r))


def _rank_von_neumann_ratio(samples: Sequence[float]) -> float:
    """Squared steps between neighbours' mid-ranks over the ranks' squared deviations: 2 where order tells nothing."""
    n = len(samples)
    ordered = sorted(samples)
    rank: dict[float, float] = {}
    for position, sample in enumerate(ordered):
        rank.setdefault(sample, position + (_run_length(ordered, position) - 1) / 2)
    ranks = [rank[sample] for sample in samples]
    deviations = sum((value - (n - 1) / 2) ** 2 for value in ranks)
    if deviations == 0:
        return 2.0
    return sum((a - b) ** 2 for a, b in pairwise(ranks)) / deviations


def _run_length(ordered: Sequence[float], start: int) -> int:
    end = start
    while end < len(ordered) and ordered[end] == ordered[start]:
        end += 1
    return end - start
