"""One model and one evaluation set on this machine: the one path of `edgeprof evaluate` and of the agent."""

import os
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from edgeprof.errors import EdgeprofError
from edgeprof.quality.evaluation_set import EvaluationSet
from edgeprof.quality.sets.folder import read_set
from edgeprof.quality.tasks.table import TASKS
from edgeprof.version import __version__
from edgeprof.wire.identity import config_key
from edgeprof.wire.messages import Failure, Result
from edgeprof_agent.evaluating.journal import Journal
from edgeprof_agent.evaluating.observing import Observer
from edgeprof_agent.evaluating.result import EvaluationRun, result_of
from edgeprof_agent.evaluating.standing import Standing
from edgeprof_agent.evaluating.workers import EvaluationAttempt, run_workers
from edgeprof_agent.measuring.extras import harmless
from edgeprof_agent.measuring.integrity import check_files
from edgeprof_agent.measuring.llama_path import path_of
from edgeprof_agent.measuring.lock import measuring
from edgeprof_agent.measuring.measure import GATE, PLAYED_PASS, header_of, misplaced, worker_command
from edgeprof_agent.measuring.reporting import failed_early
from edgeprof_agent.measuring.request import MeasureRequest
from edgeprof_agent.runtimes import registry
from edgeprof_agent.telemetry import state
from edgeprof_agent.telemetry.gate import HeatGate
from edgeprof_agent.worker_protocol.progress import OnProgress

_CANCELLED = Failure(stage="start", code="cancelled", message="The run was cancelled before it started.")


def evaluate(
    request: MeasureRequest,
    set_folder: Path,
    journal_path: Path,
    on_progress: OnProgress,
    cancelled: threading.Event,
    worker: Sequence[str] | None = None,
    root: Path = Path("/"),
    gate: HeatGate = GATE,
) -> tuple[Result, dict[str, bytes]]:
    """The result, whatever the model does, and its artifacts (`outcomes`) by SHA-256.

    `request.config.evaluation_set` is the id of the set in `set_folder`; its protocol says how many items and how long.
    `journal_path`: a file that outlives a killed run, which then goes on where it stood. It stays: remove it once the
    result is safe. It is begun anew for another set, model, configuration or version. `worker` replaces the worker's
    command; `root` is where the device's own files are read. A device that is too warm is waited for,
    as before a run that measures speed. Raises EdgeprofError where the journal cannot be written.
    """
    header = header_of(request)
    on_progress = harmless(on_progress)
    on_progress("start", None, "")
    with measuring(lambda: on_progress("start", None, "waiting for another measurement"), cancelled) as free:
        if not free:
            return failed_early(header, _CANCELLED), {}
        on_progress("verify", None, "")
        failure = misplaced(request) or check_files(request.model.manifest, request.model_dir, cancelled)
        found = _set_of(request, set_folder) if failure is None else failure
        if isinstance(found, Failure):
            return failed_early(header, found), {}
        passed = PLAYED_PASS if request.emulated else gate.wait(request.protocol, on_progress, cancelled, root)
        if passed.critical is not None:
            return failed_early(header, Failure(stage="start", code="thermal_abort", message=passed.critical)), {}
        path = path_of(request.config)
        header = replace(header, path=path)
        command = worker or worker_command(request.config.runtime)
        journal = Journal(journal_path, _identity(request, found.set_id))
        try:
            cores = request.cores or tuple(sorted(os.sched_getaffinity(0)))
            observer = Observer(root, cores, passed)
            attempt = EvaluationAttempt(request, set_folder, path, cancelled, command, observer)
            return result_of(header, _run(attempt, found, journal, on_progress, root))
        finally:
            gate.left()
            journal.close()


def _run(
    attempt: EvaluationAttempt, found: EvaluationSet, journal: Journal, on_progress: OnProgress, root: Path
) -> EvaluationRun:
    limit = attempt.request.protocol.evaluation_items or len(found.items)
    asked = {str(item["id"]): item for item in found.items[:limit]}
    standing = Standing(asked, journal, on_progress)
    resumed = len(standing.outcomes())
    before = state.read_state(root)
    end = run_workers(attempt, standing)
    journal.sync()
    return EvaluationRun(
        found=found,
        task=TASKS[found.facts.task],
        asked=len(asked),
        outcomes=standing.outcomes(),
        resumed=resumed,
        end=end,
        before=before,
        after=state.read_state(root),
        observer=attempt.observer,
    )


def _set_of(request: MeasureRequest, folder: Path) -> EvaluationSet | Failure:
    """The set, checked against the id that the run names."""
    try:
        found = read_set(folder)
    except EdgeprofError as error:
        return Failure(stage="verify", code="bad_set", message=error.message)
    wanted = request.config.evaluation_set
    if found.set_id != wanted:
        message = f"The set in the folder has the id {found.set_id}, and the run names {wanted}. Send the set again."
        return Failure(stage="verify", code="bad_set", message=message)
    if found.facts.task not in TASKS:
        message = f"This agent does not know the task {found.facts.task!r}. Update edgeprof on the device."
        return Failure(stage="verify", code="unsupported_task", message=message)
    return found


def _identity(request: MeasureRequest, set_id: str) -> dict[str, str]:
    """Outcomes under one identity may be of several starts of one run."""
    runtime = request.config.runtime
    version = next((fact.version for fact in registry.facts() if fact.variant == runtime), None)
    return {
        "set": set_id,
        "model": request.model.model_id,
        "configuration": config_key(request.config),
        "runtime": f"{runtime} {version or ''}",
        "edgeprof": __version__,
        **({"endpoint": request.endpoint.url} if request.endpoint else {}),  # two may serve models of one name
    }
