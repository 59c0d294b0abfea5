"""The measured window: back-to-back runs, until the median is known well enough, cannot be in time, or the time is up.

The published interval of the median is looked at between stretches of the window and never inside one
(edgeprof/statistics/stopping.py). Looks lie ever further apart, so that a look costs little beside what it looks at.
"""

import gc
import time
from array import array
from collections.abc import Callable, MutableSequence
from typing import NamedTuple

from edgeprof_agent.worker.stopping import StopRule
from edgeprof_agent.worker_protocol.document import MeasuredWindow, WindowEnd, WorkerJob


class Windows(NamedTuple):
    """All samples in order, the spans in which they were taken, what ended the last one.

    `needed_s`: where the precision was out of reach, about how long a window it would have taken.
    """

    samples_ns: "array[int]"
    windows: list[MeasuredWindow]
    ended_by: WindowEnd
    needed_s: float | None = None


def measured_windows(infer: Callable[[], object], job: WorkerJob, counter: MutableSequence[int]) -> Windows:
    """The samples of as many stretches as precision takes."""
    from edgeprof.statistics.stopping import look_at  # not at the start of a worker, which is measured

    protocol = job["protocol"]
    samples, windows = array("q"), list[MeasuredWindow]()
    until_s, spent_s = protocol.window_s, 0.0
    while True:
        rule = StopRule(
            max(1, protocol.min_runs - len(samples)),
            protocol.max_runs - len(samples),
            int((until_s - spent_s) * 1e9),
            job["stop_at_ns"],
        )
        window = timed_window(infer, rule, samples, counter)
        windows.append(window)
        spent_s += (window["end_ns"] - window["start_ns"]) / 1e9
        if len(samples) >= protocol.max_runs:
            return Windows(samples, windows, "runs")
        if time.monotonic_ns() >= job["stop_at_ns"]:
            return Windows(samples, windows, "deadline")
        look = look_at(samples, spent_s, protocol.precision, protocol.window_limit_s)
        if look.precise:
            return Windows(samples, windows, "precision")
        if spent_s >= protocol.window_limit_s:
            return Windows(samples, windows, "time")
        if look.out_of_reach:
            return Windows(samples, windows, "looks", look.needed_s)
        until_s = max(look.next_s, spent_s)


def timed_window(
    infer: Callable[[], object], rule: StopRule, samples: "array[int]", counter: MutableSequence[int]
) -> MeasuredWindow:
    """Back-to-back inferences, each timed on its own, appended to `samples`; Python's collector is off meanwhile."""
    clock = time.perf_counter_ns  # CLOCK_MONOTONIC on Linux, as is time.monotonic_ns
    before = len(samples)
    gc.collect()
    gc.disable()
    try:
        window_start_ns = time.monotonic_ns()
        while True:
            started_ns = clock()
            infer()
            ended_ns = clock()
            samples.append(ended_ns - started_ns)
            counter[0] += 1
            if rule.done(len(samples) - before, ended_ns - window_start_ns, ended_ns):
                break
        window_end_ns = time.monotonic_ns()
    finally:
        gc.enable()
    return {"start_ns": window_start_ns, "end_ns": window_end_ns, "units": len(samples) - before}
