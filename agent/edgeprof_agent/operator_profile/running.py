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
from edgeprof_agent.isolation import Limits, WorkerExit
from edgeprof_agent.measuring.llama_path import path_of
from edgeprof_agent.measuring.model_facts import facts_of
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
    """`watch` reads the device meanwhile.

    Raises EdgeprofError where the runtime has no profiler, or its model does not run to the end.
    """
    path = path_of(config)
    if path.runtime not in PROFILERS:
        reason = f" {path.notes[0]}." if path.notes else ""
        raise MissingPartError(
            "no_operator_profile",
            f"{path.runtime} reports no times of single operators.{reason} Runtimes that do: {', '.join(PROFILERS)}.",
        )
    protocol = RunProtocol(energy=False, cold_start=False, deadline_s=deadline_s)
    request = request_of(file, replace(config, runtime=path.runtime), protocol)
    job = job_of(request, "measure", deadline_s, 0.0, facts=facts_of(request), eval_callback=path.eval_callback)
    command = (registry.worker_python(path.runtime), "-m", MODULE)
    found = told_by_child(command, msgspec.json.encode(job), "profile", deadline_s, cancelled, watch)
    return msgspec.convert(found, OperatorRun)


def told_by_child(
    command: tuple[str, ...],
    job: bytes,
    event: str,
    deadline_s: float,
    cancelled: threading.Event | None = None,
    watch: Watch | None = None,
) -> Any:
    """What the child's line `event` holds. Raises EdgeprofError with the failure's code where none came."""
    told: list[dict[str, Any]] = []

    def take(line: bytes) -> bool:
        read: dict[str, Any] = json.loads(line)
        if read["event"] in (event, "failed"):
            told.append(read)
        return bool(told)

    watch = watch or Watch(wanted=False)
    limits = Limits(deadline_s=deadline_s)
    try:
        ended = isolation.run(command, job, limits, take, cancelled or threading.Event(), watch.start)
    finally:
        watch.stop()
    if told and told[0]["event"] == event:
        return told[0][event]
    if told:
        raise EdgeprofError("operator_profile_failed", f"The profiled run failed: {_sentence(told[0]['message'])}")
    raise EdgeprofError("operator_profile_failed", _died(ended, deadline_s))


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _died(ended: WorkerExit, deadline_s: float) -> str:
    if ended.ending == "deadline":
        return f"The profiled run did not end within {deadline_s:g} s and was stopped."
    if ended.ending == "memory" or ended.memory_evidence:
        return "The profiled run needed more memory than this machine has: a second session doubles the model's."
    if ended.ending == "cancelled":
        return "The profiled run was cancelled."
    how = f"signal {ended.signal}" if ended.signal else f"exit code {ended.exit_code}"
    return f"The profiled run ended with {how} and reported nothing. Its output ends: {ended.log[-300:].strip() or 'empty'}"
