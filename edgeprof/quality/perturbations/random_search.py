"""A small step against a model's own scores, found by trying: random squares within a bound on every pixel.

The search of Square Attack (Andriushchenko et al., ECCV 2020, arXiv:1912.00049) in its plainest form: it needs no
gradient, and so it serves any runtime. What it finds is an upper bound on robustness; another search may find more.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

FIRST_SIDE_SHARE = 0.5
"""Of the image's side, at the first try; it shrinks to one pixel."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """The changed image, its margin before and after, and how often the model was asked."""

    pixels: Any
    before: float
    after: float
    calls: int

    @property
    def is_fooled(self) -> bool:
        """Whether the right class lost its lead."""
        return self.before > 0 >= self.after


def random_search(pixels: Any, margin: Callable[[Any], float], epsilon: float, tries: int, stream: Any) -> Found:
    """The image within `epsilon` of `pixels` (each value, 0 to 1) with the smallest margin that was found.

    `margin`: the score of the right class minus the largest other one; the search ends where it is not above 0.
    `stream`: a `numpy.random.RandomState`. An image that is wrong to begin with stays as it is.
    """
    import numpy as np

    best, before = pixels, margin(pixels)
    smallest, calls = before, 1
    while smallest > 0 and calls <= tries:
        side_share = FIRST_SIDE_SHARE * (1 - (calls - 1) / max(1, tries))
        height, width, channels = pixels.shape
        rows, columns = (max(1, math.floor(side_share * size)) for size in (height, width))
        top, left = stream.randint(0, height - rows + 1), stream.randint(0, width - columns + 1)
        step = epsilon * (2 * stream.randint(0, 2, channels) - 1)
        trial = best.copy()
        square = (slice(top, top + rows), slice(left, left + columns))
        trial[square] = np.clip(pixels[square] + step, 0, 1)
        found = margin(trial)
        calls += 1
        if found < smallest:
            best, smallest = trial, found
    return Found(pixels=best, before=before, after=smallest, calls=calls)
