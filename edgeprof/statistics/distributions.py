"""Quantiles of Student's t and chi-squared, by inversion of the regularized incomplete beta and gamma functions.

The standard library has the normal distribution only. Both functions are the series and continued fractions of Press
et al., Numerical Recipes, 3rd ed., sections 6.2 and 6.4.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from statistics import NormalDist

_TERMS = 10_000
_EPSILON = 1e-14
_TINY = 1e-300
_STEPS, _CLOSE = 200, 1e-11


def normal_quantile(p: float) -> float:
    """The p-quantile of the standard normal distribution."""
    return NormalDist().inv_cdf(p)


@lru_cache(maxsize=4096)
def t_quantile(p: float, degrees: float) -> float:
    """The p-quantile (p of at least 0.5) of Student's t with any positive number of degrees of freedom.

    By Newton's method from the normal quantile, which is never above it: right of 0 the distribution bends downwards,
    so that every step ends short of the root.
    """
    t = normal_quantile(p)
    if degrees > 1e6:
        return t
    for _ in range(_STEPS):
        below = 1 - 0.5 * _beta_share(degrees / (degrees + t * t), degrees / 2, 0.5)
        step = (p - below) / _t_density(t, degrees)
        t += step
        if step <= _CLOSE * t:
            break
    return t


@lru_cache(maxsize=4096)
def chi2_quantile(p: float, degrees: float) -> float:
    """The p-quantile of chi-squared."""
    return _root(lambda x: _gamma_share(degrees / 2, x / 2), p)


def _t_density(t: float, degrees: float) -> float:
    log_factor = math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2) - 0.5 * math.log(degrees * math.pi)
    return math.exp(log_factor - (degrees + 1) / 2 * math.log1p(t * t / degrees))


def _root(rising: Callable[[float], float], target: float) -> float:
    """Where a function that rises from x = 0 on reaches the target."""
    low, high = 0.0, 1.0
    while rising(high) < target:
        low, high = high, 2 * high
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < target else (low, middle)
    return (low + high) / 2


def _gamma_share(a: float, x: float) -> float:
    """P(a, x), by its series; it converges for every x, fast enough for the x that quantiles visit."""
    if x <= 0:
        return 0.0
    term = total = 1 / a
    for k in range(1, _TERMS):
        term *= x / (a + k)
        total += term
        if term < total * _EPSILON:
            break
    return min(1.0, total * math.exp(a * math.log(x) - x - math.lgamma(a)))


def _beta_share(x: float, a: float, b: float) -> float:
    """I_x(a, b)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _beta_fraction(x, a, b) / a
    return 1 - front * _beta_fraction(1 - x, b, a) / b


def _beta_fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function, by Lentz's method."""
    c, d = 1.0, 1 / _kept_off_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            d = 1 / _kept_off_zero(1 + step * d)
            c = _kept_off_zero(1 + step / c)
            value *= c * d
        if abs(c * d - 1) < _EPSILON:
            break
    return value


def _kept_off_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
