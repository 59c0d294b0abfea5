"""The course of an evaluation: open the model, answer item after item, tell the outcomes some at a time."""

import os
import time
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Literal

from edgeprof.quality.evaluation_set import Item
from edgeprof.quality.outcomes import Outcome
from edgeprof.quality.prompts import WITH_EXAMPLES
from edgeprof.quality.tasks.table import TASKS
from edgeprof_agent.worker.evaluation.answering import answered
from edgeprof_agent.worker.evaluation.base import Pipeline, Question
from edgeprof_agent.worker.evaluation.idle_cores import idle_cores
from edgeprof_agent.worker.evaluation.model_keys import with_model_keys
from edgeprof_agent.worker.evaluation.readying import ahead, in_turn
from edgeprof_agent.worker.evaluation.stored_set import StoredSet, stored_set
from edgeprof_agent.worker.evaluation.table import made_pipeline
from edgeprof_agent.worker.opening import Opened, open_model
from edgeprof_agent.worker.reporter import Reporter
from edgeprof_agent.worker_protocol.adapter import KnowsItsContext, RuntimeFailure
from edgeprof_agent.worker_protocol.document import EvaluationAsk, WorkerJob
from edgeprof_agent.worker_protocol.reason import short_reason
from edgeprof_agent.worker_protocol.run_counter import open_counter

_IDLE_ENOUGH = 0.7
"""Of a core, beyond those that the model uses."""
FLUSH_NS = 100_000_000
"""So much work at most is done again where a worker dies."""


def run_evaluation(job: WorkerJob, reporter: Reporter) -> Opened:
    """Answers what is asked and reports it; returns the model, whose operators are still to be read."""
    ask = job["evaluation"]
    if ask is None:
        raise RuntimeFailure("internal_error", "The job of an evaluation names no set.")
    opened = open_model(job, reporter)
    reporter.enter("evaluate")
    found = stored_set(ask["set_folder"])
    task = TASKS[found.facts.task]
    if opened.model.kind != task.kind:
        needs = "a language model" if task.kind == "text" else "a model with tensors in and out"
        raise RuntimeFailure("input_unsupported", f"The task {task.name} needs {needs}. Choose another set.")
    if ask["shots"] and task.name not in WITH_EXAMPLES:
        raise RuntimeFailure("bad_set", f"The task {task.name} has no prompt for examples. Use `--shots 0`.")
    files = [Path(path) for path in job["model_files"]]
    facts = with_model_keys(found.facts, files)
    question = Question(opened.model, facts, found.folder, found.items, ask["shots"], files)
    pipeline = made_pipeline(task.name, question)
    reporter.shaped(pipeline.batch_shape)
    batches = _Batches(reporter, 0 if ask["is_careful"] else FLUSH_NS)
    ended: Literal["all", "time_limit"] = "all"
    counter = open_counter()
    readied = ahead if _goes_ahead(pipeline, job, ask) else in_turn
    with closing(readied(pipeline, _asked(found, ask))) as turns:
        for place, item, ready in turns:
            if time.monotonic_ns() >= job["stop_at_ns"]:
                ended = "time_limit"
                break
            counter[0] = place + 1  # what the parent reads if this item ends the process
            batches.add(answered(pipeline, task, found.facts, item, ready()))
    batches.flush()
    _report(opened, pipeline, ended, reporter)
    return opened


def _goes_ahead(pipeline: Pipeline, job: WorkerJob, ask: EvaluationAsk) -> bool:
    """Where the pipeline can, a core is idle, and no worker has died: its death would be another item's.

    On a busy machine the thread would take its time from the model, and be on the model's clock.
    """
    if ask["is_careful"] or not getattr(pipeline, "prepares_ahead", False):
        return False
    return idle_cores() - job["config"].threads > _IDLE_ENOUGH


def _asked(found: StoredSet, ask: EvaluationAsk) -> Generator[tuple[int, Item], None, None]:
    """The items that are left, with their places in the set."""
    done = set(ask["done"])
    return ((place, item) for place, item in enumerate(found.items[: ask["items"]]) if place not in done)


def _report(opened: Opened, pipeline: Pipeline, ended: Literal["all", "time_limit"], reporter: Reporter) -> None:
    opened.memory.end_of("measure")
    reporter.evaluated(
        {
            "ended": ended,
            "phases_ms": opened.phases_ms,
            "peak_kib": opened.memory.peak_kib,
            "affinity": sorted(os.sched_getaffinity(0)),
            "setting": opened.model.setting(),
            "batch_shape": pipeline.batch_shape,
            "context_tokens": opened.model.trained_tokens if isinstance(opened.model, KnowsItsContext) else None,
        }
    )


class _Batches:
    """Outcomes on their way to the parent, some at a time."""

    def __init__(self, reporter: Reporter, flush_ns: int) -> None:
        self._reporter = reporter
        self._flush_ns = flush_ns
        self._waiting: list[Outcome] = []
        self._sent_ns = time.monotonic_ns()

    def add(self, outcome: Outcome) -> None:
        self._waiting.append(outcome)
        if time.monotonic_ns() - self._sent_ns >= self._flush_ns:
            self.flush()

    def flush(self) -> None:
        if self._waiting:
            try:
                self._reporter.outcomes([outcome.__dict__ for outcome in self._waiting])
            except (ValueError, TypeError):  # one of them is not JSON
                for outcome in self._waiting:
                    self._send(outcome)
            self._waiting = []
        self._sent_ns = time.monotonic_ns()

    def _send(self, outcome: Outcome) -> None:
        try:
            self._reporter.outcomes([outcome.__dict__])
        except (ValueError, TypeError) as error:
            problem = f"the answer is not plain JSON: {short_reason(error)}"
            self._reporter.outcomes([Outcome(item_id=outcome.item_id, problem=problem).__dict__])
