"""Small kernel files under a root: their text or number, or None where they cannot be read or say nothing usable."""

import math
import os
from pathlib import Path

MAX_BYTES = 1024 * 1024
_SMALL_BYTES = 256
_PADDING = b"\x00 \t\r\n"


class KernelFile:
    """A file that is read again and again: held open, one pread a reading, opened anew only when that fails.

    A sysfs or proc file makes its content anew for each read from its start. One that was removed is told by an error,
    or on an ordinary file system by having no name any more.
    """

    def __init__(self, path: Path, most_bytes: int = _SMALL_BYTES) -> None:
        self.path = path
        self._most_bytes = most_bytes
        self._name = os.fspath(path)
        self._fd = -1

    def number(self) -> float | None:
        """A finite decimal number, or None."""
        content = self.content()
        if content is None or len(content) == self._most_bytes:  # cut off, so that it would be another number
            return None
        try:
            value = float(content) if content else None
        except ValueError:
            return None
        return value if value is not None and math.isfinite(value) else None

    def text(self) -> str | None:
        """Its first bytes as text, or None."""
        content = self.content()
        return None if content is None else content.decode("utf-8", "replace")

    def content(self) -> bytes | None:
        """The bytes without the padding that the kernel appends, or None if they cannot be read."""
        if self._fd >= 0:
            content = self._read()
            if content is not None:
                return content
            self._close()
        try:
            self._fd = os.open(self._name, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        return self._read()

    def _read(self) -> bytes | None:
        try:
            if not os.fstat(self._fd).st_nlink:
                return None
            return os.pread(self._fd, self._most_bytes, 0).strip(_PADDING)
        except OSError:
            return None

    def _close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def __del__(self) -> None:
        self._close()


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
    return os.path.exists(path) and not os.access(path, os.R_OK, effective_ids=True)


def kernel_version(root: Path) -> str | None:
    """`Linux 6.6.31`: whose driver makes a value that the kernel shows."""
    release = text(root / "proc/sys/kernel/osrelease")
    return f"Linux {release}" if release else None


def folders(parent: Path, pattern: str) -> list[Path]:
    """Folders by name, in an order that does not change between boots; none where the parent cannot be looked into."""
    try:
        return sorted(parent.glob(pattern), key=lambda path: (len(path.name), path.name))
    except OSError:
        return []
