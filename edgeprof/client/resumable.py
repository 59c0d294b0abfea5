"""A file to the hub that goes on where a cut, a restart of the hub or an earlier command left it."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from edgeprof.errors import EdgeprofError
from edgeprof.net.backoff import Backoff
from edgeprof.wire import rest
from edgeprof.wire.messages import FileRef

TRIES = 8
"""In a row without a new byte."""
_WORTH_ANOTHER_TRY = ("hub_unreachable", "bad_offset")
"""The second: what an earlier connection sent is still being written."""

Sent = Callable[[int, int], None]
"""Called with (bytes sent, bytes in all) while a file goes up."""


class Sender(Protocol):
    """What of a hub is needed."""

    def begin_upload(self, name: str, size: int, sha256: str) -> rest.UploadState: ...
    def send_rest(self, state: rest.UploadState, path: Path, sent: Sent | None) -> rest.UploadState: ...


def send_file(
    hub: Sender, file: FileRef, path: Path, sent: Sent | None = None, pause: Callable[[float], None] = time.sleep
) -> None:
    """Store a file of this machine under its hash. Raises the hub's error after TRIES tries without a new byte."""
    backoff = Backoff(min_s=0.5, max_s=15.0)
    reached, failures = -1, 0
    while True:
        try:
            state = hub.begin_upload(path.name, file.size, file.sha256)
            failures = 0 if state.offset > reached else failures
            reached = state.offset
            if state.is_stored or hub.send_rest(state, path, sent).is_stored:
                return
        except EdgeprofError as error:
            failures += 1
            if error.code not in _WORTH_ANOTHER_TRY or reached < 0 or failures >= TRIES:
                raise
        pause(backoff.delay_s(max(1, failures)))
