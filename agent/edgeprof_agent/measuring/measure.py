"""One model measured on this machine: the one path of `edgeprof profile` and of the agent."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import msgspec

from edgeprof.wire.messages import Failure, Result
from edgeprof_agent import isolation, state
from edgeprof_agent.isolation import Limits, Outcome
from edgeprof_agent.isolation.running import OnLine
from edgeprof_agent.measuring.conversation import Conversation, OnProgress
from edgeprof_agent.measuring.courses import extra_time_s, job_of
from edgeprof_agent.measuring.footprint import FootprintMeter
from edgeprof_agent.measuring.integrity import check_files
from edgeprof_agent.measuring.lock import measuring
from edgeprof_agent.measuring.meter import Meter
from edgeprof_agent.measuring.reporting import Header, Run, failed_early, result_of
from edgeprof_agent.measuring.request import MeasureRequest
from edgeprof_agent.runtimes import registry
from edgeprof_agent.worker.document import Course

_CANCELLED = Failure(stage="start", code="cancelled", message="The run was cancelled before it started.")


def measure(
    request: MeasureRequest,
    on_progress: OnProgress,
    cancelled: threading.Event,
    worker: Sequence[str] | None = None,
) -> tuple[Result, dict[str, bytes]]:
    """The result, whatever the model does, and its artifacts by SHA-256. `worker` replaces the worker's command."""
    header = _header(request)
    on_progress("verify", None, "")
    failure = check_files(request.model.manifest, request.model_dir, cancelled)
    if failure is not None:
        return failed_early(header, failure), {}
    on_progress("start", None, "")
    with measuring(lambda: on_progress("start", None, "waiting for another measurement"), cancelled) as free:
        if not free:
            return failed_early(header, _CANCELLED), {}
        run = _run(_Attempt(request, on_progress, cancelled, worker or worker_command(request.config.runtime)))
    return result_of(header, run)


def worker_command(variant: str) -> tuple[str, ...]:
    """How the worker of a runtime is started."""
    return (registry.worker_python(variant), "-m", "edgeprof_agent.worker")


@dataclass(frozen=True)
class _Attempt:
    """What every worker of one run is started with."""

    request: MeasureRequest
    on_progress: OnProgress
    cancelled: threading.Event
    worker: Sequence[str]


@dataclass(frozen=True)
class _Ended:
    """One worker's course."""

    limits: Limits
    heard: Conversation
    outcome: Outcome


def _run(attempt: _Attempt) -> Run:
    """A cold start in a process of its own, then the measurement. A model that fails cold is not tried again."""
    started_s = time.monotonic()
    before = state.read_state()
    cold = _course(attempt, "cold", started_s) if attempt.request.protocol.cold_start else None
    footprint = FootprintMeter()
    with Meter() as meter:
        ended = cold if cold and not cold.heard.cold else _course(attempt, "measure", started_s, footprint.beside)
    measured = ended.heard.measured
    power = meter.energy(measured["windows"]) if measured is not None else "the run failed"
    return Run(
        before=before,
        after=state.read_state(),
        limits=replace(ended.limits, deadline_s=attempt.request.protocol.deadline_s),
        heard=ended.heard,
        outcome=ended.outcome,
        power=power,
        footprint=footprint.footprint(measured["windows"], meter.costs) if measured is not None else None,
        cold=cold.heard.cold if cold else None,
    )


def _alone(on_line: OnLine) -> OnLine:
    return on_line


def _course(attempt: _Attempt, course: Course, started_s: float, beside: Callable[[OnLine], OnLine] = _alone) -> _Ended:
    """`beside` wraps what hears the worker's lines."""
    request = attempt.request
    left_s = max(0.1, request.protocol.deadline_s - (time.monotonic() - started_s))
    beyond_s = extra_time_s(request.config, request.protocol) if course == "measure" else 0.0
    limits = Limits(deadline_s=left_s + beyond_s, memory_limit_mib=request.memory_limit_mib, cores=request.cores)
    heard = Conversation(attempt.on_progress)
    job = msgspec.json.encode(job_of(request, course, left_s))
    return _Ended(limits, heard, isolation.run(attempt.worker, job, limits, beside(heard.hear), attempt.cancelled))


def _header(request: MeasureRequest) -> Header:
    return Header(
        result_id=request.result_id,
        job_id=request.job_id,
        attempt=request.attempt,
        device_id=request.device_id,
        model=request.model,
        config=request.config,
        protocol=request.protocol,
        emulated=request.emulated,
        started=state.stamp(),
    )
