"""Guesses at the token, slowed down for each address: after a few wrong ones every token waits for its turn.

The right one waits, too, and is taken: answering it at once would tell wrong ones from it as fast as anybody can ask.
"""

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from edgeprof_hub.addresses import network_of

log = logging.getLogger(__name__)

FREE_FAILURES = 10
"""Within a minute. Devices that still have an old token ask about once a minute each."""
WINDOW_S = 60.0
TURN_S = 0.25
MAX_WAIT_S = 10.0
MAX_ADDRESSES = 1000


@dataclass
class _Address:
    failures: deque[float] = field(default_factory=lambda: deque[float](maxlen=FREE_FAILURES))
    next_turn_s: float = 0.0
    logged_s: float = -WINDOW_S


class Guesses:
    """Of the event loop and of the threads that answer sign-ins: each step is one operation on a dictionary."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._addresses: dict[str, _Address] = {}

    def wait_s(self, address: str) -> float | None:
        """How long a token from there waits before anybody looks at it. None: too many wait already."""
        known = self._addresses.get(network_of(address))
        now_s = self._clock()
        if known is None or len(known.failures) < FREE_FAILURES or now_s - known.failures[0] > WINDOW_S:
            return 0.0
        turn_s = max(now_s, known.next_turn_s)
        if turn_s - now_s > MAX_WAIT_S:
            return None
        known.next_turn_s = turn_s + TURN_S
        return turn_s + TURN_S - now_s

    def failed(self, address: str) -> None:
        """A wrong token came from there."""
        key, now_s = network_of(address), self._clock()
        known = self._addresses.pop(key, None) or _Address()
        self._addresses[key] = known  # the last one to be forgotten
        if len(self._addresses) > MAX_ADDRESSES:
            self._addresses.pop(next(iter(self._addresses)), None)
        known.failures.append(now_s)
        is_slowed = len(known.failures) == FREE_FAILURES and now_s - known.failures[0] <= WINDOW_S
        if is_slowed and now_s - known.logged_s >= WINDOW_S:
            known.logged_s = now_s
            log.warning("token.guessed address=%s; %d wrong tokens within a minute, slowed down", key, FREE_FAILURES)
