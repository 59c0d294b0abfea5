"""Whether images decode, by Pillow: a broken one is found before a set is made, not on the device."""

from pathlib import Path
from typing import Any

from edgeprof.errors import MissingPartError
from edgeprof.quality.eight_bits import with_eight_bits
from edgeprof.quality.sets.checks import bad_item

SUFFIXES = frozenset((".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"))
MAX_PIXELS = 64_000_000
"""An image that declares more is refused before it is decoded."""


def pillow() -> Any:
    """Pillow's `Image`. Raises MissingPartError `pillow_missing` with the line that installs it."""
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingPartError(
            "pillow_missing", "Checking images needs Pillow. Install it with: pip install 'edgeprof[images]'"
        ) from error
    return Image


def check_image(path: Path, place: str = "") -> tuple[int, int]:
    """Width and height. Raises EdgeprofError `bad_item` for a file that does not decode; `place` names it."""
    images = pillow()
    place = place or str(path)
    name = "" if place == str(path) else f"{path.name} "
    try:
        with images.open(path) as image:
            size = image.size
            if size[0] * size[1] <= MAX_PIXELS:
                image.load()
                with_eight_bits(image, image.format)
    except Exception as error:  # Pillow's decoders raise what they like for a broken file
        raise bad_item(place, f"{name}does not decode as an image: {error}") from None
    if size[0] * size[1] > MAX_PIXELS:
        raise bad_item(place, f"{name}has {size[0]:,} x {size[1]:,} pixels; at most {MAX_PIXELS:,} are read")
    return int(size[0]), int(size[1])
