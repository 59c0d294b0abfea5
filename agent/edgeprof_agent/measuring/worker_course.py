"""One worker's course within a run: what it is started with, its limits, and what hears its lines."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from edgeprof_agent import isolation
from edgeprof_agent.energy.meter import EnergyMeter
from edgeprof_agent.isolation import Limits, WorkerExit
from edgeprof_agent.isolation.running import OnLine
from edgeprof_agent.measuring.llama_path import RuntimePath
from edgeprof_agent.measuring.model_facts import ModelFacts
from edgeprof_agent.measuring.request import MeasureRequest
from edgeprof_agent.measuring.sandboxed import inside_of
from edgeprof_agent.measuring.worker_job import extra_time_s, job_of
from edgeprof_agent.measuring.worker_output import WorkerOutput
from edgeprof_agent.worker_protocol.document import Course
from edgeprof_agent.worker_protocol.progress import OnProgress


@dataclass(frozen=True)
class Attempt:
    """What every worker of one run is started with."""

    request: MeasureRequest
    path: RuntimePath
    on_progress: OnProgress
    cancelled: threading.Event
    worker: Sequence[str]
    root: Path
    facts: ModelFacts


@dataclass(frozen=True)
class Ended:
    """One worker's course."""

    limits: Limits
    worker_output: WorkerOutput
    outcome: WorkerExit


@dataclass(frozen=True)
class Sidecars:
    """What goes on beside a worker: is given its process id, and wraps what hears its lines."""

    on_start: Callable[[int], None] = lambda pid: None
    around: Callable[[OnLine], OnLine] = lambda on_line: on_line
    meter: EnergyMeter | None = None


def run_worker(attempt: Attempt, course: Course, started_s: float, beside: Sidecars = Sidecars()) -> Ended:
    """One worker from its start to its end, within what is left of the run's time limit."""
    request = attempt.request
    left_s = max(0.1, request.protocol.deadline_s - (time.monotonic() - started_s))
    ask = beside.meter.plan.ask if beside.meter else None
    beyond_s = extra_time_s(request.config, request.protocol) if course == "measure" else 0.0
    beyond_s += beside.meter.extra_s if beside.meter else 0.0
    limits = Limits(deadline_s=left_s + beyond_s, memory_limit_mib=request.memory_limit_mib, cores=request.cores)
    worker_output = WorkerOutput(beside.meter.watching(attempt.on_progress) if beside.meter else attempt.on_progress)
    run_as = replace(request, config=replace(request.config, runtime=attempt.path.runtime))
    job = msgspec.json.encode(
        job_of(run_as, course, left_s, beyond_s, ask, facts=attempt.facts, eval_callback=attempt.path.eval_callback)
    )
    take_line = beside.around(worker_output.take_line)
    inside = inside_of(request)
    outcome = isolation.run(attempt.worker, job, limits, take_line, attempt.cancelled, beside.on_start, inside)
    return Ended(limits, worker_output, outcome)
