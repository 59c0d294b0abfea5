"""The workers of an evaluation, one after the other: one that dies on an item costs this item, and the next goes on."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from edgeprof.quality.outcomes import Outcome
from edgeprof.wire.evaluation import EvaluationEnd
from edgeprof.wire.messages import Failure
from edgeprof_agent import isolation
from edgeprof_agent.evaluating.observing import Observer
from edgeprof_agent.evaluating.standing import Standing
from edgeprof_agent.evaluating.worker_lines import EvaluationOutput
from edgeprof_agent.isolation import Limits, WorkerExit
from edgeprof_agent.measuring.llama_path import RuntimePath
from edgeprof_agent.measuring.request import MeasureRequest
from edgeprof_agent.measuring.sandboxed import inside_of
from edgeprof_agent.measuring.verdict import failure_of
from edgeprof_agent.measuring.worker_job import job_of

MAX_CRASHES = 5
"""Items that may end the worker before the run takes no more of them."""
GRACE_S = 60.0
"""For the item in hand when the time limit is reached, and for what a worker reports after its last item."""
_OUTPUT_BYTES = 4 * 1024**3
"""The outcomes of the largest set; they are not held in memory as they come in."""


@dataclass(frozen=True)
class EvaluationAttempt:
    """What every worker of one evaluation is started with."""

    request: MeasureRequest
    set_folder: Path
    path: RuntimePath
    cancelled: threading.Event
    command: Sequence[str]
    observer: Observer


@dataclass(kw_only=True)
class WorkersEnd:
    """How the workers ended. `failure`: there is no result to make figures of. `last` told what ran."""

    ended: EvaluationEnd = "all"
    failure: Failure | None = None
    outputs: list[EvaluationOutput] = field(default_factory=lambda: [])
    exit: WorkerExit | None = None
    limits: Limits | None = None
    notes: list[str] = field(default_factory=lambda: [])


class _Stop(threading.Event):
    """Set by a cancel, and where no item was answered for too long."""

    def __init__(self, cancelled: threading.Event, standing: Standing, limit_s: float) -> None:
        super().__init__()
        self._cancelled, self._standing, self._limit_s = cancelled, standing, limit_s

    def is_set(self) -> bool:
        return self._cancelled.is_set() or self.stalled

    @property
    def stalled(self) -> bool:
        return time.monotonic() - self._standing.heard_s > self._limit_s


def run_workers(attempt: EvaluationAttempt, standing: Standing) -> WorkersEnd:
    """Workers until every item has an outcome, the time is over, or too many died."""
    end = WorkersEnd()
    stop_s = time.monotonic() + attempt.request.protocol.evaluation_limit_s
    crashes, retried = 0, -1
    while True:
        before = standing.left()
        is_careful = bool(end.outputs)
        output, outcome, limits, stalled = _run_one(attempt, standing, stop_s, is_careful=is_careful)
        end.outputs, end.exit, end.limits = [*end.outputs, output], outcome, limits
        if output.evaluated is not None:
            end.ended = output.evaluated["ended"]
            return end
        if attempt.cancelled.is_set():
            end.failure = Failure(stage="evaluate", code="cancelled", message="The run was cancelled.")
            return end
        if outcome.ending == "deadline":
            end.ended = "time_limit"
            return end
        place = _item_in_hand(standing, outcome)
        failure = _why(output, outcome, limits, stalled, attempt)
        if place is None:
            return _without_item(end, failure, has_progress=crashes > 0 or standing.left() < before)
        is_doubtful = not is_careful or (failure.code == "killed_unknown" and not stalled)
        if retried != place and is_doubtful:
            retried = place  # somebody else's kill says nothing of the item, and a later one may have been in work
            continue
        standing.take([Outcome(item_id=list(standing.asked)[place], problem=_problem(failure))])
        crashes += 1
        if crashes >= MAX_CRASHES and standing.left():
            end.ended = "crashes"
            return end


def _run_one(
    attempt: EvaluationAttempt, standing: Standing, stop_s: float, *, is_careful: bool
) -> tuple[EvaluationOutput, WorkerExit, Limits, bool]:
    request = attempt.request
    left_s = max(0.1, stop_s - time.monotonic())
    limits = Limits(
        deadline_s=left_s + GRACE_S,
        memory_limit_mib=request.memory_limit_mib,
        cores=request.cores,
        output_bytes=_OUTPUT_BYTES,
    )
    output = EvaluationOutput(standing.on_progress, standing.take)
    run_as = replace(request, config=replace(request.config, runtime=attempt.path.runtime))
    job = job_of(run_as, "evaluate", left_s, 0.0, eval_callback=attempt.path.eval_callback)
    job["stop_at_ns"] = time.monotonic_ns() + int(left_s * 1e9)
    job["evaluation"] = {
        "set_folder": str(attempt.set_folder.resolve()),
        "items": len(standing.asked),
        "done": standing.done_places(),
        "shots": request.config.shots,
        "is_careful": is_careful,
    }
    standing.heard_s = time.monotonic()
    stop = _Stop(attempt.cancelled, standing, request.protocol.deadline_s)
    with attempt.observer.watching() as watch:
        take_line = watch.beside(output.take_line)
        on_start = watch.telemetry.start
        inside = inside_of(request, attempt.set_folder)
        outcome = isolation.run(attempt.command, msgspec.json.encode(job), limits, take_line, stop, on_start, inside)
    stalled = outcome.ending == "cancelled" and not attempt.cancelled.is_set()
    return output, outcome, limits, stalled


def _item_in_hand(standing: Standing, outcome: WorkerExit) -> int | None:
    """The place of the item that the worker was at; None: it was at none, or had answered it."""
    place = (outcome.runs or 0) - 1
    ids = list(standing.asked)
    return place if 0 <= place < len(ids) and ids[place] not in standing.journal.outcomes else None


def _why(
    output: EvaluationOutput, outcome: WorkerExit, limits: Limits, stalled: bool, attempt: EvaluationAttempt
) -> Failure:
    if stalled and output.failed is None:
        limit_s = attempt.request.protocol.deadline_s
        return Failure(
            stage=output.stage,
            code="timeout",
            message=f"Nothing came within {limit_s:g} s, and the worker was killed.",
            signal=outcome.signal,
            log=outcome.log,
        )
    failure = failure_of(output, outcome, limits)
    assert failure is not None  # a worker that evaluates never reports a measurement
    return failure


def _problem(failure: Failure) -> str:
    if failure.code == "crash":
        return f"the runtime crashed ({failure.signal}) on this item"
    return f"{failure.code}: {failure.message}"


def _without_item(end: WorkersEnd, failure: Failure, *, has_progress: bool) -> WorkersEnd:
    """A worker that did not come to an item. What others answered before it is kept."""
    if has_progress:
        end.ended = "crashes"
        end.notes.append(f"a new worker could not go on: {failure.code}: {failure.message}")
    else:
        end.failure = failure
    return end
