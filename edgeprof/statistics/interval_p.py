"""A p-value out of an interval: at which confidence does its end reach a bound?"""

import math
from collections.abc import Callable

_MAX_Z = 8.0
_STEPS = 40


def p_above(interval: Callable[[float], tuple[float, float]], bound: float) -> float:
    """One-sided p of the claim that the truth is at or above `bound`: half of what the widest such interval leaves.

    `interval` gives both ends for a confidence from 0 to 1, and widens with it. 1 where even the narrowest lies below.

    >>> round(p_above(lambda confidence: (2 - 4 * confidence, 2 + 4 * confidence), 0.0), 3)
    0.25
    """
    return _p(lambda z: interval(math.erf(z / math.sqrt(2)))[0] >= bound)


def p_below(interval: Callable[[float], tuple[float, float]], bound: float) -> float:
    """One-sided p of the claim that the truth lies below `bound`."""
    return _p(lambda z: interval(math.erf(z / math.sqrt(2)))[1] < bound)


def _p(holds_at: Callable[[float], bool]) -> float:
    if not holds_at(1e-6):
        return 1.0
    low, high = 0.0, _MAX_Z
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if holds_at(middle) else (low, middle)
    return 0.5 * math.erfc(low / math.sqrt(2))
