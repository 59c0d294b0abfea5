"""Middles of short lists, without the standard library's heavier modules."""

from collections.abc import Sequence
from itertools import pairwise


def median(values: Sequence[float]) -> float:
    """The median of at least one value."""
    ordered = sorted(values)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def block_medians(samples: Sequence[float], blocks: int) -> list[float]:
    """Medians of `blocks` equal parts, in order. `samples` holds at least as many."""
    edges = [round(index * len(samples) / blocks) for index in range(blocks + 1)]
    return [median(samples[start:end]) for start, end in pairwise(edges)]
