"""One model measured on this machine: the one path of `edgeprof profile` and of the agent."""

import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from edgeprof.wire.messages import Failure, ModelRef, Result, RunConfig, RunProtocol
from edgeprof_agent import isolation, state
from edgeprof_agent.isolation import Limits
from edgeprof_agent.measuring.conversation import Conversation, OnProgress
from edgeprof_agent.measuring.integrity import check_files
from edgeprof_agent.measuring.lock import measuring
from edgeprof_agent.measuring.meter import Meter
from edgeprof_agent.measuring.reporting import Header, Run, failed_early, result_of
from edgeprof_agent.runtimes import registry
from edgeprof_agent.worker.document import Job

_SAMPLING_SHARE = 0.8
"""The part of the deadline after which a worker takes no more samples; the rest is for its report."""
_CANCELLED = Failure(stage="start", code="cancelled", message="The run was cancelled before it started.")


@dataclass(frozen=True, kw_only=True)
class MeasureRequest:
    """One cell to measure. The model's files lie in `model_dir` under the paths of its manifest."""

    result_id: str
    job_id: str | None
    attempt: int
    device_id: str
    model: ModelRef
    model_dir: Path
    config: RunConfig
    protocol: RunProtocol
    emulated: bool
    memory_limit_mib: float | None
    cores: tuple[int, ...] | None


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
        run = _run(request, on_progress, cancelled, worker or worker_command(request.config.runtime))
    return result_of(header, run)


def worker_command(variant: str) -> tuple[str, ...]:
    """How the worker of a runtime is started."""
    return (registry.worker_python(variant), "-m", "edgeprof_agent.worker")


def _run(request: MeasureRequest, on_progress: OnProgress, cancelled: threading.Event, worker: Sequence[str]) -> Run:
    heard = Conversation(on_progress)
    limits = Limits(
        deadline_s=request.protocol.deadline_s, memory_limit_mib=request.memory_limit_mib, cores=request.cores
    )
    before = state.read_state()
    with Meter() as meter:
        outcome = isolation.run(worker, msgspec.json.encode(_job(request)), limits, heard.hear, cancelled)
    power = meter.energy(heard.measured["window"]) if heard.measured is not None else "the run failed"
    return Run(before=before, after=state.read_state(), limits=limits, heard=heard, outcome=outcome, power=power)


def _job(request: MeasureRequest) -> Job:
    config, protocol = request.config, request.protocol
    usable = len(request.cores) if request.cores is not None else len(os.sched_getaffinity(0))
    return {
        "variant": config.runtime,
        "model_path": str((request.model_dir / request.model.manifest.entry).resolve()),
        "provider": config.provider,
        "threads": config.threads or usable,
        "shapes": {name: list(sizes) for name, sizes in config.shapes.items()},
        "prompt_tokens": config.prompt_tokens,
        "decode_tokens": config.decode_tokens,
        "warmup_runs": protocol.warmup_runs,
        "min_runs": protocol.min_runs,
        "max_runs": protocol.max_runs,
        "window_s": protocol.window_s,
        "stop_at_ns": time.monotonic_ns() + int(protocol.deadline_s * _SAMPLING_SHARE * 1e9),
        "seed": protocol.seed,
    }


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
