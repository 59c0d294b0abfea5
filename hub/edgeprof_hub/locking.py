"""One hub for each data folder: a lock that ends with its process, however that ends."""

import errno
import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from edgeprof.errors import EdgeprofError


@contextmanager
def locked(folder: Path) -> Generator[None]:
    """Hold the folder. Raises EdgeprofError while another hub does."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(folder / "hub.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise EdgeprofError(
            "data_unusable", f"Cannot use the data folder {folder} ({error.strerror}). Choose another with --data."
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise EdgeprofError(
            "data_in_use", f"Another hub uses the data folder {folder}. Stop it, or choose another with --data."
        ) from error
    finally:
        os.close(descriptor)
