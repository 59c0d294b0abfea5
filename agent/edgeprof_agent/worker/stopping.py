"""When to stop taking samples: a filled window, but never fewer than asked, never past the deadline."""

import time
from typing import NamedTuple


class StopRule(NamedTuple):
    """`done` after each sample: the window is full and there are enough, or there are plenty, or time is up."""

    min_runs: int
    max_runs: int
    window_ns: int
    stop_at_ns: int

    def done(self, runs: int, elapsed_ns: int, now_ns: int) -> bool:
        """Whether `runs` samples over `elapsed_ns` are enough. One sample is always taken."""
        if now_ns >= self.stop_at_ns or runs >= self.max_runs:
            return True
        return runs >= self.min_runs and elapsed_ns >= self.window_ns


def share_of_time(stop_at_ns: int, parts: int) -> int:
    """When the first of `parts` equal parts of the time left ends."""
    now_ns = time.monotonic_ns()
    return now_ns + max(0, stop_at_ns - now_ns) // parts


def time_is_up(stop_at_ns: int) -> bool:
    """Whether a warm-up must be cut short."""
    return time.monotonic_ns() >= stop_at_ns
