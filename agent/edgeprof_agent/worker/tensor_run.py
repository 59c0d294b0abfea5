"""Measuring a model with tensors in and out: first inference, warm-up, the window, then what was asked beyond it."""

import os
import resource
import time
from collections.abc import Callable

from edgeprof_agent.worker.energy import EnergyWork, run_energy
from edgeprof_agent.worker.guarded import extra, guarded
from edgeprof_agent.worker.loop_cost import loop_cost
from edgeprof_agent.worker.open_loop import run_open_loop
from edgeprof_agent.worker.opening import Opened
from edgeprof_agent.worker.reporter import Reporter
from edgeprof_agent.worker.soak import run_soak
from edgeprof_agent.worker.tensor_sweep import sweep_tensor
from edgeprof_agent.worker.threads import thread_count, threads_note
from edgeprof_agent.worker.warmup import warm_up
from edgeprof_agent.worker.window import measured_windows
from edgeprof_agent.worker_protocol.adapter import MakesInputs, TensorModel
from edgeprof_agent.worker_protocol.document import LoopFacts, Measured, WorkerJob
from edgeprof_agent.worker_protocol.run_counter import open_counter


def measure_tensor(opened: Opened, model: TensorModel, job: WorkerJob, reporter: Reporter) -> None:
    """The whole protocol on a loaded model whose inputs lie ready."""
    setting = model.setting()
    reporter.enter("first_inference")
    started_ns = time.perf_counter_ns()
    model.infer()
    first_ns = time.perf_counter_ns() - started_ns
    counter = open_counter()
    counter[0] = 1
    opened.memory.end_of("first_inference")
    reporter.enter("warmup", "until the speed is steady")
    warm = warm_up(model.infer, job, counter)
    cost = loop_cost()
    reporter.enter("measure", f"{job['protocol'].window_s:g} to {job['protocol'].window_limit_s:g} s")
    faults = major_faults()
    taken = measured_windows(model.infer, job, counter)
    faults = major_faults() - faults
    opened.memory.end_of("measure")  # before anything of ours grows: the list of samples, the look at the outputs
    output, output_unread = guarded(model.output, None)
    setting["notes"].append(threads_note(job["config"].threads, opened.threads_before, thread_count()))
    loop: LoopFacts = {
        "clock_resolution_ns": cost.clock_resolution_ns,
        "overhead_ns": cost.overhead_ns,
        "warmup_runs": warm.runs,
        "settled": warm.settled,
        "window_end": taken.ended_by,
        "needed_s": taken.needed_s,
    }
    measured: Measured = {
        "kind": "tensor",
        "phases_ms": {**opened.phases_ms, "first_inference_ms": first_ns / 1e6},
        "series_ns": {"latency": taken.samples_ns.tolist()},
        "absent": {},
        "windows": taken.windows,
        "prefill_windows": [],
        "prompt_tokens": 0,
        "decode_steps": [],
        "peak_kib": opened.memory.peak_kib,
        "memory": opened.memory.readings,
        "memory_absent": opened.memory.absent,
        "major_faults": faults,
        "loop": loop,
        "output": output,
        "output_unread": output_unread,
        "steering": isinstance(model, MakesInputs) and bool(guarded(model.steering, [])[0]),
        "text": None,
        "remote": None,
        "affinity": sorted(os.sched_getaffinity(0)),
        "setting": setting,
    }
    reporter.measured(measured)
    _beyond(opened, model, {**job, "stop_at_ns": job["extras_stop_at_ns"]}, reporter)


def _beyond(opened: Opened, model: TensorModel, job: WorkerJob, reporter: Reporter) -> None:
    """What was asked beyond the window. Energy first, on a device as warm as the window left it; a soak last."""
    extra(reporter, "energy", lambda: _energy(model, job, reporter))
    if job["config"].arrival_rate_per_s > 0:
        extra(reporter, "open_loop", lambda: _open_loop(model, job, reporter))
    extra(reporter, "sweep", lambda: sweep_tensor(model, opened.memory, job, reporter))
    if job["protocol"].soak_s > 0:
        extra(reporter, "soak", lambda: _soak(model, job, reporter))


def _energy(model: TensorModel, job: WorkerJob, reporter: Reporter) -> None:
    if job["energy"] is not None:
        reporter.energy(run_energy([EnergyWork("inference", _one(model))], job["energy"], job["stop_at_ns"], reporter))


def _open_loop(model: TensorModel, job: WorkerJob, reporter: Reporter) -> None:
    reporter.enter("open_loop", f"{job['config'].arrival_rate_per_s:g} arrivals a second")
    reporter.open_loop(run_open_loop(model.infer, job))


def _soak(model: TensorModel, job: WorkerJob, reporter: Reporter) -> None:
    reporter.enter("soak", f"{job['protocol'].soak_s:g} s")
    reporter.soak(run_soak(_timed(model), job, reporter))


def _one(model: TensorModel) -> Callable[[], int]:
    infer = model.infer

    def once() -> int:
        infer()
        return 1

    return once


def _timed(model: TensorModel) -> Callable[[], list[int]]:
    infer, clock = model.infer, time.perf_counter_ns

    def once() -> list[int]:
        started_ns = clock()
        infer()
        return [clock() - started_ns]

    return once


def major_faults() -> int:
    """Pages of this process that had to come from disk so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_majflt
