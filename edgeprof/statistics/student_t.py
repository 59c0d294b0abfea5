"""Quantiles of Student's t, by inversion of the regularized incomplete beta function.

By its continued fraction: Press et al., Numerical Recipes, 3rd ed., section 6.4. It imports nothing that an interpreter
has not loaded, because the worker, whose start is measured, has it too.
"""

import math
from functools import lru_cache

_TERMS = 10_000
_EPSILON = 1e-14
_TINY = 1e-300
_STEPS, _CLOSE = 200, 1e-11
MAX_DEGREES = 1e6
"""More are taken as so many: t is normal to 6 digits there, and the gamma function's logarithms lose theirs."""


@lru_cache(maxsize=4096)
def quantile(p: float, degrees: float) -> float:
    """The p-quantile (p of at least 0.5) of Student's t with any positive number of degrees of freedom.

    By Newton's method from 0: right of it the distribution bends downwards, so that every step ends short of the root.
    """
    degrees = min(degrees, MAX_DEGREES)
    t = 0.0
    for _ in range(_STEPS):
        below = 1 - 0.5 * _beta_share(degrees / (degrees + t * t), degrees / 2, 0.5)
        step = (p - below) / _density(t, degrees)
        t += step
        if step <= _CLOSE * t:
            break
    return t


def _density(t: float, degrees: float) -> float:
    log_factor = math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2) - 0.5 * math.log(degrees * math.pi)
    return math.exp(log_factor - (degrees + 1) / 2 * math.log1p(t * t / degrees))


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
