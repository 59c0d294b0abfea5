"""Warm-up until the speed is steady: not a count that somebody chose.

The runs go by blocks of at least 20 ms. Steady: the medians of the last five blocks have a coefficient of variation of
at most 2 % (Georges, Buytaert and Eeckhout, Statistically rigorous Java performance evaluation, OOPSLA 2007, 3.4: a
window of k iterations whose CoV falls below 0.01 or 0.02), and the newest is not the fastest by more than that, as it
would be while the model still speeds up. A model that is slower than 20 ms has blocks of one run; one so slow that five
do not fit into the limit is steady if its last two are alike within 2 %.
"""

import math
import time
from collections.abc import Callable, MutableSequence, Sequence
from typing import NamedTuple

from edgeprof_agent.worker_protocol.document import Job
from edgeprof_agent.worker_protocol.order import median

BLOCK_NS = 20_000_000
BLOCKS = 5
MAX_VARIATION = 0.02


class WarmUp(NamedTuple):
    """How many runs, and whether the speed was steady at their end."""

    runs: int
    settled: bool


def warm_up(once: Callable[[], object], job: Job, counter: MutableSequence[int], limit_s: float = math.inf) -> WarmUp:
    """At least `warmup_runs`, then until steady, `warmup_limit_s` (or `limit_s`, if less) or the deadline.

    `counter`: see run_counter.py.
    """
    clock = time.monotonic_ns
    limit_ns = clock() + int(min(limit_s, job["protocol"].warmup_limit_s) * 1e9)
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
        if runs >= job["protocol"].warmup_runs and is_steady(blocks):
            return WarmUp(runs, True)
    return WarmUp(runs, is_steady_though_slow(blocks))


def is_steady_though_slow(blocks: Sequence[float]) -> bool:
    """Of a model too slow for five blocks within the limit: whether its last two are alike."""
    return 2 <= len(blocks) < BLOCKS and abs(blocks[-1] - blocks[-2]) <= MAX_VARIATION * min(blocks[-2:])


def is_steady(blocks: Sequence[float]) -> bool:
    """Whether the last blocks are alike, and the newest does not lead them."""
    last = blocks[-BLOCKS:]
    if len(last) < BLOCKS:
        return False
    mean = sum(last) / BLOCKS
    deviation = (sum((value - mean) ** 2 for value in last) / (BLOCKS - 1)) ** 0.5
    return deviation <= MAX_VARIATION * mean and last[-1] >= min(last[:-1]) * (1 - MAX_VARIATION)
