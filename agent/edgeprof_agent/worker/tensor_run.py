"""Measuring a model with tensors in and out: first inference, warm-up, the window, then what was asked beyond it."""

import os
import resource
import time

from edgeprof_agent.runtimes.base import TensorModel
from edgeprof_agent.worker.document import Job, LoopFacts, Measured
from edgeprof_agent.worker.loop_cost import loop_cost
from edgeprof_agent.worker.opening import Opened
from edgeprof_agent.worker.reporter import Reporter
from edgeprof_agent.worker.tensor_sweep import sweep_tensor
from edgeprof_agent.worker.threads import thread_count, threads_note
from edgeprof_agent.worker.warmup import warm_up
from edgeprof_agent.worker.window import measured_windows


def measure_tensor(opened: Opened, model: TensorModel, job: Job, reporter: Reporter) -> None:
    """The whole protocol on a loaded model whose inputs lie ready."""
    setting = model.setting()
    reporter.enter("first_inference")
    started_ns = time.perf_counter_ns()
    model.infer()
    first_ns = time.perf_counter_ns() - started_ns
    opened.memory.end_of("first_inference")
    reporter.enter("warmup", "until the speed is steady")
    warm = warm_up(model.infer, job)
    cost = loop_cost()
    reporter.enter("measure", f"{job['window_s']:g} to {job['window_limit_s']:g} s")
    faults = major_faults()
    taken = measured_windows(model.infer, job)
    faults = major_faults() - faults
    opened.memory.end_of("measure")  # before anything of ours grows: the list of samples, the look at the outputs
    setting["notes"].append(threads_note(job["threads"], opened.threads_before, thread_count()))
    loop: LoopFacts = {
        "clock_resolution_ns": cost.clock_resolution_ns,
        "overhead_ns": cost.overhead_ns,
        "warmup_runs": warm.runs,
        "settled": warm.settled,
        "window_end": taken.ended_by,
    }
    measured: Measured = {
        "kind": "tensor",
        "phases_ms": {**opened.phases_ms, "first_inference_ms": first_ns / 1e6},
        "series_ns": {"latency": taken.samples_ns.tolist()},
        "absent": {},
        "windows": taken.windows,
        "prompt_tokens": 0,
        "decode_steps": [],
        "peak_kib": opened.memory.peak_kib,
        "memory": opened.memory.readings,
        "memory_absent": opened.memory.absent,
        "major_faults": faults,
        "loop": loop,
        "output": model.output(),
        "text": None,
        "affinity": sorted(os.sched_getaffinity(0)),
        "setting": setting,
    }
    reporter.measured(measured)
    sweep_tensor(model, opened.memory, job, reporter)


def major_faults() -> int:
    """Pages of this process that had to come from disk so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_majflt
