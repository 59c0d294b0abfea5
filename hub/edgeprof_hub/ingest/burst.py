"""Whether messages come in a flood right now. What only thinks about results waits until it is over, for a while."""

import threading
import time
from collections.abc import Callable

MANY = 100
"""Messages within a second. How many of them share a batch depends on what else the machine does."""
OVER_AFTER_S = 1.0
MAX_WAIT_S = 30.0
"""A flood that lasts longer holds nobody up any more."""


class Burst:
    """One thread notes, any thread asks.

    >>> burst = Burst(clock=lambda: 0.0)
    >>> burst.note(MANY)
    >>> burst.is_on()
    True
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began_s = self._last_s = self._second_s = float("-inf")
        self._in_second = 0

    def note(self, messages: int) -> None:
        """A batch of so many messages was stored."""
        now_s = self._clock()
        if now_s - self._second_s > 1.0:
            self._second_s, self._in_second = now_s, 0
        self._in_second += messages
        if self._in_second < MANY:
            return
        if now_s - self._last_s > OVER_AFTER_S:
            self._began_s = now_s
        self._last_s = now_s

    def is_on(self) -> bool:
        """Whether one began less than MAX_WAIT_S ago and is not over."""
        return self.remaining_s() > 0

    def remaining_s(self) -> float:
        """For how long to wait before asking again; 0 where nothing has to wait."""
        now_s = self._clock()
        return max(0.0, min(self._last_s + OVER_AFTER_S, self._began_s + MAX_WAIT_S) - now_s)

    def wait_until_over(self, stopping: threading.Event) -> bool:
        """Whether `stopping` was set meanwhile."""
        while (remaining_s := self.remaining_s()) > 0:
            if stopping.wait(remaining_s):
                return True
        return stopping.is_set()
