"""Middles of short lists, without the standard library's heavier modules."""

from collections.abc import Sequence


def median(values: Sequence[float]) -> float:
    """The median of at least one value."""
    ordered = sorted(values)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
