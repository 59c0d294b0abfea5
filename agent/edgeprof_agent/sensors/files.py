"""Small kernel files under a root: their text or number, or None where they cannot be read or say nothing usable."""

import math
import os
from pathlib import Path

MAX_BYTES = 1024 * 1024


def text(path: Path) -> str | None:
    """The content without the white space and NULs that the kernel appends; None if it cannot be read."""
    content = raw(path)
    if content is None:
        return None
    return content.decode("utf-8", "replace").strip("\x00 \t\r\n")


def raw(path: Path) -> bytes | None:
    """The bytes, bounded, or None. A sensor that is asleep answers EAGAIN or EIO, which is no content either."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES)
    except OSError:
        return None


def number(path: Path) -> float | None:
    """A finite decimal number, or None."""
    content = text(path)
    try:
        value = float(content) if content else None
    except ValueError:
        return None
    return value if value is not None and math.isfinite(value) else None


def denied(path: Path) -> bool:
    """Whether the file is there and this user may not read it. Root may, whatever the mode says."""
    return path.exists() and not os.access(path, os.R_OK, effective_ids=True)


def folders(parent: Path, pattern: str) -> list[Path]:
    """Folders by name, in an order that does not change between boots; none where the parent is not there."""
    return sorted(parent.glob(pattern), key=lambda path: (len(path.name), path.name))
