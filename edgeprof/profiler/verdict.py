"""Which model on which target, or the leader so far, with what that rests on. Pure.

Emulated and replayed runs, predicted figures and failed gates are never ranked.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof.compare import report as reports
from edgeprof.compare.sources import Run, Series, default_series, estimates
from edgeprof.errors import EdgeprofError
from edgeprof.profiler.cells import Cell, Recording
from edgeprof.profiler.plan import Plan
from edgeprof.profiler.profiles import doubts, unreal
from edgeprof.quality.comparing import compare_with_source
from edgeprof.quality.gate_text import parse_gate
from edgeprof.quality.gates import GateVerdict, judge_gate
from edgeprof.quality.outcomes import decode_outcomes
from edgeprof.quality.pairing import EvaluationRecord, record_of
from edgeprof.quality.tasks.table import TASKS
from edgeprof.tables import trust
from edgeprof.wire.messages import Result
from edgeprof.wire.metrics import METRICS

_LEAD: dict[Series, str] = {"latency": "latency_p50_ms", "inter_token": "inter_token_p50_ms"}
_TITLE: dict[Series, str] = {"latency": "latency", "inter_token": "time between tokens"}


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A model on a target that is not ranked, and why."""

    name: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Who leads in one figure. `is_shown`: against every other one; else it is the leader so far."""

    figure: str
    """`latency`, `time between tokens`, or the metric and the set of a quality."""
    leader: str
    is_shown: bool
    sentence: str
    rests_on: tuple[str, ...]
    """A line for each comparison with the leader."""
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ProfilerVerdict:
    """The rankings, and the gates with what they found."""

    sentence: str
    rankings: tuple[Ranking, ...]
    gates: tuple[GateVerdict, ...] = ()

    def __str__(self) -> str:
        lines = [self.sentence]
        for ranking in self.rankings:
            lines += [f"  {line}" for line in ranking.rests_on]
            lines += [f"  not ranked: {one.name}: {one.reason}" for one in ranking.left_out]
        lines += [f"  gate {one.gate}: {one.sentence}" for one in self.gates]
        return "\n".join(lines)


def label(plan: Plan, cell: Cell) -> str:
    """How sentences call a cell, as `a.onnx on rpi-5`."""
    return f"{plan.titles.get(cell.model, cell.model)} on {cell.device}"


def verdict_on(plan: Plan, recording: Recording) -> ProfilerVerdict:
    """The verdict on all cells of a recording."""
    gates = _gates(plan, recording)
    failed = {verdict.name: f"fails the gate {verdict.gate}" for verdict in gates if verdict.state == "fails"}
    rankings = [*_speed(plan, recording, failed), *_quality(plan, recording, failed)]
    sentence = " ".join(one.sentence for one in rankings) or "Nothing was measured that can be ranked."
    return ProfilerVerdict(sentence=sentence, rankings=tuple(rankings), gates=tuple(gates))


def _good(cell: Cell, *, evaluated: bool) -> list[Result]:
    results = (result for result in cell.results if result.status == "measured")
    return [result for result in results if (result.evaluation is not None) == evaluated]


def _speed(plan: Plan, recording: Recording, failed: dict[str, str]) -> list[Ranking]:
    sides: dict[Series, list[tuple[str, list[Run]]]] = {}
    out: dict[Series, list[LeftOut]] = {}
    for cell in recording.cells:
        results = _good(cell, evaluated=False)
        if not results:
            continue
        series = default_series(results[0])
        reason = failed.get(label(plan, cell), "") or _unranked(results, _LEAD[series])
        if reason:
            out.setdefault(series, []).append(LeftOut(name=label(plan, cell), reason=reason))
        else:
            sides.setdefault(series, []).append((label(plan, cell), [recording.run(result) for result in results]))
    return [
        ranking
        for series, those in sides.items()
        if (ranking := _fastest(series, those, out.get(series, []))) is not None
    ]


def _unranked(results: Sequence[Result], metric: str) -> str:
    for result in results:
        if word := unreal(result):
            return f"{word}: times of another machine"
        row = next((row for row in result.metrics if row.metric == metric), None)
        if row is not None and row.origin != "measured":
            return f"{row.origin}, not measured"
    return ""


def _fastest(series: Series, sides: list[tuple[str, list[Run]]], left_out: list[LeftOut]) -> Ranking | None:
    medians: list[tuple[float, str, list[Run]]] = []
    for name, runs in sides:
        try:
            found = sorted(one.value for one in estimates(runs, series))
            medians.append((found[len(found) // 2], name, runs))
        except EdgeprofError as error:
            left_out = [*left_out, LeftOut(name=name, reason=error.message)]
    if not medians:
        return None
    (_, leader, best), *others = sorted(medians, key=lambda one: one[0])
    lines: list[str] = []
    not_shown: list[str] = []
    for _, name, runs in others:
        shown, line = _against(name, leader, runs, best, series)
        lines.append(line)
        not_shown += [] if shown else [name]
    is_doubted = _is_doubted(best, series)
    if is_doubted:
        lines += [f"{leader} is marked {line}" for line in doubts([run.result for run in best])]
    is_shown = not not_shown and not is_doubted and bool(others)
    return Ranking(
        figure=_TITLE[series],
        leader=leader,
        is_shown=is_shown,
        sentence=_fastest_sentence(leader, _TITLE[series], len(others), not_shown, is_doubted),
        rests_on=tuple(lines),
        left_out=tuple(left_out),
    )


def _is_doubted(runs: Sequence[Run], series: Series) -> bool:
    """Whether something was found against the leader's times: such a run is never marked best."""
    badges = [run.result.trust for run in runs if run.result.trust is not None]
    return trust.speak_against((mark.cause for badge in badges for mark in badge.marks), _LEAD[series])


