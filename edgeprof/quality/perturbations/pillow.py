"""Pillow, or the sentence that says how to install it."""

from typing import Any

from edgeprof.errors import MissingPartError


def pillow() -> Any:
    """The module PIL.Image. Raises MissingPartError `images_not_installed`."""
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingPartError(
            "images_not_installed", "Pillow is not installed. Install it with `pip install 'edgeprof[images]'`."
        ) from error
    return Image
