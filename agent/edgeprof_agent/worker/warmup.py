"""Warm-up until the speed is steady: not a count that somebody chose.

The runs go by blocks of at least 20 ms, and the medians of the last five of them have to be alike (steadiness.py). A
model that is slower than 20 ms has blocks of one run; one so slow that five do not fit into the limit is steady if its
last two are alike.

On a machine that is not quiet no five blocks may ever be alike. From a second on it is enough that the model speeds up
no more: what is left is noise, and no warm-up ends that.
"""

import math
import time
from collections.abc import Callable, MutableSequence
from typing import NamedTuple

from edgeprof_agent.worker.steadiness import is_level, is_steady, is_steady_at_limit
from edgeprof_agent.worker_protocol.document import WorkerJob
from edgeprof_agent.worker_protocol.order import median

BLOCK_NS = 20_000_000
BLOCKS = 5
LEVEL_AFTER_NS = 1_000_000_000


class WarmUp(NamedTuple):
    """How many runs, and whether the speed was steady at their end."""

    runs: int
    settled: bool


def warm_up(
    once: Callable[[], object], job: WorkerJob, counter: MutableSequence[int], limit_s: float = math.inf
) -> WarmUp:
    """At least `warmup_runs`, then until steady, `warmup_limit_s` (or `limit_s`, if less) or the deadline.

    `counter`: see run_counter.py.
    """
    clock = time.monotonic_ns
    begin_ns = clock()
    limit_ns = begin_ns + int(min(limit_s, job["protocol"].warmup_limit_s) * 1e9)
    blocks: list[float] = []
    block: list[int] = []
    runs, filled_ns = 0, 0
    while (runs < job["protocol"].warmup_runs or clock() < limit_ns) and clock() < job["stop_at_ns"]:
        started_ns = clock()
        once()
        took_ns = clock() - started_ns
        runs += 1
        counter[0] += 1
        block.append(took_ns)
        filled_ns += took_ns
        if filled_ns >= BLOCK_NS:
            blocks.append(median(block))
            block, filled_ns = [], 0
            if runs >= job["protocol"].warmup_runs and clock() - begin_ns >= LEVEL_AFTER_NS and is_level(blocks):
                return WarmUp(runs, True)
        if runs >= job["protocol"].warmup_runs and is_steady(blocks, BLOCKS):
            return WarmUp(runs, True)
    return WarmUp(runs, is_steady_at_limit(blocks, BLOCKS))
