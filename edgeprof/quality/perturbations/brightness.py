"""A brighter or darker image; what leaves the range is clipped, as a sensor does."""

from typing import Any

from edgeprof.quality.parameters import Parameter, Values
from edgeprof.quality.perturbations.base import PixelPerturbation


def _shifted(pixels: Any, values: Values, stream: Any) -> Any:
    return pixels + float(values["shift"])


BRIGHTNESS = PixelPerturbation(
    name="brightness",
    title="Brightness",
    parameters=(
        Parameter(name="shift", default=0.2, low=-1, meaning="added to every pixel, as a share of the white level"),
    ),
    change=_shifted,
)
