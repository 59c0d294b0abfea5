"""Images of a set as numbers and back: files by Pillow, rows of an array by numpy.

Arrays between are float64 [height, width, channels], 0 (black) to 1 (white).
"""

import io
from pathlib import Path
from typing import Any

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.quality.eight_bits import with_eight_bits
from edgeprof.quality.perturbations.pillow import pillow

MAX_PIXELS = 50_000_000
"""Of one image; more is refused before it is decoded."""


def read_image(path: Path, place: str) -> tuple[Any, Any]:
    """An image's pixels, grey or RGB, and its EXIF data, which may say how to turn it. Raises EdgeprofError `bad_item`.

    `place` names the item in errors.
    """
    import numpy as np

    try:
        with pillow().open(path) as image:
            if image.width * image.height > MAX_PIXELS:
                raise EdgeprofError("bad_item", f"{place}: {path.name} has more than {MAX_PIXELS:,} pixels. Resize it.")
            exif = image.getexif()
            narrow = with_eight_bits(image, image.format)
            plain = narrow if narrow.mode in ("L", "RGB") else narrow.convert("RGB")
            pixels = np.asarray(plain, np.float64) / 255
    except (OSError, ValueError, SyntaxError, pillow().DecompressionBombError) as error:
        raise EdgeprofError("bad_item", f"{place}: {path.name} does not decode: {error}. Replace the file.") from error
    return (pixels if pixels.ndim == 3 else pixels[:, :, np.newaxis]), exif


def png_of(pixels: Any, exif: Any) -> bytes:
    """PNG, which loses nothing of 8 bits. Equal pixels give equal bytes with one build of zlib only."""
    import numpy as np

    whole = (np.clip(pixels, 0, 1) * 255).round().astype(np.uint8)
    image = pillow().fromarray(whole[:, :, 0] if whole.shape[2] == 1 else whole)
    packed = io.BytesIO()
    image.save(packed, "PNG", exif=exif)
    return packed.getvalue()


def white_level(rows: Any) -> float:
    """What stands for white in an array: its largest value. Bytes may be 0 to 16, as those of the digits set."""
    return float(rows.max()) or 1.0


def check_levels(rows: Any) -> None:
    """Raises UsageError `bad_perturbation` for values that no step can clip at black, as those of normalized images."""
    if not float(rows.min()) >= 0:
        raise UsageError(
            "bad_perturbation",
            f"The array has values down to {float(rows.min()):g}, and black is 0. "
            "Store the images from 0 upwards, and set `mean` and `std` in the preparation.",
        )


def pixels_of_row(row: Any, white: float) -> Any:
    """A row [height, width] or [height, width, channels] as pixels."""
    import numpy as np

    pixels = row.astype(np.float64) / white
    return pixels if pixels.ndim == 3 else pixels[:, :, np.newaxis]


def row_of_pixels(pixels: Any, row: Any, white: float) -> Any:
    """Pixels in the form and type of the row that they were made from."""
    import numpy as np

    values = np.clip(pixels, 0, 1).reshape(row.shape) * white
    return (values.round() if np.issubdtype(row.dtype, np.integer) else values).astype(row.dtype)
