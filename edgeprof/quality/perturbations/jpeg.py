"""JPEG compression of an image and back, as a camera or a chat application does. Needs Pillow."""

import io
from typing import Any

from edgeprof.errors import UsageError
from edgeprof.quality.parameters import Parameter, Values
from edgeprof.quality.perturbations.base import PixelPerturbation
from edgeprof.quality.perturbations.pillow import pillow


def _compressed(pixels: Any, values: Values, stream: Any) -> Any:
    import numpy as np

    if pixels.shape[2] not in (1, 3):
        raise UsageError(
            "bad_perturbation",
            f"jpeg takes grey or RGB images; these have {pixels.shape[2]} channels. Use another step.",
        )
    image_of = pillow().fromarray
    whole = (np.clip(pixels, 0, 1) * 255).round().astype(np.uint8)
    image = image_of(whole[:, :, 0] if whole.shape[2] == 1 else whole)
    packed = io.BytesIO()
    image.save(packed, "JPEG", quality=int(values["quality"]))
    back = np.asarray(pillow().open(packed, formats=("JPEG",)), np.float64) / 255
    return back.reshape(pixels.shape)


JPEG = PixelPerturbation(
    name="jpeg",
    title="JPEG compression",
    parameters=(Parameter(name="quality", default=20, low=1, high=95, meaning="libjpeg's quality, 1 to 95"),),
    change=_compressed,
)
