"""Repeats of a prompt or a generation: warm-up until steady, then until the mean is known well enough.

Each repeat is long (milliseconds to minutes) and covers many tokens, so that few are taken and each is looked at: at
least 6 and `window_s`, then until half the 95 % interval of the mean (Student's t) is at most `precision` of it, for at
most `window_limit_s`. Looking after every repeat stops a little too early on a lucky streak; the reported interval is
that of the median by order statistics, which does not come from this rule.
"""

import gc
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from edgeprof_agent.worker.steadiness import MIN_VALUES, is_steady, is_steady_at_limit, mean_half_width
from edgeprof_agent.worker_protocol.document import WindowEnd, WorkerJob

REPEATS = MIN_VALUES
_ALIKE = 3

T = TypeVar("T")


class Warm(NamedTuple):
    """How many runs, and whether the last ones were alike."""

    runs: int
    settled: bool


class RepeatRule(NamedTuple):
    """How long to repeat. `precision` None: time and count alone decide."""

    min_runs: int
    max_runs: int
    window_ns: int
    limit_ns: int
    precision: float | None
    stop_at_ns: int

    def ended(self, values: Sequence[float], elapsed_ns: int, now_ns: int) -> WindowEnd | None:
        """What ends the repeats now; None: another one."""
        if now_ns >= self.stop_at_ns:
            return "deadline"
        if len(values) >= self.max_runs:
            return "runs"
        if len(values) < self.min_runs or elapsed_ns < self.window_ns:
            return None
        if self.precision is not None:
            width = mean_half_width(values)
            if width is not None and width <= self.precision:
                return "precision"
        return "time" if elapsed_ns >= self.limit_ns else None


def rule_of(job: WorkerJob) -> RepeatRule:
    """That of the measured window."""
    return RepeatRule(
        min(REPEATS, job["protocol"].max_runs),
        job["protocol"].max_runs,
        int(job["protocol"].window_s * 1e9),
        int(job["protocol"].window_limit_s * 1e9),
        job["protocol"].precision,
        job["stop_at_ns"],
    )


def warm_up(once: Callable[[], float], job: WorkerJob) -> Warm:
    """Runs until the last three are alike (see steadiness.py). `once` gives its own time.

    Ends at `warmup_limit_s`, but not before the second run, as two tell a slow model's steadiness.
    """
    limit_ns = time.monotonic_ns() + int(job["protocol"].warmup_limit_s * 1e9)
    times: list[float] = []
    while time.monotonic_ns() < job["stop_at_ns"]:
        times.append(once())
        if is_steady(times, _ALIKE):
            return Warm(len(times), True)
        if time.monotonic_ns() >= limit_ns and len(times) >= 2:
            return Warm(len(times), is_steady_at_limit(times, _ALIKE))
    return Warm(len(times), False)


def repeat(once: Callable[[], T], value: Callable[[T], float], rule: RepeatRule, taken: list[T]) -> WindowEnd:
    """Appends to `taken` until the rule ends it, and tells by what. Python's collector is off meanwhile."""
    gc.collect()
    gc.disable()
    try:
        start_ns = time.monotonic_ns()
        while True:
            taken.append(once())
            now_ns = time.monotonic_ns()
            ended_by = rule.ended([value(one) for one in taken], now_ns - start_ns, now_ns)
            if ended_by is not None:
                return ended_by
    finally:
        gc.enable()
