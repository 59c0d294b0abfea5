"""The smallest difference that n paired items show in 4 of 5 cases: what `cannot tell` is worth."""

import math
from functools import lru_cache

from edgeprof.statistics.distributions import normal_quantile
from edgeprof.statistics.paired_shares import mcnemar_p, tango_interval

ALPHA, POWER = 0.05, 0.80
_EXACT_UP_TO = 400
"""Expected discordant items: with more of them the formula is as good as the sum, and takes no time."""
_REACH = 7
"""Standard deviations of the number of discordant items that the sum covers."""
_STEPS = 20


def is_shown(n: int, gained: int, lost: int) -> bool:
    """Whether a difference is claimed: McNemar's mid-p is at most 5 %, and the 95 % interval excludes 0."""
    if mcnemar_p(gained, lost) > ALPHA:
        return False
    low, high = tango_interval(n, gained, lost)
    return low > 0 or high < 0


def smallest_difference(n: int, discordance: float) -> float | None:
    """The smallest difference of shares, 0 to 1, that `n` items show with a power of 80 %; None: not even 1 would be.

    `discordance` is the share of items that exactly one model has right, observed or assumed. A difference cannot be
    larger than the discordance, so that of a larger difference is the difference itself. Up to 400 expected discordant
    items the power is the exact sum over their number; beyond, Connor's formula holds (Biometrics 1987, 43:207-211):

        n d² = (z(0.975) √p + z(0.80) √(p − d²))², p the discordance

    >>> round(100 * (smallest_difference(100, 0.0) or 0))
    7
    """
    if n * discordance > _EXACT_UP_TO:
        return _by_formula(n, discordance)
    if power(n, 1.0, 1.0) < POWER:
        return None
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if power(n, max(middle, discordance), middle) < POWER else (low, middle)
    return high


def power(n: int, discordance: float, difference: float) -> float:
    """How often a true difference is shown. With more than 400 expected discordant items, by the normal distribution.

    >>> power(100, 0.1, 0.0) < 0.05
    True
    """
    expected = n * discordance
    if expected > _EXACT_UP_TO:
        spread = math.sqrt(max(discordance - difference**2, 1e-300))
        z = (math.sqrt(n) * difference - normal_quantile(1 - ALPHA / 2) * math.sqrt(discordance)) / spread
        return 0.5 * math.erfc(-z / math.sqrt(2))
    reach = _REACH * math.sqrt(expected * (1 - discordance)) + _REACH
    total = 0.0
    for m in range(max(0, int(expected - reach)), min(n, math.ceil(expected + reach)) + 1):
        share = 0.5 * (1 + difference / discordance) if discordance else 0.5
        total += _binomial(n, m, discordance) * _shown(n, m, share)
    return min(1.0, total)


def _shown(n: int, m: int, share: float) -> float:
    """The probability that m discordant items, of which B wins each with `share`, show a difference."""
    fewest = _fewest_to_show(m)
    if fewest is None:
        return 0.0
    return _tail(m, fewest, share) + _tail(m, fewest, 1 - share)


@lru_cache(maxsize=8_192)
def _fewest_to_show(m: int) -> int | None:
    """How many of m discordant items must go one way. It does not depend on n: at 0 the score test is (b − c)² / m."""
    low, high = m // 2, m + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_shown(m, middle, m - middle) else (middle, high)
    return high if high <= m else None


def _tail(m: int, fewest: int, share: float) -> float:
    """P(at least `fewest` of m)."""
    if share <= 0 or share >= 1:
        return float(share >= 1 and fewest <= m)
    if fewest <= m * share:
        return 1 - _tail(m, m - fewest + 1, 1 - share)
    term = total = _binomial(m, fewest, share)
    for k in range(fewest, m):
        term *= (m - k) / (k + 1) * share / (1 - share)
        total += term
        if term < total * 1e-16:
            break
    return total


def _binomial(n: int, k: int, share: float) -> float:
    if share <= 0 or share >= 1:
        return float(k == (n if share >= 1 else 0))
    log = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return math.exp(log + k * math.log(share) + (n - k) * math.log1p(-share))


def _by_formula(n: int, discordance: float) -> float | None:
    low, high = 0.0, discordance
    for _ in range(2 * _STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if power(n, discordance, middle) < POWER else (low, middle)
    return high
