"""What `edgeprof evaluate` shows: the figures of quality, the pipeline's time by its parts, and what has no answer."""

from collections.abc import Iterator, Sequence

from edgeprof.quality.alarms import divergence_alarm
from edgeprof.quality.tasks.table import TASKS
from edgeprof.statistics.paired_power import smallest_difference
from edgeprof.tables.figures import clean
from edgeprof.wire.evaluation import Evaluation, EvaluationEnd
from edgeprof.wire.messages import MetricRow, Result
from edgeprof.wire.metrics import METRICS
from edgeprof_agent.commands.view.figures import absent_lines, figure_line
from edgeprof_agent.commands.view.ran import effective_lines, failure_lines, trust_lines
from edgeprof_agent.commands.view.words import labelled, number, plural

PROBLEMS_SHOWN = 5
_ENDED: dict[EvaluationEnd, str] = {
    "all": "",
    "item_limit": "the first items of the set (--items)",
    "time_limit": "the time limit ended the run (--time-limit-s); the same command goes on",
    "crashes": "too many items ended the runtime; the same command goes on",
}
_PARTS = ("decode", "prepare", "model", "finish")


def report(result: Result) -> str:
    """The result for a person."""
    return "\n".join(_lines(result))


def _lines(result: Result) -> Iterator[str]:
    yield f"{result.model_name}  (model {result.model_id[:12]}, configuration {result.config_key[:8]})"
    evaluation = result.evaluation
    if evaluation is not None:
        yield from labelled("set", f"{clean(evaluation.set_name)}  ({evaluation.task}, id {evaluation.set_id[:12]})")
        yield from labelled("answered", _answered(evaluation))
    if result.failure is not None:
        yield from failure_lines(result.failure)
    if result.trust is not None:
        yield from trust_lines(result.trust)
    if result.effective is not None and result.failure is None:
        yield from effective_lines(result.effective)
    quality = [row for row in result.metrics if METRICS[row.metric].scope == "quality"]
    if quality:
        yield from ("", "Quality")
        yield from (figure_line(row) for row in quality)
        for alarm in filter(None, (divergence_alarm(row.metric, row.value) for row in quality)):
            yield from labelled("  alarm", alarm.removeprefix("Alarm: "))
        yield from _power_lines(result)
    if evaluation is not None:
        yield from _pipeline_lines(result.metrics, evaluation)
    yield from absent_lines(result.absent)
    if evaluation is not None:
        yield from _problem_lines(evaluation)


def _power_lines(result: Result) -> Iterator[str]:
    """What another model's answers to the same items could show: the bound at the fewest items that differ."""
    evaluation = result.evaluation
    if evaluation is None or TASKS[evaluation.task].is_paired_by != "correct":
        return
    count = evaluation.groups or evaluation.answered
    items = plural(count, "item" if count == evaluation.answered else "group")
    found = smallest_difference(count, 0.0)
    if found is None:
        text = f"no difference: {items} are too few"
    else:
        text = (
            f"a difference of {max(100 * found, 0.1):.1f} points or more to another model on these {items} (power 80 %)"
        )
    yield from labelled("  can show", text)


def _answered(evaluation: Evaluation) -> str:
    parts = [f"{evaluation.answered:,} of {plural(evaluation.asked, 'item')}"]
    if evaluation.resumed:
        parts.append(f"{evaluation.resumed:,} of them by an earlier start")
    if _ENDED[evaluation.ended]:
        parts.append(_ENDED[evaluation.ended])
    return "; ".join(parts)


def _pipeline_lines(rows: Sequence[MetricRow], evaluation: Evaluation) -> Iterator[str]:
    """The time of an item beside the model's own, and the other parts."""
    times = [row for row in rows if row.metric.startswith("pipeline_")]
    if not times:
        return
    yield from ("", "Pipeline: from the stored item to its answer")
    yield from (figure_line(row) for row in times)
    parts = evaluation.pipeline_parts_ms
    if "model" in parts:
        yield f"  {'of it the model, p50':<28}{number(parts['model']) + ' ms':>14}"
    others = ", ".join(f"{part} {number(parts[part])}" for part in _PARTS if part in parts and part != "model")
    if others:
        yield f"  {'the other parts, p50':<28}{others} ms"


def _problem_lines(evaluation: Evaluation) -> Iterator[str]:
    problems = evaluation.problems
    if not problems:
        return
    count = evaluation.problem_count
    yield from ("", f"No answer: {plural(count, 'item')}, left out of every figure")
    for one in problems[:PROBLEMS_SHOWN]:
        yield from labelled(f"  {clean(one.item_id)}", clean(one.reason))
    if count > PROBLEMS_SHOWN:
        yield f"  and {count - PROBLEMS_SHOWN:,} more; the artifact `outcomes` names all (--save)"
