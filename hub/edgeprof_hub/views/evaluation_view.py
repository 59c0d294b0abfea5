"""What the page of a run shows of an evaluation: which set was asked, how far it came, and items without an answer."""

from collections.abc import Mapping
from dataclasses import dataclass

from edgeprof.quality.alarms import divergence_alarm
from edgeprof.quality.tasks.table import TASKS
from edgeprof.tables import figures
from edgeprof.wire import messages as m
from edgeprof.wire import rest
from edgeprof.wire.evaluation import EvaluationEnd, ItemProblem
from edgeprof.wire.metrics import METRICS
from edgeprof_hub.store.evaluations import base_key_of, lead_figure
from edgeprof_hub.views.facts import DataTable, Fact, with_unit

_ENDS: Mapping[EvaluationEnd, str] = {
    "all": "The run took every item.",
    "item_limit": "The run took the first items only, as requested.",
    "time_limit": "The time limit ended the run before the last item.",
    "crashes": "Too many items ended the worker; the run took no more.",
}


@dataclass(frozen=True)
class EvaluationView:
    """`end`: why no more items were taken. `base_key`: the cell that has the speed of the same set-up."""

    set_name: str
    set_id: str
    is_stored: bool
    facts: tuple[Fact, ...]
    end: str
    parts: DataTable | None
    problems: tuple[ItemProblem, ...]
    more_problems: int
    base_key: str


def evaluation_view(result: m.Result, stored_set: rest.EvaluationSetRecord | None) -> EvaluationView | None:
    """None: the run measured speed. `stored_set`: the set, where the hub has it."""
    set_id, found = result.config.evaluation_set, result.evaluation
    if not set_id:
        return None
    name = stored_set.name if stored_set else found.set_name if found else f"{set_id[:12]}…"
    problems = found.problems if found else ()
    return EvaluationView(
        set_name=name,
        set_id=set_id,
        is_stored=stored_set is not None,
        facts=tuple(_facts(result, stored_set)),
        end=_ENDS.get(found.ended, found.ended) if found else "",
        parts=_parts(found.pipeline_parts_ms) if found and found.pipeline_parts_ms else None,
        problems=problems,
        more_problems=max(0, found.problem_count - len(problems)) if found else 0,
        base_key=base_key_of(result.config),
    )


def lead_text(result: m.Result) -> str:
    """`Accuracy 97.1 %`, or that the run has no figure of quality."""
    row = lead_figure(result)
    if row is None:
        return "no item answered" if result.status == "measured" else ""
    return f"{METRICS[row.metric].title} {_figure(row)}"


def _figure(row: m.MetricRow) -> str:
    return with_unit(row.value, METRICS[row.metric].unit)


def _facts(result: m.Result, stored_set: rest.EvaluationSetRecord | None) -> list[Fact]:
    found = result.evaluation
    task = found.task if found else stored_set.task if stored_set else ""
    shown: list[Fact] = []
    if (lead := lead_figure(result)) is not None:
        ends = figures.interval(lead)
        shown.append(Fact(METRICS[lead.metric].title, _figure(lead) + (f", 95 % {ends}" if ends else "")))
        if alarm := divergence_alarm(lead.metric, lead.value):
            shown.append(Fact("Divergence", alarm, warns=True))
    shown.append(Fact("Task", TASKS[task].title if task in TASKS else task or "unknown"))
    if stored_set is not None:
        shown += [Fact("Language", stored_set.language)] if stored_set.language else []
        shown.append(Fact("Licence", stored_set.licence or "not stated"))
    if found is not None:
        shown.append(Fact("Items answered", f"{found.answered:,} of {found.asked:,}"))
        if found.unanswered:
            shown.append(Fact("Items without an answer", f"{found.unanswered:,}", warns=True))
        if found.resumed:
            shown.append(Fact("Items of an earlier attempt", f"{found.resumed:,}"))
        if found.batch_shape:
            shown.append(Fact("Batch", found.batch_shape))
    if result.config.shots:
        shown.append(Fact("Examples before each item", f"{result.config.shots}"))
    return shown


def _parts(parts_ms: Mapping[str, float]) -> DataTable:
    """The parts of the pipeline in the order in which they run."""
    order = ("decode", "prepare", "model", "finish")
    names = [name for name in order if name in parts_ms] + [name for name in parts_ms if name not in order]
    return DataTable(("Part", "Median"), tuple((name, with_unit(parts_ms[name], "ms")) for name in names))
