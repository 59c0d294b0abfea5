"""Files that a model names beside itself: taken only if they really are plain files inside the model's folder."""

import os
import stat
from pathlib import Path, PurePosixPath

from edgeprof.modelfiles.window import ModelFileError

_MEMORY_MARKER = "_ORT_MEM_ADDR_"
"""ONNX Runtime reads such a location as an address in its own memory."""
_SAVE_AGAIN = "Save the model again with its data in plain files next to it."
_NO_LINKS = (
    "Copy the model with `cp -rL`, which puts files in the place of links. From Hugging Face, download it with "
    "`hf download REPOSITORY --local-dir FOLDER`."
)
"""Hugging Face's cache links each name to a blob; a download into a folder has plain files."""


def checked(folder: Path, location: str, needed_bytes: int, model: str) -> Path:
    """The file that `location` names. Raises ModelFileError if it is elsewhere, no plain file, or too short."""
    if not _is_plain(location):
        raise _outside(model, f"names external data at {location!r}, which is not a plain path inside its folder")
    path = folder / location
    if path.resolve() != folder.resolve() / location:
        raise _outside(model, f"names external data {location!r}, which is behind a symbolic link", _NO_LINKS)
    try:
        status = os.lstat(path)
    except OSError:
        raise ModelFileError(
            "truncated", f"{model} keeps data in {location!r}, which is not next to it. Copy that file there too."
        ) from None
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
        raise _outside(model, f"names external data {location!r}, which is a link or not a regular file")
    if needed_bytes > status.st_size:
        raise ModelFileError(
            "truncated",
            f"{location} is truncated: {model} needs {needed_bytes:,} bytes of it, and {status.st_size:,} are here.",
        )
    return path


def _is_plain(location: str) -> bool:
    if not location or not location.isprintable() or "\\" in location or _MEMORY_MARKER in location:
        return False
    path = PurePosixPath(location)
    return not path.is_absolute() and str(path) == location and ".." not in path.parts and location != "."


def _outside(model: str, what: str, remedy: str = _SAVE_AGAIN) -> ModelFileError:
    return ModelFileError("external_data_outside", f"{model} {what}. edgeprof never reads such data. {remedy}")
