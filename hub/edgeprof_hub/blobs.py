"""Files by the hash of their contents. A name is a SHA-256 and nothing else, so no caller's text becomes a path."""

import hashlib
import os
import re
import secrets
import shutil
from collections.abc import AsyncIterator, Iterable
from errno import EDQUOT, ENOSPC
from pathlib import Path
from typing import BinaryIO

import anyio.to_thread

from edgeprof.errors import EdgeprofError

GIB = 1024**3
MIB = 1024**2
MAX_MODEL_FILE_BYTES = 8 * GIB
MAX_ARTIFACT_BYTES = 64 * MIB
RESERVED_BYTES = 64 * MIB
"""Of the disk, so that a large upload cannot stop the database."""
_WRITE_BYTES = MIB
_HASH = re.compile(r"[0-9a-f]{64}")


def is_hash(text: str) -> bool:
    """Whether a text is a SHA-256 as it is written here."""
    return _HASH.fullmatch(text) is not None


class BlobStore:
    """One folder of blobs."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        """Uploads that a stopped hub left behind are removed."""
        self._folder = folder
        self._incoming = folder / "incoming"
        self._max_bytes = max_bytes
        shutil.rmtree(self._incoming, ignore_errors=True)
        self._incoming.mkdir(parents=True, mode=0o700)

    def path(self, sha256: str) -> Path:
        """Where a blob lies, or would. Raises ValueError for a text that is no hash."""
        if not is_hash(sha256):
            raise ValueError(f"{sha256[:80]!r} is not a SHA-256")
        return self._folder / sha256[:2] / sha256

    def has(self, sha256: str) -> bool:
        """Whether a blob is stored, whole and checked."""
        return self.path(sha256).is_file()

    def adopt(self, file: Path, sha256: str) -> None:
        """Take a file of this disk over under its hash, which the caller has computed."""
        with file.open("rb+") as stream:
            _sync(stream)
        _move(file, self.path(sha256))

    def remove(self, hashes: Iterable[str]) -> None:
        """Delete blobs; one that is not there is no error."""
        for sha256 in hashes:
            self.path(sha256).unlink(missing_ok=True)

    async def put(self, sha256: str, declared_bytes: int | None, chunks: AsyncIterator[bytes]) -> int:
        """Store a stream under its hash, or nothing of it. Returns its size.

        Raises EdgeprofError: too_large, no_space, hash_mismatch.
        """
        self._check_size(declared_bytes or 0)
        self._check_space(declared_bytes or 0)
        part = self._incoming / secrets.token_hex(16)
        try:
            with part.open("xb") as stream:
                size = await self._receive(sha256, stream, chunks)
                await anyio.to_thread.run_sync(_sync, stream)
            await anyio.to_thread.run_sync(_move, part, self.path(sha256))
        except OSError as error:
            if error.errno in (ENOSPC, EDQUOT):
                raise no_space() from error
            raise
        finally:
            part.unlink(missing_ok=True)
        return size

    async def _receive(self, sha256: str, stream: BinaryIO, chunks: AsyncIterator[bytes]) -> int:
        digest = hashlib.sha256()
        size, waiting = 0, bytearray()

        def flush() -> None:
            digest.update(waiting)
            stream.write(waiting)
            waiting.clear()

        async for chunk in chunks:
            size += len(chunk)
            self._check_size(size)
            waiting += chunk
            if len(waiting) >= _WRITE_BYTES:
                await anyio.to_thread.run_sync(flush)
        flush()
        if digest.hexdigest() != sha256:
            raise EdgeprofError(
                "hash_mismatch", f"The {size:,} bytes received do not match {sha256[:12]}…. Send them again."
            )
        return size

    def _check_size(self, size: int) -> None:
        if size > self._max_bytes:
            raise EdgeprofError("too_large", f"The file is over the limit of {self._max_bytes // MIB:,} MiB.")

    def _check_space(self, size: int) -> None:
        if shutil.disk_usage(self._folder).free < size + RESERVED_BYTES:
            raise no_space()


def no_space() -> EdgeprofError:
    """The disk would be too full for the hub itself."""
    return EdgeprofError("no_space", "The hub's disk is too full for this file. Delete models, or free disk space.")


def _sync(stream: BinaryIO) -> None:
    stream.flush()
    os.fsync(stream.fileno())


def _move(part: Path, target: Path) -> None:
    """Into place at once, and kept even if the power goes now."""
    target.parent.mkdir(mode=0o700, exist_ok=True)
    os.replace(part, target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
