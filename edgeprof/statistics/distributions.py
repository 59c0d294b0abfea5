"""Quantiles of the normal distribution, of Student's t (student_t.py) and of chi-squared.

The standard library has the normal distribution only, in a module that brings decimal, fractions and random with it,
and a worker has this one loaded while its memory is measured. Chi-squared is by inversion of the regularized incomplete
gamma function, by its series (Press et al., Numerical Recipes, 3rd ed., section 6.2).
"""

import math
from collections.abc import Callable
from functools import lru_cache

from edgeprof.statistics import student_t

_TERMS = 10_000
_EPSILON = 1e-14
_STEPS, _CLOSE = 200, 1e-13
_ROOT_2, _ROOT_2_PI = math.sqrt(2), math.sqrt(2 * math.pi)


@lru_cache(maxsize=256)
def normal_quantile(p: float) -> float:
    """The p-quantile of the standard normal distribution, by Newton's method on the complementary error function.

    It starts at the median. Beyond it the distribution bends towards 1, so that every step ends short of the root.
    """
    if not 0 < p < 1:
        raise ValueError("p is not between 0 and 1")
    tail, z = min(p, 1 - p), 0.0
    for _ in range(_STEPS):
        step = (0.5 * math.erfc(z / _ROOT_2) - tail) * _ROOT_2_PI * math.exp(z * z / 2)
        z += step
        if abs(step) <= _CLOSE * z:
            break
    return z if p >= 0.5 else -z


def t_quantile(p: float, degrees: float) -> float:
    """The p-quantile (p of at least 0.5) of Student's t, which is normal with very many degrees of freedom."""
    return normal_quantile(p) if degrees > student_t.MAX_DEGREES else student_t.quantile(p, degrees)


@lru_cache(maxsize=4096)
def chi2_quantile(p: float, degrees: float) -> float:
    """The p-quantile of chi-squared."""
    return _root(lambda x: _gamma_share(degrees / 2, x / 2), p)


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


Z_95 = normal_quantile(0.975)
"""The 97.5 % quantile of the normal distribution: half of a 95 % interval in standard errors."""
