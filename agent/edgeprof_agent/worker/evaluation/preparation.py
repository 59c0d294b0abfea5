"""How an image becomes a model's input: the keys of a set's `preparation`, and the arithmetic. Imports numpy.

The keys are listed in `edgeprof/quality/tasks/image_classification.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt

from edgeprof_agent.worker.evaluation.base import NoAnswer
from edgeprof_agent.worker.evaluation.tensors import Floats
from edgeprof_agent.worker_protocol.adapter import InputNeed, RuntimeFailure

Layout = Literal["NCHW", "NHWC", "NHW", "NF"]
Resize = Literal["bilinear", "nearest", "bicubic", "box"]
_RESIZES: tuple[Resize, ...] = ("bilinear", "nearest", "bicubic", "box")
_CHANNELS = (1, 3)


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """Sizes in pixels; `None`: as the item has them. `scale`, `mean`, `std`: `(pixel * scale - mean) / std`."""

    height: int | None
    width: int | None
    layout: Layout
    channels: int
    scale: float
    mean: Floats
    std: Floats
    resize: Resize
    short_side: int | None
    is_bgr: bool
    """Whether the input takes blue first, as models of OpenCV's world do."""

    @classmethod
    def of(cls, keys: Mapping[str, Any], need: InputNeed) -> "Preparation":
        """Of a set and the input that it feeds. Raises RuntimeFailure `bad_set` where the two do not fit."""
        layout = cast(Layout, keys.get("layout") or _layout(need))
        _check_rank(layout, need)
        height, width, channels = _declared(layout, need)
        given = keys.get("size")
        if given is not None:
            height, width = _size(given)
        resize = keys.get("resize", "bilinear")
        if resize not in _RESIZES:
            raise _bad(f"unknown resize {resize!r}; it is one of {', '.join(_RESIZES)}")
        channels = int(keys.get("channels") or channels or 3)
        if channels not in _CHANNELS:
            raise _bad(f"images have 1 or 3 channels, not {channels}")
        return cls(
            height=height,
            width=width,
            layout=layout,
            channels=channels,
            scale=float(keys.get("scale", 1.0)),
            mean=_per_channel(keys.get("mean", 0.0)),
            std=_per_channel(keys.get("std", 1.0)),
            resize=resize,
            is_bgr=_is_bgr(keys.get("channel_order", "rgb")),
            short_side=int(keys["short_side"]) if keys.get("short_side") else None,
        )

    def fitted(self, image: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """[height, width, channels] in the input's size: resized as a whole, or its middle where `short_side` is set.

        An image of that size is left as it is, whatever its type; only uint8 is resized. Raises NoAnswer.
        """
        image = self._with_channels(image)
        height, width = self.height or image.shape[0], self.width or image.shape[1]
        if image.shape[:2] == (height, width):
            return image
        if image.dtype != np.uint8:
            raise NoAnswer(f"the item has {image.shape[0]} x {image.shape[1]} values, the input {height} x {width}")
        if self.short_side is None:
            return _resized(image, height, width, self.resize)
        ratio = self.short_side / min(image.shape[:2])
        tall, wide = (max(1, round(side * ratio)) for side in image.shape[:2])
        image = _resized(image, tall, wide, self.resize)
        top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
        if top < 0 or left < 0:
            raise NoAnswer(f"short_side {self.short_side} is smaller than the input of {height} x {width}")
        return image[top : top + height, left : left + width]

    def normalized(self, image: npt.NDArray[Any]) -> Floats:
        """[height, width, channels] as real values in the input's layout, with a leading size of 1."""
        image = image[..., ::-1] if self.is_bgr else image
        if self.layout == "NCHW":
            image = np.moveaxis(image, -1, 0)
        values = np.array(image, dtype=np.float32, order="C")  # a copy, whatever the item's type
        values *= np.float32(self.scale)
        for change, numbers in ((np.subtract, self.mean), (np.divide, self.std)):
            self._each_channel(change, values, numbers)
        if self.layout == "NHW":
            values = values[..., 0]
        elif self.layout == "NF":
            values = values.reshape(-1)
        return values[None]

    def _each_channel(self, change: "np.ufunc", values: Floats, numbers: Floats) -> None:
        """In place. Channels that stand last are spread over a row: a loop of three values would be slow."""
        if numbers.size == 1:
            change(values, numbers.reshape(()), out=values)
        elif self.layout == "NCHW":
            change(values, numbers[:, None, None], out=values)
        else:
            rows = values.reshape(values.shape[0], -1)
            change(rows, np.tile(numbers, values.shape[1]), out=rows)

    def _with_channels(self, image: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if image.ndim == 1:
            image = self._unflattened(image)
        image = image[..., None] if image.ndim == 2 else image
        if image.ndim != 3:
            raise NoAnswer(f"an image has 2 or 3 dimensions, the item {image.ndim}")
        if image.shape[2] == self.channels:
            return image
        if image.shape[2] == 1:
            return np.repeat(image, self.channels, axis=2)
        raise NoAnswer(f"the item has {image.shape[2]} channels, the input {self.channels}")

    def _unflattened(self, row: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """A row of pixels in the input's size, or as one line for a flat input."""
        if self.layout == "NF":
            return row[None]
        if self.height and self.width and row.size == self.height * self.width * self.channels:
            return row.reshape(self.height, self.width, self.channels)
        raise NoAnswer(f"the item has {row.size} values in a row, and the input takes an image of another size")


def _layout(need: InputNeed) -> Layout:
    """Where a size of 1 or 3 stands: the channels. Both places fit: the order of the field's frameworks, NCHW."""
    if len(need.shape) == 4:
        return "NHWC" if need.shape[3] in _CHANNELS and need.shape[1] not in _CHANNELS else "NCHW"
    if len(need.shape) == 3:
        return "NHW"
    if len(need.shape) == 2:
        return "NF"
    raise _bad(f"input {need.name!r} has {len(need.shape)} dimensions; an image needs 2 to 4")


def _check_rank(layout: str, need: InputNeed) -> None:
    if layout not in ("NCHW", "NHWC", "NHW", "NF"):
        raise _bad(f"unknown layout {layout!r}; it is one of NCHW, NHWC, NHW, NF")
    if need.shape and len(need.shape) != len(layout):
        raise _bad(f"layout {layout} has {len(layout)} dimensions, input {need.name!r} {len(need.shape)}")


def _declared(layout: Layout, need: InputNeed) -> tuple[int | None, int | None, int | None]:
    """Height, width and channels as the input declares them; None where they are free."""
    sizes = dict(zip(layout, (size if size > 0 else None for size in need.shape), strict=False))
    return sizes.get("H"), sizes.get("W"), 1 if layout in ("NHW", "NF") else sizes.get("C")


def _size(given: object) -> tuple[int, int]:
    sides = cast(list[object], given) if isinstance(given, list) else []
    match sides:
        case [int(height), int(width)] if height > 0 and width > 0:
            return height, width
        case _:
            pass
    raise _bad(f"size {given!r} is not [height, width]")


def _is_bgr(given: object) -> bool:
    if given not in ("rgb", "bgr"):
        raise _bad(f"channel_order {given!r} is not rgb or bgr")
    return given == "bgr"


def _per_channel(given: object) -> Floats:
    try:
        return np.asarray(given, dtype=np.float32)
    except (TypeError, ValueError):
        raise _bad(f"mean and std are a number or one a channel, not {given!r}") from None


def _resized(image: npt.NDArray[Any], height: int, width: int, how: Resize) -> npt.NDArray[np.uint8]:
    """By Pillow, which smooths where it shrinks an image (except `nearest`)."""
    from edgeprof_agent.worker.evaluation.stored_items import pillow

    Image = pillow()
    bands = [Image.fromarray(image[..., band]) for band in range(image.shape[2])]
    filter = getattr(Image.Resampling, how.upper())
    return np.stack([np.asarray(band.resize((width, height), filter)) for band in bands], axis=-1)


def _bad(sentence: str) -> RuntimeFailure:
    return RuntimeFailure("bad_set", f"The set's preparation does not fit: {sentence}.")
