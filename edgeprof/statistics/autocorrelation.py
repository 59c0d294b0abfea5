"""How many independent samples a series is worth where a percentile is asked.

The empirical percentile of a stationary series of n samples is as uncertain as that of n / tau independent ones, where
tau is the integrated autocorrelation time of the 0/1 series "this sample lies at or below the percentile" (Heidelberger
and Lewis 1984). The 0/1 series has every moment, so that tau exists for the heaviest tails.
"""

from collections.abc import Sequence
from itertools import pairwise

from edgeprof.statistics.distributions import normal_quantile, t_quantile

_WINDOW = 5.0
_FEW = 200
_STRONG = 3.0
_FEWEST_WORTH = 6


def autocorrelation_time(samples: Sequence[float], threshold: float) -> float:
    """tau of "at or below the threshold", 1 for independent samples, by Sokal's window (1997, section 3).

    Lags are summed up to the first M >= 5 (tau / 2). The sum is too low by (2 M + 1) / n, because the mean is taken off
    the same series; that is given back (Wolff 2004, equation 49). Where dependence is strong, tau itself is known
    badly: it has about n / (2 M + 1) degrees of freedom (Madras and Sokal 1988), and Student's t takes the place of
    1.96. The sum stops where n / tau falls below the 6 samples without which no percentile has an interval.
    """
    n = len(samples)
    bits = int("".join(["1" if sample <= threshold else "0" for sample in samples]), 2)
    ones = bits.bit_count()
    share = ones / n
    variance = share * (1 - share)
    if variance == 0:
        return 1.0
    tau, lag = 1.0, 0
    for lag in range(1, n // 2 + 1):
        tau += 2 * _covariance(bits, n, ones, lag) / variance
        if lag >= _WINDOW * tau / 2 or tau * _FEWEST_WORTH > n:
            break
    return max(1.0, _with_its_own_error(tau * (1 + (2 * lag + 1) / n), n / (2 * lag + 1)))


def _with_its_own_error(tau: float, degrees: float) -> float:
    if tau < _STRONG:
        return tau
    return tau * (t_quantile(0.975, max(1.0, degrees)) / normal_quantile(0.975)) ** 2


def _covariance(bits: int, n: int, ones: int, lag: int) -> float:
    """Of a 0/1 series and itself `lag` later, divided by n. The series is an integer's bits, the first one highest."""
    earlier = bits >> lag
    both = (bits & earlier).bit_count()
    without_last, without_first = earlier.bit_count(), ones - (bits >> (n - lag)).bit_count()
    share = ones / n
    return (both - share * (without_last + without_first) + (n - lag) * share * share) / n


def short_series_time(samples: Sequence[float]) -> float:
    """tau of a series of fewer than 200 samples as if it were a first-order autoregression; 1 for a longer one.

    The sum above is too uncertain there. The correlation r of neighbours' ranks, from the rank version of von Neumann's
    ratio (Bartels 1982), gets Kendall's bias (1 + 3 r) / n back (1954) and makes tau = (1 + r) / (1 - r).
    """
    n = len(samples)
    if n >= _FEW:
        return 1.0
    r = 1 - _rank_von_neumann_ratio(samples) / 2
    r = min(r + (1 + 3 * r) / n, 1 - 2 / n)
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
