"""What a cost refuses: a number that no formula can use, each with a sentence that names it."""

import math

from edgeprof.errors import UsageError


class CostError(UsageError):
    """A cost cannot be computed from these inputs."""


def finite(value: float, name: str) -> float:
    """`value`; NaN and infinity are refused."""
    if not math.isfinite(value):
        raise CostError("cost_input", f"{name} must be a finite number, not {value}.")
    return value


def at_least_zero(value: float, name: str) -> float:
    """`value`, finite, which may be zero."""
    if finite(value, name) < 0:
        raise CostError("cost_input", f"{name} must not be negative: {value:g}.")
    return value


def above_zero(value: float, name: str) -> float:
    """`value`, finite, by which something is divided."""
    if finite(value, name) <= 0:
        raise CostError("cost_input", f"{name} must be greater than zero: {value:g}.")
    return value
