"""The best rate of a piece of work over some repeats."""

import time
from collections.abc import Callable

_LIMIT_S = 0.4
_MIN_REPEATS = 4


def best_gflop_s(run: Callable[[], object], flop: float) -> float:
    """10^9 operations a second of the fastest repeat, after one that is not timed."""
    run()
    best_s = float("inf")
    repeats, end = 0, time.perf_counter() + _LIMIT_S
    while repeats < _MIN_REPEATS or time.perf_counter() < end:
        started = time.perf_counter()
        run()
        best_s = min(best_s, time.perf_counter() - started)
        repeats += 1
    return flop / best_s / 1e9
