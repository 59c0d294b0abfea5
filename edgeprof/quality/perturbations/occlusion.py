"""A grey square over a part of an image, as a hand or dirt on the lens."""

import math
from typing import Any

from edgeprof.quality.parameters import Parameter, Values
from edgeprof.quality.perturbations.base import PixelPerturbation

GREY = 0.5


def _covered(pixels: Any, values: Values, stream: Any) -> Any:
    height, width = pixels.shape[:2]
    side = math.sqrt(float(values["share"]))
    rows, columns = round(side * height), round(side * width)
    top, left = stream.randint(0, height - rows + 1), stream.randint(0, width - columns + 1)
    changed = pixels.copy()
    changed[top : top + rows, left : left + columns] = GREY
    return changed


OCCLUSION = PixelPerturbation(
    name="occlusion",
    title="Occlusion",
    parameters=(Parameter(name="share", default=0.1, meaning="share of the image that is covered"),),
    change=_covered,
)
