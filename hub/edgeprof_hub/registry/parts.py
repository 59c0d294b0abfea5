"""Uploads in parts: a file of several gigabytes goes on where it stood, after a reload, a cut or a restart of the hub.

An upload is known by what it is of, so a sender needs to remember nothing: by the hash of the file, or by a text of
the sender's own (a page cannot hash 5 GB before it sends them). Every answered byte is on the disk.
"""

import hashlib
import os
import shutil
import threading
import time
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from errno import EDQUOT, ENOSPC
from pathlib import Path
from typing import BinaryIO, Protocol

import anyio.to_thread
import msgspec

from edgeprof.errors import EdgeprofError
from edgeprof.wire import identity
from edgeprof_hub.blobs import MAX_MODEL_FILE_BYTES, MIB, RESERVED_BYTES, no_space

FOLDER = "parts"
MAX_UPLOADS = 64
"""Unfinished ones at a time."""
KEEP_S = 24 * 3600.0
"""Without a new byte. Then an unfinished upload goes."""
MAX_HASHED_PART_BYTES = 8 * MIB
_WRITE_BYTES = MIB
_READ_BYTES = MIB


@dataclass(frozen=True, kw_only=True)
class Upload:
    """One file on its way. `sha256` empty: its sender does not know it."""

    name: str
    size: int
    sha256: str
    key: str

    @property
    def upload_id(self) -> str:
        """The same for the same file of the same sender, whatever restarts."""
        known_by = [self.sha256, self.size] if self.sha256 else [self.name, self.size, self.key]
        return identity.sha256_hex(identity.canonical_json(known_by))


class Digest(Protocol):
    """A hash of hashlib."""

    def update(self, data: bytes | bytearray, /) -> None: ...
    def hexdigest(self) -> str: ...


@dataclass
class _Hashed:
    """The running hash of a file's first bytes. Lost with the process, and then read from the disk once."""

    size_bytes: int
    digest: "Digest"


