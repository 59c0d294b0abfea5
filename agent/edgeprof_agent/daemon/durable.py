"""Files that are either whole or not there, also after a power cut."""

import os
import tempfile
from pathlib import Path


def write_durably(file: Path, data: bytes) -> None:
    """All of the bytes under this name, or no file: also after a power cut."""
    if not file.exists():
        replace_durably(file, data)


def replace_durably(file: Path, data: bytes) -> None:
    """All of the bytes under this name, or what was there before: also after a power cut."""
    with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as stream:
        try:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
            os.replace(stream.name, file)
        except OSError:  # a full disk: what was begun would only fill it further, try after try
            os.unlink(stream.name)
            raise
    sync_folder(file.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
