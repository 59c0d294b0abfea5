"""Files that hold a secret: readable by their owner only, from their first byte on."""

import os
from pathlib import Path


def write(file: Path, text: str) -> None:
    """Replace the file."""
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text)


def replace(file: Path, text: str) -> None:
    """Replace the file in one step: who reads it meanwhile gets the old text or the new one, a power cut either."""
    new = file.with_name(f"{file.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(new, file)


def touch(file: Path) -> None:
    """Make the file where there is none; what a program writes into it later is the owner's alone, too."""
    os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
