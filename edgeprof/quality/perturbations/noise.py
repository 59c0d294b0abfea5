"""Gaussian noise on an image, as a sensor in the dark gives it."""

from typing import Any

from edgeprof.quality.parameters import Parameter, Values
from edgeprof.quality.perturbations.base import PixelPerturbation


def _noisy(pixels: Any, values: Values, stream: Any) -> Any:
    return pixels + stream.normal(0.0, float(values["sigma"]), pixels.shape)


NOISE = PixelPerturbation(
    name="noise",
    title="Gaussian noise",
    parameters=(Parameter(name="sigma", default=0.1, meaning="standard deviation, as a share of the white level"),),
    change=_noisy,
)
