"""An image file's pixels in 8 bits. Pillow's `convert` cuts the 16 bits of a grey image off at 255: all of it is white.

Standard library at import; an image is Pillow's.
"""

import sys
from typing import Any

_SIXTEEN_BITS = ("I;16", "I;16L", "I;16B", "I;16N")
_WIDE_FORMATS = ("PNG", "PPM")
"""Whose images in mode `I` hold 16 bits: PNG as older versions of Pillow open it, PGM as all do."""


def with_eight_bits(image: Any, file_format: str | None) -> Any:
    """The image, or for 16 bits of grey its higher 8, as Pillow takes of 16-bit RGB. Raises ValueError.

    Pixels of 32 bits and floats have no white that a file states. `file_format`: Pillow's name of the file's, as `PNG`.
    """
    mode = image.mode
    if mode in _SIXTEEN_BITS or (mode == "I" and file_format in _WIDE_FORMATS):
        return _higher_half(image)
    if mode in ("I", "F"):
        kind = "floats" if mode == "F" else "whole numbers of 32 bits"
        raise ValueError(f"its pixels are {kind}, whose white is not known. Save it with 8 or 16 bits")
    return image


def _higher_half(image: Any) -> Any:
    from PIL import Image

    is_big = image.mode == "I;16B" or (image.mode in ("I", "I;16N") and sys.byteorder == "big")
    step = 4 if image.mode == "I" else 2
    return Image.frombytes("L", image.size, image.tobytes()[step - 2 if is_big else 1 :: step])
