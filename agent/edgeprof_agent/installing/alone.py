"""One install, upgrade or uninstall at a time: two would remove each other's folders and stop each other's trials."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager

from edgeprof.errors import EdgeprofError
from edgeprof_agent.installing.places import Places


@contextmanager
def alone(places: Places) -> Generator[None, None, None]:
    """Raises EdgeprofError `upgrade_running`. Where no version was ever installed, nothing is locked."""
    if not places.versions.is_dir():
        yield
        return
    handle = os.open(places.versions, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise EdgeprofError("upgrade_running", "Another upgrade of this agent runs. Wait until it ends.") from error
        yield
    finally:
        os.close(handle)
