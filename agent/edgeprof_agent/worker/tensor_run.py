"""Measuring a model with tensors in and out: first inference, warm-up, then a timed window."""

import gc
import time
from array import array
from collections.abc import Callable
from typing import NamedTuple

from edgeprof_agent.runtimes.base import TensorModel
from edgeprof_agent.worker import memory
from edgeprof_agent.worker.document import Job, Window
from edgeprof_agent.worker.reporter import Reporter
from edgeprof_agent.worker.stopping import StopRule, time_is_up


class TensorTimes(NamedTuple):
    """What a tensor run took."""

    first_inference_ns: int
    latency_ns: list[int]
    window: Window
    peak_kib: int
    notes: list[str]


def run_tensor(model: TensorModel, job: Job, reporter: Reporter) -> TensorTimes:
    """The whole protocol on a loaded model whose inputs lie ready."""
    reporter.enter("first_inference")
    started_ns = time.perf_counter_ns()
    model.infer()
    first_ns = time.perf_counter_ns() - started_ns
    reporter.enter("warmup", f"{job['warmup_runs']} runs")
    warm_up(model.infer, job)
    reporter.enter("measure", f"at least {job['min_runs']} runs and {job['window_s']:g} s")
    rule = StopRule(job["min_runs"], job["max_runs"], int(job["window_s"] * 1e9), job["stop_at_ns"])
    samples, window = timed_window(model.infer, rule)
    peak_kib = memory.peak_kib()  # before anything of ours grows: the list of samples, the look at the outputs
    return TensorTimes(first_ns, samples.tolist(), window, peak_kib, _notes(model))


def warm_up(infer: Callable[[], object], job: Job) -> None:
    """The asked number of runs, or as many as the deadline leaves room for."""
    for _ in range(job["warmup_runs"]):
        if time_is_up(job["stop_at_ns"]):
            return
        infer()


def timed_window(infer: Callable[[], object], rule: StopRule) -> "tuple[array[int], Window]":
    """Back-to-back inferences, each timed on its own; Python's collector is off meanwhile."""
    clock = time.perf_counter_ns  # CLOCK_MONOTONIC on Linux, as is time.monotonic_ns
    samples = array("q")
    gc.collect()
    gc.disable()
    try:
        window_start_ns = time.monotonic_ns()
        while True:
            started_ns = clock()
            infer()
            ended_ns = clock()
            samples.append(ended_ns - started_ns)
            if rule.done(len(samples), ended_ns - window_start_ns, ended_ns):
                break
        window_end_ns = time.monotonic_ns()
    finally:
        gc.enable()
    return samples, {"start_ns": window_start_ns, "end_ns": window_end_ns, "units": len(samples)}


def _notes(model: TensorModel) -> list[str]:
    bad = model.non_finite_outputs()
    return [f"{bad} output values are NaN or infinite for this input"] if bad else []