def _against(name: str, leader: str, runs: list[Run], best: list[Run], series: Series) -> tuple[bool, str]:
    """Whether the leader is shown to be faster, and the line that says so."""
    try:
        found = reports.report_on(runs, best, series).verdict
    except EdgeprofError as error:
        return False, f"{name}: {error.message}"
    if found.ratio is None or found.low is None or found.high is None:
        return False, f"{name}: {found.reason}"
    if len(runs) == len(best) == 1:
        for who, run in ((name, runs[0]), (leader, best[0])):
            row = next((row for row in run.result.metrics if row.metric == _LEAD[series]), None)
            if row is not None and row.no_interval is not None:
                return False, f"{who}: no claim rests on a median without an interval; it {row.no_interval}."
    span = f"{found.interval_percent} % interval {found.low:.3g} to {found.high:.3g}"
    return found.outcome == "faster", f"{leader} takes {found.ratio:.3g} × the time of {name}, {span}; {found.reason}."


def _fastest_sentence(leader: str, figure: str, others: int, not_shown: Sequence[str], is_doubted: bool) -> str:
    if not others:
        return f"{leader} is the only one with a measured {figure}."
    if not_shown:
        rest = f"{not_shown[0]}" if len(not_shown) == 1 else f"{len(not_shown)} others"
        return f"{leader} has the lowest {figure} so far; it is not shown to differ from {rest}."
    if is_doubted:
        return f"{leader} has the lowest {figure} so far, but its runs are marked. Measure again on a quiet machine."
    return f"{leader} has the lowest {figure}, against {others} other{'s' * (others != 1)}."


def _records(plan: Plan, recording: Recording) -> dict[str, list[EvaluationRecord]]:
    """By set: one record a cell, with the outcomes of its items. Repeats answer the same: the first stands for all."""
    found: dict[str, list[EvaluationRecord]] = {}
    for cell in recording.cells:
        seen: set[str] = set()
        for result in _good(cell, evaluated=True):
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


def _quality(plan: Plan, recording: Recording, failed: dict[str, str]) -> list[Ranking]:
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


def _gates(plan: Plan, recording: Recording) -> list[GateVerdict]:
    """Every gate on every cell that answered its set; the source is the plan's, on the same device."""
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
    return found
