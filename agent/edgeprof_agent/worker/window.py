"""The measured window: back-to-back runs, until the median is known well enough or the time is up.

The precision (`median_half_width`) is looked at between windows and never inside one. A window that falls short is
continued for as long as the interval needs at 1 / sqrt(n), at most twice.
"""

import gc
import time
from array import array
from collections.abc import Callable, MutableSequence, Sequence
from typing import NamedTuple

from edgeprof_agent.worker.steadiness import median_half_width
from edgeprof_agent.worker.stopping import StopRule
from edgeprof_agent.worker_protocol.document import MeasuredWindow, WindowEnd, WorkerJob

_MAX_WINDOWS = 3
_ROOM = 1.2
"""More time than the estimate asks for, as it is an estimate."""


class Windows(NamedTuple):
    """All samples in order, the spans in which they were taken, and what ended the last one."""

    samples_ns: "array[int]"
    windows: list[MeasuredWindow]
    ended_by: WindowEnd


def measured_windows(infer: Callable[[], object], job: WorkerJob, counter: MutableSequence[int]) -> Windows:
    """The samples of as many windows as precision takes."""
    samples, windows = array("q"), list[MeasuredWindow]()
    span_s, spent_s = job["protocol"].window_s, 0.0
    while True:
        rule = StopRule(
            max(1, job["protocol"].min_runs - len(samples)),
            job["protocol"].max_runs - len(samples),
            int(span_s * 1e9),
            job["stop_at_ns"],
        )
        window = timed_window(infer, rule, samples, counter)
        windows.append(window)
        spent_s += (window["end_ns"] - window["start_ns"]) / 1e9
        ended_by = _ended_by(samples, spent_s, len(windows), job)
        if ended_by is not None:
            return Windows(samples, windows, ended_by)
        span_s = _more_s(samples, spent_s, job)


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


def _ended_by(samples: Sequence[int], spent_s: float, windows: int, job: WorkerJob) -> WindowEnd | None:
    if len(samples) >= job["protocol"].max_runs:
        return "runs"
    if time.monotonic_ns() >= job["stop_at_ns"]:
        return "deadline"
    width = median_half_width(samples)
    if width is not None and width <= job["protocol"].precision:
        return "precision"
    if spent_s >= job["protocol"].window_limit_s:
        return "time"
    return "looks" if windows >= _MAX_WINDOWS else None


def _more_s(samples: Sequence[int], spent_s: float, job: WorkerJob) -> float:
    width = median_half_width(samples)
    factor = (width / job["protocol"].precision) ** 2 if width is not None else 2.0
    wanted_s = spent_s * max(0.25, factor * _ROOM - 1)
    return min(wanted_s, job["protocol"].window_limit_s - spent_s)
