"""Files that hold a secret: readable by their owner only, from their first byte on."""

import os
from pathlib import Path


def write(file: Path, text: str) -> None:
    """Replace the file."""
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text)
