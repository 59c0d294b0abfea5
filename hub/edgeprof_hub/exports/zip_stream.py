"""A ZIP archive that is sent while it is made: nothing of it lies on the hub's disk or whole in its memory."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

CHUNK_BYTES = 1024**2


class Pipe:
    """Takes what `zipfile` writes and gives it away piece by piece. It cannot be sought in."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """There is nothing to wait for."""

    def taken(self) -> bytes:
        """What was written since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def copied(archive: zipfile.ZipFile, pipe: Pipe, name: str, path: Path) -> Iterator[bytes]:
    """A file of this disk into the archive, in pieces."""
    with path.open("rb") as source, archive.open(name, "w", force_zip64=True) as target:
        while chunk := source.read(CHUNK_BYTES):
            target.write(chunk)
            yield pipe.taken()
    yield pipe.taken()
