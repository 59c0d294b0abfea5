"""Repeats of a prompt or a generation: until the median rate is known well enough, cannot be in time, or time is up.

Each repeat is long (milliseconds to minutes) and covers many tokens, so that few are taken: at least 6, the fewest that
give a median a 95 % interval. From then on the published interval is looked at, see edgeprof/statistics/stopping.py.
There is no separate warm-up: the first prompt has read every weight before, and repeats that lead and lie outside all
later ones are taken for warm-up afterwards.
"""

import gc
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from edgeprof_agent.worker.steadiness import MIN_VALUES
from edgeprof_agent.worker_protocol.document import WindowEnd, WorkerJob

REPEATS = MIN_VALUES

T = TypeVar("T")


class RepeatRule(NamedTuple):
    """How long to repeat. `precision` None: time and count alone decide, and every repeat counts.

    `warmup_ns`: after this long, what leads is no warm-up any more.
    """

    min_runs: int
    max_runs: int
    window_ns: int
    limit_ns: int
    precision: float | None
    stop_at_ns: int
    warmup_ns: int = 0


class Repeats(NamedTuple):
    """What ended the repeats. `warmup` of them led and were dropped; `settled`: the others begin no such lead.

    `needed_s`: where the precision was out of reach, about how long it would have taken.
    """

    ended_by: WindowEnd
    warmup: int = 0
    settled: bool = True
    needed_s: float | None = None


def rule_of(job: WorkerJob) -> RepeatRule:
    """That of the measured window."""
    protocol = job["protocol"]
    return RepeatRule(
        min(REPEATS, protocol.max_runs),
        protocol.max_runs,
        int(protocol.window_s * 1e9),
        int(protocol.window_limit_s * 1e9),
        protocol.precision,
        job["stop_at_ns"],
        int(protocol.warmup_limit_s * 1e9),
    )


def repeat(once: Callable[[], T], value: Callable[[T], float], rule: RepeatRule, taken: list[T]) -> Repeats:
    """Appends to `taken` until the rule ends it, less what was warm-up. Python's collector is off meanwhile."""
    course = Course(rule)
    gc.collect()
    gc.disable()
    try:
        ended: Repeats | None = None
        while ended is None:
            started_ns = time.monotonic_ns()
            taken.append(once())
            ended = course.ended([value(one) for one in taken], started_ns, time.monotonic_ns())
    finally:
        gc.enable()
    del taken[: ended.warmup]
    return ended


class Course:
    """One series of repeats as it goes: asked after each of them."""

    def __init__(self, rule: RepeatRule) -> None:
        self._rule = rule
        self._starts_ns: list[int] = []
        self._warmup = 0
        self._look_ns = 0

    def ended(self, values: Sequence[float], started_ns: int, now_ns: int) -> Repeats | None:
        """What ends the repeats now; None: another one. `values` are of all repeats, the last began at `started_ns`."""
        rule = self._rule
        self._starts_ns.append(started_ns)
        settled = self._settle(values, now_ns)
        kept = values[self._warmup :]
        spent_ns = now_ns - self._starts_ns[self._warmup]
        if now_ns >= rule.stop_at_ns:
            return Repeats("deadline", self._warmup, settled)
        if len(kept) >= rule.max_runs:
            return Repeats("runs", self._warmup, settled)
        if len(kept) < rule.min_runs or spent_ns < rule.window_ns:
            return None
        out_of_reach, needed_s = False, 0.0
        if rule.precision is not None and (spent_ns >= self._look_ns or spent_ns >= rule.limit_ns):
            from edgeprof.statistics.stopping import look_at  # not at the start of a worker, which is measured

            look = look_at(kept, spent_ns / 1e9, rule.precision, rule.limit_ns / 1e9)
            if look.precise:
                return Repeats("precision", self._warmup, settled)
            out_of_reach, needed_s = look.out_of_reach, look.needed_s
            self._look_ns = int(look.next_s * 1e9)
        if spent_ns >= rule.limit_ns:
            return Repeats("time", self._warmup, settled)
        return Repeats("looks", self._warmup, settled, needed_s) if out_of_reach else None

    def _settle(self, values: Sequence[float], now_ns: int) -> bool:
        """Counts what leads, while there is time for it; False once there is none and something leads still."""
        if self._rule.precision is None:
            return True
        from edgeprof.statistics.stopping import warmup_of

        leading = warmup_of(values)
        if now_ns - self._starts_ns[0] <= self._rule.warmup_ns or leading < self._warmup:
            self._warmup = leading
        return leading == self._warmup
