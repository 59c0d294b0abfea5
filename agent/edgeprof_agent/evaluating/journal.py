"""The outcomes of an evaluation as they come in, on disk: a run that is killed goes on where it stood.

The first line says what the outcomes are of; each further one is an outcome. A torn last line is dropped, and so are
items that a worker survived without an answer.
"""

import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from edgeprof.errors import EdgeprofError
from edgeprof.quality.outcomes import Outcome, decode_outcomes, encode_outcomes

SYNC_S = 2.0
"""At most so much is lost with the power."""


class Journal:
    """One run's outcomes by item id, in the order in which they came. Held open until `close`."""

    def __init__(self, path: Path, identity: Mapping[str, str]) -> None:
        """Continues the file if its identity is this one, else begins it anew. Raises EdgeprofError `file_unwritable`.

        `identity`: what must be equal for two outcomes to be of one run: set, model, configuration, versions.
        """
        self.path = path
        head = json.dumps({"evaluation": dict(identity)}, sort_keys=True).encode() + b"\n"
        self.outcomes: dict[str, Outcome] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            whole = _whole_lines(path)
            self._file = path.open("r+b" if whole.startswith(head) else "w+b")
            if whole.startswith(head):
                found = _readable(whole[len(head) :])
                self.outcomes = {outcome.item_id: outcome for outcome in found if _holds(outcome)}
                self._file.seek(0)
            self._file.write(head + encode_outcomes(self.outcomes.values()))
            self._file.truncate()
            self._file.flush()
        except OSError as error:
            raise EdgeprofError("file_unwritable", f"Cannot write {path}: {error.strerror}.") from error
        self.resumed = len(self.outcomes)
        self._synced_s = time.monotonic()

    def add(self, outcomes: Sequence[Outcome]) -> None:
        """Each is written at once, and forced to the disk within two seconds of work."""
        for outcome in outcomes:
            self.outcomes[outcome.item_id] = outcome
        try:
            self._file.write(encode_outcomes(outcomes))
            self._file.flush()
            if time.monotonic() - self._synced_s >= SYNC_S:
                self.sync()
        except OSError as error:
            raise EdgeprofError("file_unwritable", f"Cannot write {self.path}: {error.strerror}.") from error

    def sync(self) -> None:
        os.fsync(self._file.fileno())
        self._synced_s = time.monotonic()

    def close(self) -> None:
        self._file.close()


def _holds(outcome: Outcome) -> bool:
    """An answer, and an item that ended its worker, which has no times. What a worker could not answer is asked again:
    what it lacked, as a package, may be there now.
    """
    return not outcome.problem or not outcome.pipeline_ns


def _whole_lines(path: Path) -> bytes:
    """What ends in a line's end; nothing where there is no such file."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return b""
    return data[: data.rfind(b"\n") + 1]


def _readable(data: bytes) -> list[Outcome]:
    """The outcomes up to the first line that is none, as a disk that lost power may leave it."""
    found: list[Outcome] = []
    for line in data.splitlines():
        try:
            found.extend(decode_outcomes(line))
        except ValueError:
            break
    return found
