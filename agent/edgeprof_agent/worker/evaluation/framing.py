"""An image in the frame of a detector's or reader's input, and boxes back from there. Imports numpy.

Keys of `preparation`, as well as those of image classification:

- `fit`: `stretch` (default; both sides to the input's), `letterbox` (the whole image in the middle) or `top-left`.
- `pad`: the pixel value around a fitted image, 0 to 255. Default: 114, as YOLO's letterbox has it.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from edgeprof_agent.worker.evaluation.preparation import Preparation
from edgeprof_agent.worker.evaluation.tensors import Floats
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure

_FITS = ("stretch", "letterbox", "top-left")
_GREY = 114


class Placed(NamedTuple):
    """Where an image lies in a frame, in pixels of the frame: `frame = image * scale + offset`, on each axis."""

    scale_x: float
    scale_y: float
    left: int
    top: int
    frame_width: int
    frame_height: int
    width: int
    """Of the image itself, as `height`."""
    height: int

    def to_image(self, boxes: Floats) -> Floats:
        """Boxes [n, 4] as x1, y1, x2, y2 of the frame, in pixels of the image and cut at its edges."""
        scales = np.array([self.scale_x, self.scale_y] * 2, np.float32)
        offsets = np.array([self.left, self.top] * 2, np.float32)
        limits = np.array([self.width, self.height] * 2, np.float32)
        return np.clip((boxes - offsets) / scales, 0, limits)


class Framing:
    """How every image of a set comes into the frame."""

    def __init__(self, preparation: Preparation, keys: Mapping[str, Any]) -> None:
        """Raises RuntimeFailure `bad_set` for a fit that is not known, or an input whose size nobody states."""
        if preparation.height is None or preparation.width is None:
            raise RuntimeFailure("bad_set", "The model's input has no fixed size. Add 'size' to the set's preparation.")
        self._size = preparation.height, preparation.width
        self._preparation = replace(preparation, short_side=None)
        self._fit = keys.get("fit", "stretch")
        if self._fit not in _FITS:
            raise RuntimeFailure("bad_set", f"The set's fit {self._fit!r} is not one of {', '.join(_FITS)}.")
        self._pad = int(keys.get("pad", _GREY))

    def framed(self, image: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.uint8], Placed]:
        """[frame height, frame width, channels], and where the image lies in it."""
        height, width = image.shape[:2]
        frame_height, frame_width = self._size
        if self._fit == "stretch":
            fitted = cast(npt.NDArray[np.uint8], self._preparation.fitted(image))
            return fitted, Placed(
                frame_width / width, frame_height / height, 0, 0, frame_width, frame_height, width, height
            )
        scale = min(frame_height / height, frame_width / width)
        inner_height, inner_width = max(1, round(height * scale)), max(1, round(width * scale))
        inner = replace(self._preparation, height=inner_height, width=inner_width).fitted(image)
        top, left = 0, 0
        if self._fit == "letterbox":
            top, left = (frame_height - inner_height) // 2, (frame_width - inner_width) // 2
        frame = np.full((frame_height, frame_width, inner.shape[2]), self._pad, dtype=np.uint8)
        frame[top : top + inner_height, left : left + inner_width] = inner
        placed = Placed(inner_width / width, inner_height / height, left, top, frame_width, frame_height, width, height)
        return frame, placed
