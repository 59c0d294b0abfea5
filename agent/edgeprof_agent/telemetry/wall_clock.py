"""How the wall clock stands against the monotonic one: it jumps when somebody sets it, which the other never does."""

import time
from collections.abc import Callable

from edgeprof_agent.telemetry.base import Site

MOST_DOUBT_NS = 1_000_000
"""A reading that was interrupted for longer than this tells nothing."""


class WallClock:
    """`offset_ms` counts from the first reading."""

    group = "wall_clock"
    unit = "ms against the monotonic clock"
    labels = ("offset_ms",)
    problem: str | None = None

    def __init__(
        self,
        site: Site,
        wall_ns: Callable[[], int] | None = None,
        monotonic_ns: Callable[[], int] | None = None,
    ) -> None:
        del site
        self._wall_ns = wall_ns or time.time_ns
        self._monotonic_ns = monotonic_ns or time.monotonic_ns
        self._first_ns: int | None = None

    def read(self) -> tuple[float | None]:
        before_ns = self._monotonic_ns()
        wall_ns = self._wall_ns()
        after_ns = self._monotonic_ns()
        if after_ns - before_ns > MOST_DOUBT_NS:
            return (None,)
        offset_ns = wall_ns - (before_ns + after_ns) // 2
        if self._first_ns is None:
            self._first_ns = offset_ns
        return ((offset_ns - self._first_ns) / 1e6,)
