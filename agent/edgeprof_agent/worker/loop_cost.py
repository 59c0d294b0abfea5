"""What the clock can tell and what the timed loop costs, measured in the same process just before the window."""

import time
from itertools import pairwise
from typing import NamedTuple

from edgeprof_agent.worker_protocol.order import median

_READINGS = 2_000


class LoopCost(NamedTuple):
    """The smallest step of the clock, and the median of a timed call of nothing, in nanoseconds."""

    clock_resolution_ns: float
    overhead_ns: float


def loop_cost() -> LoopCost:
    """Takes about a millisecond."""
    clock = time.perf_counter_ns
    readings = [clock() for _ in range(_READINGS)]
    steps = [later - earlier for earlier, later in pairwise(readings) if later > earlier]
    samples: list[int] = []
    for _ in range(_READINGS):
        started_ns = clock()
        _nothing()
        ended_ns = clock()
        samples.append(ended_ns - started_ns)
    return LoopCost(float(min(steps, default=1)), median(samples))


def _nothing() -> None:
    """What is called in the place of an inference."""
