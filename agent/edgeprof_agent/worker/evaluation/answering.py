"""One item through a pipeline to its outcome: every step timed, every refusal turned into the item's problem."""

import time
from typing import Any

from edgeprof.quality.evaluation_set import Item, SetFacts
from edgeprof.quality.outcomes import Outcome
from edgeprof.quality.tasks.base import QualityTask
from edgeprof_agent.worker.evaluation.base import NoAnswer, Pipeline
from edgeprof_agent.worker.evaluation.readying import Ready, made_ready
from edgeprof_agent.worker_protocol.reason import short_reason


def answered(pipeline: Pipeline, task: QualityTask, facts: SetFacts, item: Item, ready: Ready | None = None) -> Outcome:
    """The outcome of one item, whatever it raises; only MemoryError and what ends a process pass.

    `ready`: the item as it was prepared ahead; None: it is prepared here.
    """
    item_id = str(item["id"])
    ready = ready or made_ready(pipeline, item)
    times_ns, step = ready.times_ns, ready.step or "model"
    try:
        if ready.error is not None:
            raise ready.error
        started_ns = time.perf_counter_ns()
        output = pipeline.ask(item, ready.prepared)
        step, times_ns["model"] = "finish", time.perf_counter_ns() - started_ns
        started_ns = time.perf_counter_ns()
        answer = pipeline.finish(item, output)
        step, times_ns["finish"] = "judge", time.perf_counter_ns() - started_ns
        judged = task.judge(item, facts, answer.value)
    except MemoryError:
        raise
    except Exception as error:  # an item that cannot be answered costs itself and no other
        return Outcome(item_id=item_id, problem=_problem(step, error), **_times(times_ns))
    return Outcome(
        item_id=item_id,
        correct=judged.correct,
        score=judged.score,
        answer=answer.value,
        details={**answer.details, **judged.details},
        **_times(times_ns),
    )


def _problem(step: str, error: Exception) -> str:
    if isinstance(error, NoAnswer):
        return str(error)
    where = {"model": "the runtime refused the item", "judge": "the answer cannot be judged"}
    return f"{where.get(step, f'the step {step} failed')}: {short_reason(error)}"


def _times(times_ns: dict[str, int]) -> dict[str, Any]:
    return {
        "model_ns": times_ns.get("model", 0),
        "pipeline_ns": sum(times_ns.values()),
        "parts_ns": times_ns,
    }
