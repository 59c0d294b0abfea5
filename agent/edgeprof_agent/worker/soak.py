"""A soak: load without a pause, folded into buckets as it goes: a day of it takes no more memory than a minute."""

import gc
import time
from collections.abc import Callable

from edgeprof_agent.worker.reporter import Reporter
from edgeprof_agent.worker_protocol.document import SoakRun, WorkerJob
from edgeprof_agent.worker_protocol.order import median

BUCKETS = 60
_SUSTAINED_SHARE = 0.2
_MAX_SUSTAINED_NS = 60_000_000_000
_MAX_IN_A_BUCKET = 20_000
"""Of faster models every second, fourth ... time is kept, which leaves the median as it is."""

Units = Callable[[], list[int]]
"""Runs once and gives the times of the units in it: one inference, or each token of a generation."""


def run_soak(once: Units, job: WorkerJob, reporter: Reporter) -> SoakRun:
    """For `soak_s`, or until the worker must stop."""
    span_ns = int(job["protocol"].soak_s * 1e9)
    bucket_ns = max(1, span_ns // BUCKETS)
    starts: list[int] = []
    medians: list[float] = []
    counts: list[int] = []
    tail = _Thinned()
    tail_from_ns = span_ns - min(int(span_ns * _SUSTAINED_SHARE), _MAX_SUSTAINED_NS)
    gc.collect()
    gc.disable()
    try:
        start_ns = time.monotonic_ns()
        end_ns = min(start_ns + span_ns, job["stop_at_ns"])
        now_ns = start_ns
        while now_ns < end_ns:
            began_ns, bucket = now_ns, _Thinned()
            while now_ns - began_ns < bucket_ns and now_ns < end_ns:
                units = once()
                bucket.add(units)
                now_ns = time.monotonic_ns()
                if now_ns - start_ns >= tail_from_ns:
                    tail.add(units)
            starts.append(began_ns - start_ns)
            medians.append(median(bucket.kept))
            counts.append(bucket.seen)
            reporter.enter("soak", f"{(now_ns - start_ns) / 1e9:.0f} s", (now_ns - start_ns) / span_ns)
    finally:
        gc.enable()
    return {
        "start_ns": start_ns,
        "duration_ns": now_ns - start_ns,
        "bucket_start_ns": starts,
        "bucket_p50_ns": medians,
        "bucket_n": counts,
        "sustained_ns": tail.kept,
        "complete": now_ns - start_ns >= span_ns,
    }


class _Thinned:
    """Values in order, every k-th of them once there are many."""

    def __init__(self) -> None:
        self.kept: list[int] = []
        self.seen = 0
        self._every = 1

    def add(self, values: list[int]) -> None:
        for value in values:
            if self.seen % self._every == 0:
                self.kept.append(value)
                if len(self.kept) >= _MAX_IN_A_BUCKET:
                    self.kept = self.kept[::2]
                    self._every *= 2
            self.seen += 1
