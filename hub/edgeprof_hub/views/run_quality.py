"""What the page of a run shows of quality: its gates and its drift, or the evaluations of the same set-up."""

from collections.abc import Iterable
from dataclasses import dataclass

from edgeprof.tables.quality_words import DRIFTS, GATES, MARKS, Mark, correct_texts, quality_text
from edgeprof.wire import rest
from edgeprof.wire.messages import Result
from edgeprof_hub.quality.correct import correct_of
from edgeprof_hub.quality.of_run import evaluations_of
from edgeprof_hub.store.reader import SqliteReader


@dataclass(frozen=True)
class GateLine:
    """One gate and its verdict."""

    gate: str
    text: str
    mark: Mark
    sentence: str
    reference_id: str


@dataclass(frozen=True)
class DriftView:
    """One other place in which the same model answered the same items. `other_id`: its run."""

    sentence: str
    differs: bool
    other_id: str
    n: int
    items: tuple[tuple[str, tuple[str, ...]], ...]
    """What differs, and the items."""


@dataclass(frozen=True)
class EvaluationLine:
    """An evaluation of the set-up whose speed the page shows. `correct`: what a right answer costs."""

    result_id: str
    name: str
    text: str
    correct: tuple[str, ...]


@dataclass(frozen=True)
class RunQuality:
    """`family`: whose gates they are."""

    family: str
    gates: tuple[GateLine, ...]
    drifts: tuple[DriftView, ...]
    evaluations: tuple[EvaluationLine, ...]


def run_quality(
    store: SqliteReader, result: Result, model: rest.ModelRecord | None, cost: rest.CostView | str | None
) -> RunQuality | None:
    """None: nothing is known, or the model is gone."""
    if model is None:
        return None
    found = RunQuality(
        family=model.family,
        gates=tuple(map(_gate, store.gates.verdicts_of(result.result_id))),
        drifts=tuple(_drift(each, result.result_id) for each in store.gates.drifts_of(result.result_id)),
        evaluations=() if result.config.evaluation_set else tuple(_evaluations(store, result, model, cost)),
    )
    return found if found.gates or found.drifts or found.evaluations else None


def _gate(verdict: rest.GateVerdictRecord) -> GateLine:
    text, mark = GATES[verdict.state], MARKS[verdict.state]
    return GateLine(verdict.gate, text, mark, verdict.sentence, verdict.reference_id)


def _drift(drift: rest.DriftRecord, result_id: str) -> DriftView:
    """Seen from this run: what one side gained, the other lost."""
    is_this = drift.result_id == result_id
    here, there = (drift.gained, drift.lost) if is_this else (drift.lost, drift.gained)
    flipped = {*here, *there}
    kinds = (
        ("right here, wrong there", here),
        ("wrong here, right there", there),
        ("other answers", tuple(item for item in drift.answers_differ if item not in flipped)),
        ("answered by one only", drift.unanswered_by_one),
    )
    return DriftView(
        sentence=drift.sentence,
        differs=drift.verdict in DRIFTS,
        other_id=drift.other_id if is_this else drift.result_id,
        n=drift.n,
        items=tuple((kind, items) for kind, items in kinds if items),
    )


def _evaluations(
    store: SqliteReader, result: Result, model: rest.ModelRecord, cost: rest.CostView | str | None
) -> Iterable[EvaluationLine]:
    metrics = {row.metric: row for row in result.metrics}
    counted = cost if isinstance(cost, rest.CostView) else None
    for one in evaluations_of(store, result, model.family):
        if one.value is None:
            continue
        shots = f", {one.shots} examples" if one.shots else ""
        yield EvaluationLine(
            result_id=one.result_id,
            name=f"{one.set_name or one.set_id[:12]}{shots}",
            text=quality_text(one.metric or "", one.value, one.ci_low, one.ci_high, one.answered),
            correct=correct_texts(correct_of(counted, metrics, one)),
        )
