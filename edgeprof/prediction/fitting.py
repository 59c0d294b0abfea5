"""Coefficients of the roofline's terms from measured steps: least absolute error of the logarithm, none negative."""

import math
from collections.abc import Sequence

import msgspec

from edgeprof.prediction.roofline import Terms

MIN_EXAMPLES = 5
_SMALLEST = 1e-4
"""A coefficient this small leaves its term without weight; zero has no logarithm to search on."""


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One measured step."""

    terms: Terms
    step_s: float
    weight: float = 1.0


def fit(examples: Sequence[Example]) -> Terms | None:
    """The coefficients; None below 5 examples.

    >>> fit([Example(terms=(x,), step_s=1.25 * x) for x in (1.0, 2.0, 3.0, 4.0, 5.0)])
    (1.25,)
    """
    if len(examples) < MIN_EXAMPLES:
        return None
    width = len(examples[0].terms)
    starts = [[1.0 if i == j else 0.3 for j in range(width)] for i in range(width)]
    best = min((_descend(examples, start) for start in starts), key=lambda found: _cost(examples, found))
    return tuple(round(each, 3) for each in best)


def time_s(coefficients: Terms, terms: Terms) -> float:
    """The predicted step.

    >>> time_s((2.0, 1.0), (0.1, 0.3))
    0.5
    """
    return sum(c * t for c, t in zip(coefficients, terms, strict=True))


def _descend(examples: Sequence[Example], start: list[float]) -> list[float]:
    """One coordinate after the other, in steps of a factor that shrinks; ends below 0.1 %."""
    found, factor = list(start), 2.0
    while factor > 1.001:
        better = False
        for i in range(len(found)):
            for step in (factor, 1 / factor):
                trial = [*found[:i], max(_SMALLEST, found[i] * step), *found[i + 1 :]]
                if _cost(examples, trial) < _cost(examples, found) - 1e-12:
                    found, better = trial, True
        if not better:
            factor = math.sqrt(factor)
    return found


def _cost(examples: Sequence[Example], coefficients: Sequence[float]) -> float:
    return sum(each.weight * abs(math.log(time_s(tuple(coefficients), each.terms) / each.step_s)) for each in examples)