class Parts:
    """`<id>.part` with the bytes, `<id>.json` with what they are of. Safe from any thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._busy: set[str] = set()
        self._hashes: dict[str, _Hashed] = {}
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.clean(time.time())

    def begin(self, upload: Upload) -> int:
        """Announce a file, or find it again. Returns how many of its bytes are here.

        Raises EdgeprofError: too_large, no_space, too_many_uploads.
        """
        if upload.size > MAX_MODEL_FILE_BYTES:
            raise EdgeprofError("too_large", f"A file holds at most {MAX_MODEL_FILE_BYTES // 2**30} GiB.")
        self.clean(time.time())
        have = self._size(upload.upload_id)
        if shutil.disk_usage(self._folder).free < upload.size - have + RESERVED_BYTES:
            raise no_space()
        record = self._record(upload.upload_id)
        if not record.exists():
            if len(list(self._folder.glob("*.json"))) >= MAX_UPLOADS:
                raise EdgeprofError("too_many_uploads", f"{MAX_UPLOADS} uploads are unfinished. Finish them first.")
            self._part(upload.upload_id).touch(mode=0o600)
            record.write_bytes(msgspec.json.encode(upload))
        return have

    def find(self, upload_id: str) -> tuple[Upload, int]:
        """An announced file, and how many of its bytes are here. Raises EdgeprofError: not_found."""
        try:
            return msgspec.json.decode(self._record(upload_id).read_bytes(), type=Upload), self._size(upload_id)
        except (FileNotFoundError, msgspec.MsgspecError) as error:
            raise EdgeprofError("not_found", "No such upload on this hub. Begin it again.") from error

    async def append(self, upload_id: str, offset: int, part_sha256: str, chunks: AsyncIterator[bytes]) -> int:
        """Add bytes at the end of what is here; returns how many are here then.

        A part with a hash counts whole or not at all. Without one, what came before a cut counts: the hash of the whole
        file is checked at its end. Raises EdgeprofError: not_found, bad_offset, bad_part, no_space.
        """
        with self._alone(upload_id):
            upload, have = self.find(upload_id)
            if offset != have:
                raise EdgeprofError("bad_offset", f"{have} bytes of {upload.name} are here. Continue there.")
            try:
                if part_sha256:
                    data = await _whole(upload, have, part_sha256, chunks)
                    await anyio.to_thread.run_sync(self._write, upload_id, data)
                else:
                    await self._stream(upload, have, chunks)
            except OSError as error:
                if error.errno in (ENOSPC, EDQUOT):
                    raise no_space() from error
                raise
            return self._size(upload_id)

    def _write(self, upload_id: str, data: bytes) -> None:
        self._hashes.pop(upload_id, None)
        with self._part(upload_id).open("ab") as stream:
            stream.write(data)
            _sync(stream)

    async def _stream(self, upload: Upload, have: int, chunks: AsyncIterator[bytes]) -> None:
        hashed = await anyio.to_thread.run_sync(self._hash_so_far, upload, have)
        waiting, size = bytearray(), have
        with self._part(upload.upload_id).open("ab") as stream:

            def flush() -> None:
                if hashed is not None:
                    hashed.digest.update(waiting)
                    hashed.size_bytes += len(waiting)
                stream.write(waiting)
                waiting.clear()

            def settle() -> None:
                flush()
                _sync(stream)

            try:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > upload.size:
                        raise _too_long(upload)
                    waiting += chunk
                    if len(waiting) >= _WRITE_BYTES:
                        await anyio.to_thread.run_sync(flush)
            finally:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(settle)
                if hashed is not None and self._is_of(upload.upload_id, stream):
                    self._hashes[upload.upload_id] = hashed

    def _is_of(self, upload_id: str, stream: BinaryIO) -> bool:
        """Whether these bytes are still the upload's: it may have been removed and begun again meanwhile."""
        try:
            return os.path.samestat(os.fstat(stream.fileno()), self._part(upload_id).stat())
        except FileNotFoundError:
            return False

    def finished(self, upload_id: str) -> tuple[Upload, Path]:
        """A file that is here whole, its hash checked if its sender named one.

        Raises EdgeprofError: not_found, unfinished_upload, hash_mismatch; of the last, nothing stays.
        """
        upload, have = self.find(upload_id)
        if have != upload.size:
            raise EdgeprofError("unfinished_upload", f"{have} of {upload.size} bytes of {upload.name} are here.")
        if upload.sha256:
            hashed = self._hash_so_far(upload, have)
            if hashed is not None and hashed.digest.hexdigest() != upload.sha256:
                self.remove(upload_id)
                raise EdgeprofError("hash_mismatch", f"{upload.name} arrived with another hash. Send it again.")
        return upload, self._part(upload_id)

    def remove(self, upload_id: str) -> None:
        """Forget an upload; one that is not there is no error."""
        self._hashes.pop(upload_id, None)
        self._record(upload_id).unlink(missing_ok=True)
        self._part(upload_id).unlink(missing_ok=True)

    def clean(self, now_s: float) -> None:
        """Remove uploads that rest for a day, and files that belong to none."""
        for file in self._folder.iterdir():
            upload_id = file.name.partition(".")[0]
            newest_s = max((each.stat().st_mtime for each in self._files(upload_id)), default=now_s)
            if now_s - newest_s > KEEP_S and upload_id not in self._busy:
                self.remove(upload_id)

    @contextmanager
    def _alone(self, upload_id: str) -> Generator[None]:
        """Two tabs may send the same file: one at a time, and the other goes on where that stopped."""
        with self._lock:
            if upload_id in self._busy:
                raise EdgeprofError("bad_offset", "Another sender is sending this file now. Try again in a moment.")
            self._busy.add(upload_id)
        try:
            yield
        finally:
            with self._lock:
                self._busy.discard(upload_id)

    def _hash_so_far(self, upload: Upload, have: int) -> _Hashed | None:
        """None where nobody asks for it. Read from the disk only after a restart, or a part that broke off."""
        if not upload.sha256:
            return None
        known = self._hashes.pop(upload.upload_id, None)
        if known is not None and known.size_bytes == have:
            return known
        digest = hashlib.sha256()
        with self._part(upload.upload_id).open("rb") as stream:
            while chunk := stream.read(_READ_BYTES):
                digest.update(chunk)
        return _Hashed(have, digest)

    def _part(self, upload_id: str) -> Path:
        return self._folder / f"{upload_id}.part"

    def _record(self, upload_id: str) -> Path:
        return self._folder / f"{upload_id}.json"

    def _files(self, upload_id: str) -> list[Path]:
        return [file for file in (self._part(upload_id), self._record(upload_id)) if file.exists()]

    def _size(self, upload_id: str) -> int:
        try:
            return self._part(upload_id).stat().st_size
        except FileNotFoundError:
            return 0


async def _whole(upload: Upload, have: int, part_sha256: str, chunks: AsyncIterator[bytes]) -> bytes:
    """A part in memory, its hash checked: nothing of a damaged one is written."""
    data = bytearray()
    async for chunk in chunks:
        data += chunk
        if len(data) > MAX_HASHED_PART_BYTES or have + len(data) > upload.size:
            raise _too_long(upload)
    whole = bytes(data)
    if identity.sha256_hex(whole) != part_sha256:
        raise EdgeprofError("bad_part", f"The part at {have} of {upload.name} arrived damaged. Send it again.")
    return whole


def _too_long(upload: Upload) -> EdgeprofError:
    return EdgeprofError("bad_part", f"More bytes arrived than {upload.name} or a part of it may have.")


def _sync(stream: BinaryIO) -> None:
    stream.flush()
    os.fsync(stream.fileno())
