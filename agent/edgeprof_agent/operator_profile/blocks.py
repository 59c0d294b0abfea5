"""Blocks of runs with the profiler and without it, in turn: what drifts meets both kinds alike."""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

_BLOCK_S = 0.25
_MAX_RUNS = 40
"""Of a block: a profile keeps every run."""
_MIN_BLOCKS = 3
_MAX_BLOCKS = 12
_LIMIT_S = 6.0
_PAUSE_S = 0.01
"""Between blocks: the threads of the other session then no longer spin."""
_SLOW_S = 1.0
"""A run this long is not spent on warming a block up."""


class Blocks(NamedTuple):
    """Times of the kept runs. `kept`: which calls of `profiled` they were; the first of a block is not one."""

    plain_ns: list[float]
    profiled_ns: list[float]
    kept: list[int]


def interleaved(
    plain: Callable[[], float], profiled: Callable[[], float], stop_at_ns: int, limit_s: float = _LIMIT_S
) -> Blocks:
    """Each callable makes one run and gives its nanoseconds. At least one block of each kind, whatever the limits."""
    calls = 2
    slow_ns = max(plain(), profiled())
    slow_ns = max(plain(), profiled()) if slow_ns < _SLOW_S * 1e9 else slow_ns
    calls = 2 if slow_ns < _SLOW_S * 1e9 else 1
    runs = max(1, min(_MAX_RUNS, int(_BLOCK_S * 1e9 / slow_ns)))
    found = Blocks([], [], [])
    end_ns = min(stop_at_ns, time.monotonic_ns() + int(limit_s * 1e9))
    for block in range(_MAX_BLOCKS):
        is_late = time.monotonic_ns() > end_ns
        if block and is_late and (block >= _MIN_BLOCKS or time.monotonic_ns() > stop_at_ns):
            break
        for is_profiled in (False, True) if block % 2 == 0 else (True, False):
            run = profiled if is_profiled else plain
            time.sleep(_PAUSE_S)
            if runs > 1:
                run()
                calls += is_profiled
            times = [run() for _ in range(runs)]
            if is_profiled:
                found.kept.extend(range(calls, calls + runs))
                calls += runs
            (found.profiled_ns if is_profiled else found.plain_ns).extend(times)
    return found


def reduced(times_ns: Sequence[Sequence[float]]) -> tuple[list[float], list[float]]:
    """Of each node one time, and of each run its sum. `times_ns`: for each node, one entry a run.

    A node's time is the mean over the runs whose sums lie in the middle half: such times add up to a usual run's sum,
    which medians of single nodes do not on a busy machine.

    >>> reduced([[1, 2, 9], [10, 20, 90]])
    ([2.0, 20.0], [11.0, 22.0, 99.0])
    """
    if not times_ns:
        return [], []
    sums = [float(sum(run)) for run in zip(*times_ns, strict=True)]
    order = sorted(range(len(sums)), key=sums.__getitem__)
    cut = (len(order) + 1) // 4 if len(order) > 2 else 0
    middle = order[cut : len(order) - cut]
    return [sum(node[run] for run in middle) / len(middle) for node in times_ns], sums
