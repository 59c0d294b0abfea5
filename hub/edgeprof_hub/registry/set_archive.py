"""An archive with an evaluation set's folder: unpacked within limits, plain files only."""

import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from errno import EDQUOT, ENOSPC
from lzma import LZMAError
from pathlib import Path
from typing import IO, cast

from edgeprof.errors import EdgeprofError
from edgeprof.quality.evaluation_set import FACTS_FILE
from edgeprof_hub.blobs import MIB, RESERVED_BYTES, no_space
from edgeprof_hub.registry.registration import is_plain_path

MAX_UNPACKED_BYTES = 4 * 1024 * MIB
MAX_MEMBERS = 200_000
ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz")
_CHUNK_BYTES = MIB
_DAMAGED = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, LZMAError),
    *(EOFError, NotImplementedError, RuntimeError, ValueError),
)
_STARTS = (b"PK\x03\x04", b"\x1f\x8b")


def look(head: bytes, name: str) -> None:
    """Raises EdgeprofError `bad_archive` for a file whose name or first bytes are those of no archive."""
    if not name.lower().endswith(ENDINGS):
        raise EdgeprofError("bad_archive", f"{name[:80]} is not an archive. Send {', '.join(ENDINGS)}.")
    is_tar = name.lower().endswith(".tar")
    if not is_tar and not head.startswith(_STARTS):
        raise EdgeprofError("bad_archive", f"{name[:80]} is damaged, or another kind of file. Pack it again.")


def unpacked(archive: Path, into: Path) -> Path:
    """The set's folder, unpacked: the archive's top, or the one folder in it. Raises EdgeprofError."""
    into.mkdir()
    try:
        if zipfile.is_zipfile(archive):
            _unzip(archive, into)
        else:
            _untar(archive, into)
    except _DAMAGED as error:
        raise EdgeprofError("bad_archive", f"{archive.name} cannot be unpacked: {error}. Pack it again.") from error
    except OSError as error:  # a name twice or too long, a file below a file, a damaged .gz, a full disk
        if error.errno in (ENOSPC, EDQUOT):
            raise no_space() from error
        why = error.strerror or error
        raise EdgeprofError("bad_archive", f"{archive.name} cannot be unpacked: {why}. Pack it again.") from error
    found = sorted(into.rglob(FACTS_FILE), key=lambda path: (len(path.parts), str(path)))
    if not found:
        raise EdgeprofError("bad_archive", f"{archive.name} has no {FACTS_FILE}. Pack the folder of a set.")
    folder = found[0].parent
    others = [path for path in found[1:] if folder / "files" not in path.parents]
    if others:
        places = " and ".join(str(path.parent.relative_to(into)) for path in (found[0], others[0]))
        raise EdgeprofError(
            "bad_archive", f"{archive.name} has {1 + len(others)} sets, in {places}. Send an archive for each."
        )
    return folder


def _unzip(archive: Path, into: Path) -> None:
    with zipfile.ZipFile(archive) as packed:
        room = _Room(archive.name)
        for member in packed.infolist():
            if not member.is_dir():
                with packed.open(member) as stream:
                    room.write(into, member.filename, stream)


def _untar(archive: Path, into: Path) -> None:
    with tarfile.open(archive) as packed:
        room = _Room(archive.name)
        for member in _members(packed):
            stream = packed.extractfile(member) if member.isfile() else None
            if stream is None:
                raise EdgeprofError("bad_archive", f"{member.name[:80]!r} is not a plain file. Pack plain files only.")
            room.write(into, member.name, stream)
        room.drain(cast("IO[bytes]", packed.fileobj))


def _members(packed: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    return (member for member in packed if not member.isdir())


class _Room:
    """How much an archive may still unpack to; what it says of its sizes is not relied on."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._bytes, self._members = MAX_UNPACKED_BYTES, MAX_MEMBERS

    def write(self, into: Path, path: str, stream: IO[bytes]) -> None:
        plain = path.removeprefix("./")
        if not is_plain_path(plain):
            raise EdgeprofError("bad_archive", f"{path[:80]!r} is not a plain path. Pack the folder again.")
        target = into / plain
        target.parent.mkdir(parents=True, exist_ok=True)
        self._members -= 1
        with target.open("xb") as out:
            while chunk := stream.read(_CHUNK_BYTES):
                self._bytes -= len(chunk)
                if self._bytes < 0 or self._members < 0:
                    raise self._too_large()
                if shutil.disk_usage(into).free < len(chunk) + RESERVED_BYTES:
                    raise no_space()
                out.write(chunk)

    def drain(self, stream: IO[bytes]) -> None:
        """To the end of a compressed archive: its checksum stands there, and is looked at by nobody before."""
        while chunk := stream.read(_CHUNK_BYTES):
            self._bytes -= len(chunk)
            if self._bytes < 0:
                raise self._too_large()

    def _too_large(self) -> EdgeprofError:
        return EdgeprofError(
            "too_large",
            f"{self._name} unpacks to more than {MAX_UNPACKED_BYTES // MIB:,} MiB or {MAX_MEMBERS:,} files. "
            "Push the folder with `edgeprof set push`.",
        )
