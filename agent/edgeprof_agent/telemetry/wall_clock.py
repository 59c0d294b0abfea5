"""The monotonic clock, by which durations are taken, against two others.

The wall clock jumps when somebody sets it. While it is set right slowly (adjtimex(2), chrony's slew), the monotonic
clock runs off together with it, so that their difference stays and durations are stretched unseen: that shows against
CLOCK_MONOTONIC_RAW, which nobody sets right (clock_gettime(2)).
"""

import time
from collections.abc import Callable

from edgeprof_agent.telemetry.base import Site

MAX_UNCERTAINTY_NS = 1_000_000
"""A reading that was interrupted for longer than this tells nothing of steps."""
MAX_RAW_UNCERTAINTY_NS = 50_000
"""The same of the raw clock: over the shortest window that is looked at, 0.5 s, at most 100 ppm."""
_TRIES = 3

Clock = Callable[[], int]


class _Against:
    """`offset_ms` counts from the first reading."""

    unit = "ms against the monotonic clock"
    labels = ("offset_ms",)
    problem: str | None = None

    def __init__(self, other_ns: Clock, monotonic_ns: Clock, most_doubt_ns: int) -> None:
        self._other_ns, self._monotonic_ns, self._most_doubt_ns = other_ns, monotonic_ns, most_doubt_ns
        self._first_ns: int | None = None

    def read(self) -> tuple[float | None]:
        offset_ns = next((found for found in (self._offset_ns() for _ in range(_TRIES)) if found is not None), None)
        if offset_ns is None:
            return (None,)
        if self._first_ns is None:
            self._first_ns = offset_ns
        return ((offset_ns - self._first_ns) / 1e6,)

    def _offset_ns(self) -> int | None:
        before_ns = self._monotonic_ns()
        other_ns = self._other_ns()
        after_ns = self._monotonic_ns()
        return other_ns - (before_ns + after_ns) // 2 if after_ns - before_ns <= self._most_doubt_ns else None


class WallClock(_Against):
    """What the wall clock is ahead."""

    group = "wall_clock"

    def __init__(self, site: Site, wall_ns: Clock | None = None, monotonic_ns: Clock | None = None) -> None:
        del site
        super().__init__(wall_ns or time.time_ns, monotonic_ns or time.monotonic_ns, MAX_UNCERTAINTY_NS)


class RawClock(_Against):
    """What the raw clock is ahead."""

    group = "raw_clock"

    def __init__(self, site: Site, raw_ns: Clock | None = None, monotonic_ns: Clock | None = None) -> None:
        del site
        super().__init__(raw_ns or _raw_ns, monotonic_ns or time.monotonic_ns, MAX_RAW_UNCERTAINTY_NS)


def _raw_ns() -> int:
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
