"""Measuring a language model: repeated prompts (prefill, TTFT), then repeated generations, as llama-bench does."""

import gc
import os
import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from edgeprof_agent.runtimes.base import Decode, Prefill, TextModel
from edgeprof_agent.worker.document import Job, Measured, Window
from edgeprof_agent.worker.loop_cost import loop_cost
from edgeprof_agent.worker.opening import Opened
from edgeprof_agent.worker.reporter import Reporter
from edgeprof_agent.worker.stopping import StopRule, time_is_up
from edgeprof_agent.worker.tensor_run import major_faults

REPEATS = 6
"""The fewest repeats of a prompt or a generation that give a median a 95 % interval (see summary.py)."""

T = TypeVar("T")


class TextTimes(NamedTuple):
    """What a text run took."""

    first_inference_ns: int
    prefills: list[Prefill]
    decodes: list[Decode]
    decode_window: Window


def measure_text(opened: Opened, model: TextModel, job: Job, reporter: Reporter) -> None:
    """The whole protocol on a loaded language model."""
    setting = model.setting()
    faults = major_faults()
    times = run_text(opened, model, job, reporter)
    faults = major_faults() - faults
    opened.memory.end_of("measure")
    cost = loop_cost()
    measured: Measured = {
        "kind": "text",
        "phases_ms": {**opened.phases_ms, "first_inference_ms": times.first_inference_ns / 1e6},
        "series_ns": {
            "prefill": [prefill.prompt_ns for prefill in times.prefills],
            "ttft": [prefill.first_token_ns for prefill in times.prefills],
            "decode": [decode.total_ns for decode in times.decodes],
            "inter_token": [gap_ns for decode in times.decodes for gap_ns in decode.gaps_ns],
        },
        "absent": model.absent,
        "windows": [times.decode_window],
        "prompt_tokens": job["prompt_tokens"],
        "decode_steps": [decode.steps for decode in times.decodes],
        "peak_kib": opened.memory.peak_kib,
        "memory": opened.memory.readings,
        "memory_absent": opened.memory.absent,
        "major_faults": faults,
        "loop": {
            "clock_resolution_ns": cost.clock_resolution_ns,
            "overhead_ns": cost.overhead_ns,
            "warmup_runs": 1,
            "settled": True,
            "window_end": "time",
        },
        "output": None,
        "text": None,
        "affinity": sorted(os.sched_getaffinity(0)),
        "setting": setting,
    }
    reporter.measured(measured)


def run_text(opened: Opened, model: TextModel, job: Job, reporter: Reporter) -> TextTimes:
    """Prefill and decode in two phases, so that power may be attributed to decoding alone."""
    reporter.enter("first_inference", f"a prompt of {job['prompt_tokens']} tokens")
    started_ns = time.perf_counter_ns()
    model.prefill()
    first_ns = time.perf_counter_ns() - started_ns
    opened.memory.end_of("first_inference")
    _warm_up(model.prefill, job, reporter, "one prompt")
    prefills, _ = _repeat(model.prefill, job, _telling(reporter, "prefill"))
    _warm_up(model.decode, job, reporter, "one generation")
    decodes, window = _repeat(model.decode, job, _telling(reporter, "decode"))
    window["units"] = sum(decode.tokens for decode in decodes)
    return TextTimes(first_ns, prefills, decodes, window)


def _warm_up(once: Callable[[], object], job: Job, reporter: Reporter, note: str) -> None:
    """One, as llama-bench does: prompt and generation each have a context of their own size."""
    reporter.enter("warmup", note)
    if not time_is_up(job["stop_at_ns"]):
        once()


def _repeat(once: Callable[[], T], job: Job, tell: Callable[[int], None]) -> tuple[list[T], Window]:
    rule = StopRule(min(job["min_runs"], REPEATS), job["max_runs"], int(job["window_s"] * 1e9), job["stop_at_ns"])
    taken: list[T] = []
    gc.collect()
    gc.disable()
    try:
        start_ns = time.monotonic_ns()
        while True:
            tell(len(taken))
            taken.append(once())
            now_ns = time.monotonic_ns()
            if rule.done(len(taken), now_ns - start_ns, now_ns):
                return taken, {"start_ns": start_ns, "end_ns": now_ns, "units": len(taken)}
    finally:
        gc.enable()


def _telling(reporter: Reporter, what: str) -> Callable[[int], None]:
    return lambda done: reporter.enter("measure", f"{what}: repeat {done + 1}")
