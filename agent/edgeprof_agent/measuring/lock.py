"""One measurement at a time on a machine, whoever started it: two at once would measure each other."""

import fcntl
import os
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

FILE_NAME = "edgeprof-measure.lock"
_SHARED = Path("/run/lock")
_ELSEWHERE = Path("/tmp")
_RETRY_S = 0.25


@contextmanager
def measuring(
    on_wait: Callable[[], None], cancelled: threading.Event, folder: Path | None = None
) -> Generator[bool, None, None]:
    """Holds the machine's lock; yields False if cancelled before it was free. `on_wait` is called once, if at all."""
    fd = _open(folder) if folder else _open_shared()
    try:
        yield _acquire(fd, on_wait, cancelled)
    finally:
        os.close(fd)  # which also unlocks


def _acquire(fd: int, on_wait: Callable[[], None], cancelled: threading.Event) -> bool:
    reported = False
    while not cancelled.is_set():
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not reported:
                on_wait()
                reported = True
            cancelled.wait(_RETRY_S)
        else:
            return True
    return False


def _open_shared() -> int:
    """Where every user of the machine meets: /run/lock, or /tmp where that is not there or not for us to write."""
    try:
        return _open(_SHARED)
    except OSError:
        return _open(_ELSEWHERE)


def _open(folder: Path) -> int:
    """Opened for reading, which is enough to lock: another user's file in a sticky folder opens in no other way."""
    file = folder / FILE_NAME
    try:
        return os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        fd = os.open(file, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    with suppress(PermissionError):  # another user made it at the same moment
        os.fchmod(fd, 0o644)  # a service's umask would keep every other user out
    return fd
