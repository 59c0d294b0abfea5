"""Gaussian blur of an image, as a lens out of focus gives it."""

import math
from typing import Any

from edgeprof.quality.parameters import Parameter, Values
from edgeprof.quality.perturbations.base import PixelPerturbation

_REACH = 3
"""Standard deviations that the kernel reaches: 99.7 % of its weight."""


def _blurred(pixels: Any, values: Values, stream: Any) -> Any:
    sigma_px = float(values["sigma_px"])
    if sigma_px == 0:
        return pixels
    return _along(_along(pixels, 0, sigma_px), 1, sigma_px)


def _along(pixels: Any, axis: int, sigma_px: float) -> Any:
    import numpy as np

    reach = max(1, math.ceil(_REACH * sigma_px))
    weights = [math.exp(-0.5 * (place / sigma_px) ** 2) for place in range(-reach, reach + 1)]
    edges = [(reach, reach) if index == axis else (0, 0) for index in range(pixels.ndim)]
    padded = np.pad(pixels, edges, mode="edge")
    size = pixels.shape[axis]
    parts = (weight * padded.take(range(start, start + size), axis) for start, weight in enumerate(weights))
    return sum(parts) / sum(weights)


BLUR = PixelPerturbation(
    name="blur",
    title="Gaussian blur",
    parameters=(Parameter(name="sigma_px", default=1.0, high=20, meaning="standard deviation in pixels"),),
    change=_blurred,
)
