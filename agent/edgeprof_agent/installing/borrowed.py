"""What root needs of the agent's folder, copied out of it: the agent's user could put a link in any file's place.

Only plain files of that user are taken, none through a link, and none larger than such a file can be.
"""

import os
import stat
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from edgeprof_agent.identity.files import FOLDER

MAX_BYTES = 64 * 1024


@contextmanager
def borrowed(state: Path) -> Generator[Path]:
    """A folder with this device's id and identity. Where they are this process's own files, the very folder."""
    try:
        handle = os.open(state.resolve(), os.O_RDONLY | os.O_DIRECTORY)
    except OSError:  # nothing was ever kept there
        yield state
        return
    try:
        owner = os.fstat(handle).st_uid
        if owner == os.geteuid():
            yield state
            return
        with tempfile.TemporaryDirectory(prefix="edgeprof-") as scratch:
            _copy(handle, Path(scratch), owner)
            yield Path(scratch)
    finally:
        os.close(handle)


def _copy(handle: int, target: Path, owner: int) -> None:
    read_plain_into(handle, "device_id", target / "device_id", owner)
    with suppress(OSError):
        folder = os.open(FOLDER, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=handle)
        try:
            (target / FOLDER).mkdir(mode=0o700)
            for name in os.listdir(folder):
                read_plain_into(folder, name, target / FOLDER / name, owner)
        finally:
            os.close(folder)


def read_plain_into(folder: int, name: str, target: Path, owner: int) -> None:
    """Nothing where it is missing, or not a plain small file of `owner`."""
    data = read_plain(folder, name, owner)
    if data is not None:
        target.write_bytes(data)
        target.chmod(0o600)


def read_plain(folder: int, name: str, owner: int) -> bytes | None:
    """A file of a folder that another user may change at any time."""
    try:
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError:
        return None
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != owner or found.st_size > MAX_BYTES:
            return None
        return os.read(file, MAX_BYTES)
    finally:
        os.close(file)
