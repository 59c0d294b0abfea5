"""Pillow, or the sentence that says how to install it."""

from typing import Any

from edgeprof.errors import MissingPartError


def pillow() -> Any:
    """The module PIL.Image. Raises MissingPartError `pillow_missing`."""
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingPartError(
            "pillow_missing", "Changing images needs Pillow. Install it with `pip install 'edgeprof[images]'`."
        ) from error
    return Image
