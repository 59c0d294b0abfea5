"""Gates and rankings of quality: paired by items, as `edgeprof compare` does it. Pure."""

from collections.abc import Collection, Sequence

from edgeprof.profiler.cells import Recording
from edgeprof.profiler.plan import Plan
from edgeprof.profiler.rankings import LeftOut, Ranking, good_results, label
from edgeprof.quality.comparing import compare_with_source
from edgeprof.quality.gate_text import Gate, parse_gate
from edgeprof.quality.gates import GateVerdict, judge_gate
from edgeprof.quality.outcomes import decode_outcomes
from edgeprof.quality.pairing import EvaluationRecord, record_of
from edgeprof.quality.tasks.table import TASKS
from edgeprof.wire.metrics import METRICS


def _records(plan: Plan, recording: Recording) -> dict[str, list[EvaluationRecord]]:
    """By set: one record a cell, with the outcomes of its items. Repeats answer the same: the first stands for all."""
    found: dict[str, list[EvaluationRecord]] = {}
    for cell in recording.cells:
        seen: set[str] = set()
        for result in good_results(cell, evaluated=True):
            data = recording.artifact(result, "outcomes")
            if result.evaluation is None or data is None or result.evaluation.set_name in seen:
                continue
            seen.add(result.evaluation.set_name)
            try:
                record = record_of(label(plan, cell), result, tuple(decode_outcomes(data)))
            except ValueError:  # an artifact of a later release: its figures are shown and not compared
                continue
            found.setdefault(result.evaluation.set_name, []).append(record)
    return found


def rank_quality(plan: Plan, recording: Recording, failed: dict[str, str]) -> list[Ranking]:
    return [
        ranking
        for name, records in _records(plan, recording).items()
        if (ranking := _best(name, records, failed)) is not None
    ]


def _best(set_name: str, records: Sequence[EvaluationRecord], failed: dict[str, str]) -> Ranking | None:
    left_out = [
        LeftOut(name=record.name, reason=record.unreal or failed[record.name])
        for record in records
        if record.unreal or record.name in failed
    ]
    able = [record for record in records if not record.unreal and record.name not in failed]
    lead = TASKS[records[0].evaluation.task].lead
    metric = METRICS.get(lead)
    values = [(row.value, record) for record in able for row in record.figures if row.metric == lead]
    if not values or metric is None or metric.better == "neither":
        return None
    (value, best), *rest = sorted(values, key=lambda one: one[0], reverse=metric.better == "higher")
    found = compare_with_source(best, [record for _, record in rest])
    others = [one for one in found if one.verdict != "worse"]
    figure = f"{metric.title} on {set_name}"
    if not rest:
        sentence = f"{best.name} is the only one with {figure}."
    elif any(other == value for other, _ in rest):
        names = ", ".join([best.name, *(record.name for other, record in rest if other == value)])
        sentence = f"The best {figure}, {value:.4g} {metric.unit}, is that of {names}."
    elif others:
        names = others[0].b_name if len(others) == 1 else f"{len(others)} others"
        sentence = f"{best.name} has the best {figure} so far; it is not shown to differ from {names}."
    else:
        sentence = f"{best.name} has the best {figure}."
    return Ranking(
        figure=figure,
        leader=best.name,
        is_shown=bool(rest) and not others,
        sentence=sentence,
        rests_on=tuple(one.sentence for one in found),
        left_out=tuple(left_out),
    )


def judge_gates(plan: Plan, recording: Recording) -> list[GateVerdict]:
    """Every gate on every cell with a result; the source is the plan's, on the same device."""
    records = _records(plan, recording)
    model_of = {label(plan, cell): cell for cell in recording.cells}
    found: list[GateVerdict] = []
    for gate in map(parse_gate, plan.gates):
        those = records.get(gate.set_name, [])
        for device in dict.fromkeys(model_of[record.name].device for record in those):
            here = [record for record in those if model_of[record.name].device == device]
            source = next((record for record in here if model_of[record.name].model == plan.source), None)
            candidates = [record for record in here if gate.kind == "minimum" or record is not source]
            found += judge_gate(gate, source, candidates) if candidates else []
        found += _not_answered(gate, plan, recording, {record.name for record in those})
    return found


def _not_answered(gate: Gate, plan: Plan, recording: Recording, answered: Collection[str]) -> list[GateVerdict]:
    """A cell that may be ranked and has no answers on the gate's set, as where nothing in the plan has its name."""
    found: list[GateVerdict] = []
    for cell in recording.cells:
        good = [result for result in cell.results if result.status == "measured"]
        name = label(plan, cell)
        if not good or name in answered or (gate.kind != "minimum" and cell.model == plan.source):
            continue
        ran = good[0].effective
        found.append(
            GateVerdict(
                gate=str(gate),
                state="undecided",
                sentence=f"{name} is undecided: no answers on {gate.set_name}. A gate has the name in the set's facts.",
                name=name,
                variant=good[0].model_id,
                runtime=f"{ran.runtime} {ran.runtime_version}" if ran else good[0].config.runtime,
                architecture="",
            )
        )
    return found
