"""An item's data as its set stores it: a row of an array below `files/`, a list of numbers, or an image file.

Imports numpy; Pillow only for image files.
"""

import importlib
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from edgeprof.quality.evaluation_set import Item, SetFacts
from edgeprof_agent.worker.evaluation.base import NoAnswer
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure

NO_PILLOW = "The set needs Pillow to decode or resize images. Install it with: pip install 'edgeprof[images]'"
MAX_PIXELS = 64_000_000
"""Of an image file: one that declares more is refused before it is decoded."""


class Rows:
    """The rows of the set's array, which is mapped, not read: a set may be larger than the memory."""

    def __init__(self, folder: Path, facts: SetFacts) -> None:
        """Raises RuntimeFailure `bad_set` for an array that is named and cannot be used."""
        name = facts.preparation.get("array")
        self._array: npt.NDArray[Any] | None = _mapped(folder, str(name)) if name else None

    @property
    def values(self) -> int:
        """Of one row; 0 without an array."""
        return self._array[0].size if self._array is not None and len(self._array) else 0

    def row(self, item: Item) -> npt.NDArray[Any]:
        """The item's row. Raises NoAnswer where there is none."""
        if self._array is None:
            raise NoAnswer("the item names a row, and the set's preparation names no array")
        row = item["row"]
        if not isinstance(row, int) or isinstance(row, bool) or not 0 <= row < len(self._array):
            raise NoAnswer(f"row {row!r} is not in the set's array of {len(self._array):,} rows")
        return np.asarray(self._array[row])


def _mapped(folder: Path, name: str) -> npt.NDArray[Any]:
    try:
        array = cast(object, np.load(folder / name, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError) as error:
        raise RuntimeFailure("bad_set", f"Cannot read the set's array {name}: {error}.") from error
    rows = cast("npt.NDArray[Any]", array) if isinstance(array, np.ndarray) else None  # an .npz gives no array
    if rows is None or rows.ndim < 1 or rows.dtype.kind not in "biuf":
        raise RuntimeFailure("bad_set", f"The set's array {name} does not hold rows of numbers.")
    return rows


def pillow(module: str = "Image") -> Any:
    """One of Pillow's modules. Raises RuntimeFailure with the line that installs it."""
    try:
        return importlib.import_module(f"PIL.{module}")
    except ImportError as error:
        raise RuntimeFailure("bad_set", NO_PILLOW) from error


def pixels(path: Path, channels: int) -> npt.NDArray[np.uint8]:
    """An image file as [height, width, channels], turned as its EXIF says. Raises NoAnswer; RuntimeFailure: no Pillow.

    `channels`: 1 is ITU-R 601-2 luma, 3 is RGB; transparency is laid on black, as Pillow's `convert` does.
    """
    images, operations = pillow("Image"), pillow("ImageOps")
    try:
        with images.open(path) as image:
            if image.width * image.height > MAX_PIXELS:
                raise NoAnswer(
                    f"{path.name} has {image.width} x {image.height} pixels; at most {MAX_PIXELS:,} are read"
                )
            turned = operations.exif_transpose(image)
            found: npt.NDArray[np.uint8] = np.asarray(turned.convert("L" if channels == 1 else "RGB"))
    except NoAnswer:
        raise
    except Exception as error:  # Pillow's decoders raise what they like for a broken file
        raise NoAnswer(f"{path.name} does not decode: {error}") from error
    return found[..., None] if found.ndim == 2 else found
