"""A bandwidth limit: after each piece it waits until so many bytes are due."""

import threading
import time


class Pace:
    """Of one file. `limit_mbps` None: no limit. A wait ends at once when the job is cancelled."""

    def __init__(self, limit_mbps: float | None, cancelled: threading.Event) -> None:
        self._bytes_per_s = None if limit_mbps is None else limit_mbps * 1e6 / 8
        self._cancelled = cancelled
        self._begin: tuple[float, int] | None = None

    def reached(self, done: int) -> None:
        """So many bytes are here. What was here before does not count, and a download that starts over starts anew."""
        if self._bytes_per_s is None:
            return
        now_s = time.monotonic()
        if self._begin is None or done < self._begin[1]:
            self._begin = (now_s, done)
            return
        start_s, first = self._begin
        wait_s = start_s + (done - first) / self._bytes_per_s - now_s
        if wait_s > 0:
            self._cancelled.wait(wait_s)


def lower(one: float | None, other: float | None) -> float | None:
    """The stricter of two limits."""
    given = [limit for limit in (one, other) if limit is not None]
    return min(given, default=None)
