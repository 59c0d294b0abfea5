"""One measurement at a time on a machine, whoever started it: two at once would measure each other."""

import fcntl
import os
import stat
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

FILE_NAME = "edgeprof-measure.lock"
_SHARED = Path("/run/lock")
_RETRY_S = 0.25


@contextmanager
def measuring(
    on_wait: Callable[[], None], cancelled: threading.Event, folder: Path | None = None
) -> Generator[bool, None, None]:
    """Holds the machine's lock; yields False if cancelled before it was free. `on_wait` is called once, if at all."""
    fd = _open((folder or _folder()) / FILE_NAME)
    try:
        yield _acquire(fd, on_wait, cancelled)
    finally:
        os.close(fd)  # which also unlocks


def _acquire(fd: int, on_wait: Callable[[], None], cancelled: threading.Event) -> bool:
    told = False
    while not cancelled.is_set():
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not told:
                on_wait()
                told = True
            cancelled.wait(_RETRY_S)
        else:
            return True
    return False


def _folder() -> Path:
    """Where every user of the machine meets: /run/lock if all may write there, else /tmp."""
    try:
        shared = stat.S_IMODE(_SHARED.stat().st_mode) & 0o1777 == 0o1777
    except OSError:
        shared = False
    return _SHARED if shared else Path("/tmp")


def _open(file: Path) -> int:
    """Opened for reading, which is enough to lock: another user's file in a sticky folder opens in no other way."""
    try:
        return os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return os.open(file, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
