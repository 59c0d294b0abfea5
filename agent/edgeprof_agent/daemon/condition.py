"""What the agent tells of its machine and itself: read once a minute, sent on a change and every half hour."""

import logging
import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace

from edgeprof.wire.vitals import Vitals

LOOK_EVERY_S = 60.0
SEND_EVERY_S = 1800.0
"""About 0.9 KB each: 1.3 MB a month."""
MAX_ERROR_CHARS = 300


class LastError(logging.Handler):
    """Holds the newest warning or error that the agent logged, as its first line.

    `of_threads`: only those of adopted threads, where several agents share a process.
    """

    def __init__(self, of_threads: bool = False) -> None:
        super().__init__(logging.WARNING)
        self.text, self.at_s = "", 0.0
        self._threads: set[int] | None = set() if of_threads else None

    def adopt(self, thread: int) -> None:
        """This thread (its `get_ident`) is the agent's own."""
        if self._threads is not None:
            self._threads.add(thread)

    def emit(self, record: logging.LogRecord) -> None:
        if self._threads is not None and record.thread not in self._threads:
            return
        lines = record.getMessage().splitlines()
        self.text, self.at_s = (lines[0] if lines else "")[:MAX_ERROR_CHARS], record.created


class Condition:
    """The vitals to send. Used by the link's thread alone."""

    def __init__(
        self,
        machine: Callable[[], Vitals],
        waiting: Callable[[], int],
        quarantined: Callable[[], int],
        last_error: LastError,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._machine, self._waiting, self._quarantined = machine, waiting, quarantined
        self._last_error, self._clock = last_error, clock
        self._looked_s = self._sent_s = clock()
        self._sent = Vitals()

    def now(self) -> Vitals:
        """Read them, and count them as sent."""
        self._sent = self._read()
        self._looked_s = self._sent_s = self._clock()
        return self._sent

    def due(self) -> Vitals | None:
        """Those to send now: something a person would want to know has changed, or the last ones are old."""
        now_s = self._clock()
        if now_s - self._looked_s < LOOK_EVERY_S:
            return None
        self._looked_s, found = now_s, self._read()
        if _urgent(found) == _urgent(self._sent) and now_s - self._sent_s < SEND_EVERY_S:
            return None
        self._sent, self._sent_s = found, now_s
        return found

    def _read(self) -> Vitals:
        error = self._last_error
        return replace(
            self._machine(),
            waiting_results=_counted(self._waiting),
            quarantined_results=_counted(self._quarantined),
            last_error=error.text,
            last_error_s=error.at_s or None,
        )


def _counted(count: Callable[[], int]) -> int | None:
    """None where the database cannot be read: the connection that would say so must not end with it."""
    try:
        return count()
    except sqlite3.Error:
        return None


def _urgent(vitals: Vitals) -> tuple[object, ...]:
    flags = (vitals.throttle_flags, vitals.throttle_flags_since_boot)
    return (*flags, vitals.quarantined_results, vitals.last_error, vitals.last_error_s)
