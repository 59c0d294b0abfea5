"""Profiles a model's operators in a child process, with the machine to itself, and reads what the child tells."""

import json
import threading
from dataclasses import replace
from typing import Any

import msgspec

from edgeprof.errors import EdgeprofError, MissingPartError
from edgeprof.modelfiles import ModelFile
from edgeprof.operators.recorded import OperatorRun
from edgeprof.wire.messages import RunConfig, RunProtocol
from edgeprof_agent import isolation
from edgeprof_agent.fitting.running import request_of
from edgeprof_agent.isolation import OUTSIDE, Inside, Limits, WorkerExit
from edgeprof_agent.measuring.llama_path import path_of
from edgeprof_agent.measuring.model_facts import facts_of
from edgeprof_agent.measuring.request import MeasureRequest
from edgeprof_agent.measuring.sandboxed import inside_of
from edgeprof_agent.measuring.worker_job import job_of
from edgeprof_agent.operator_profile.table import PROFILERS
from edgeprof_agent.operator_profile.watching import Watch
from edgeprof_agent.runtimes import registry

DEADLINE_S = 120.0
MODULE = "edgeprof_agent.operator_profile.child"


def profile_operators(
    file: ModelFile,
    config: RunConfig,
    deadline_s: float = DEADLINE_S,
    cancelled: threading.Event | None = None,
    watch: Watch | None = None,
) -> OperatorRun:
    """Of a file of this machine. `watch` reads the device meanwhile. Raises EdgeprofError as `profile_request`."""
    protocol = RunProtocol(energy=False, cold_start=False, deadline_s=deadline_s)
    return profile_request(request_of(file, config, protocol), cancelled, watch)


def profile_request(
    request: MeasureRequest, cancelled: threading.Event | None = None, watch: Watch | None = None
) -> OperatorRun:
    """With the limits and the sandbox of the run that is requested.

    Raises EdgeprofError where the runtime has no profiler, or its model does not run to the end.
    """
    path = path_of(request.config)
    if path.runtime not in PROFILERS:
        reason = f" {path.notes[0]}." if path.notes else ""
        raise MissingPartError(
            "no_operator_profile",
            f"{path.runtime} reports no times of single operators.{reason} Runtimes that do: {', '.join(PROFILERS)}.",
        )
    request = replace(request, config=replace(request.config, runtime=path.runtime))
    deadline_s = min(request.protocol.deadline_s, DEADLINE_S)
    job = job_of(request, "measure", deadline_s, 0.0, facts=facts_of(request), eval_callback=path.eval_callback)
    command = (registry.worker_python(path.runtime), "-m", MODULE)
    limits = Limits(deadline_s=deadline_s, memory_limit_mib=request.memory_limit_mib, cores=request.cores)
    found = told_by_child(command, msgspec.json.encode(job), "profile", limits, cancelled, watch, inside_of(request))
    return msgspec.convert(found, OperatorRun)


def told_by_child(
    command: tuple[str, ...],
    job: bytes,
    event: str,
    limits: Limits,
    cancelled: threading.Event | None = None,
    watch: Watch | None = None,
    inside: Inside = OUTSIDE,
    what: str = "The profiled run",
) -> Any:
    """What the child's line `event` holds. Raises EdgeprofError with the failure's code where none came."""
    told: list[dict[str, Any]] = []

    def take(line: bytes) -> bool:
        read: dict[str, Any] = json.loads(line)
        if read["event"] in (event, "failed"):
            told.append(read)
        return bool(told)

    watch = watch or Watch(wanted=False)
    try:
        ended = isolation.run(command, job, limits, take, cancelled or threading.Event(), watch.start, inside)
    finally:
        watch.stop()
    if told and told[0]["event"] == event:
        return told[0][event]
    if told:
        raise EdgeprofError("operator_profile_failed", f"{what} failed: {_sentence(told[0]['message'])}")
    raise EdgeprofError("operator_profile_failed", _died(ended, limits.deadline_s, what))


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _died(ended: WorkerExit, deadline_s: float, what: str) -> str:
    if ended.ending == "deadline":
        return f"{what} did not end within {deadline_s:g} s and was stopped."
    if ended.ending == "memory" or ended.memory_evidence:
        return f"{what} needed more memory than this machine has. A second session doubles the model's."
    if ended.ending == "refused":
        return "The sandbox that this device insists on cannot be made, so nothing was profiled."
    if ended.ending == "cancelled":
        return f"{what} was cancelled."
    how = f"signal {ended.signal}" if ended.signal else f"exit code {ended.exit_code}"
    output = ended.log[-300:].strip() or "empty"
    return f"{what} ended with {how} and reported nothing. Its output ends: {output}"
