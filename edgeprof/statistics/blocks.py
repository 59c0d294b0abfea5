"""A series in time as equal blocks, each told by its median."""

import statistics
from collections.abc import Sequence
from itertools import pairwise

MIN_SAMPLES = 20
_FEW_BLOCKS, _BLOCKS, _LONG = 10, 20, 200


def block_medians(samples: Sequence[float]) -> list[float]:
    """Medians of 10 blocks (20 from 200 samples on) in time order; empty below 20 samples."""
    n = len(samples)
    if n < MIN_SAMPLES:
        return []
    return medians_of_blocks(samples, _BLOCKS if n >= _LONG else _FEW_BLOCKS)


def medians_of_blocks(samples: Sequence[float], count: int) -> list[float]:
    """Medians of `count` blocks in time order; there are at least as many samples."""
    edges = [round(index * len(samples) / count) for index in range(count + 1)]
    return [statistics.median(samples[start:end]) for start, end in pairwise(edges)]
