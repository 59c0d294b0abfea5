"""`edgeprof compare A B` where both answered an evaluation set: verdict, flips, and the drift of one model."""

from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof.compare import comparability
from edgeprof.compare.sources import Run
from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.quality.comparing import PairedVerdict, compare_evaluations, rounded_up
from edgeprof.quality.drift import Drift, find_drift, lines_of
from edgeprof.quality.gate_text import Gate
from edgeprof.quality.gates import GateVerdict, judge_gate, named
from edgeprof.quality.outcomes import decode_outcomes
from edgeprof.quality.pairing import EvaluationRecord, record_of
from edgeprof.wire.metrics import METRICS

_UNIT_OF_VALUES = {"points": "%"}


@dataclass(frozen=True, kw_only=True)
class EvaluationReport:
    """What `--json` prints. `drift`: only where both sides ran one model."""

    comparison: PairedVerdict
    drift: Drift | None
    gates: tuple[GateVerdict, ...]
    subject: tuple[str, ...]
    notes: tuple[str, ...]


def are_evaluations(*sides: Sequence[Run]) -> bool:
    """Whether all runs answered a set. Raises UsageError where only some of them did."""
    found = {run.result.evaluation is not None for side in sides for run in side}
    if len(found) > 1:
        raise UsageError("bad_usage", "One side answered an evaluation set and the other did not. Give two of a kind.")
    return found == {True}


def report_on(a: Sequence[Run], b: Sequence[Run], margin: float | None, gates: Sequence[Gate] = ()) -> EvaluationReport:
    """The report on the newest evaluation of either side. Raises EdgeprofError where outcomes are missing."""
    one, other = _newest(a), _newest(b)
    records = _record("A", one), _record("B", other)
    notes = [f"{name}: the newest of {len(side)} evaluations" for name, side in (("A", a), ("B", b)) if len(side) > 1]
    notes += [f"{record.name} is {record.unreal}: no gate counts it" for record in records if record.unreal]
    is_one_model = one.result.model_id == other.result.model_id
    return EvaluationReport(
        comparison=compare_evaluations(*records, margin),
        drift=find_drift(*records) if is_one_model else None,
        gates=tuple(judge_gate(gate, records[0], [records[1]])[0] for gate in gates),
        subject=tuple(comparability.subject([one.result], [other.result])),
        notes=tuple(notes),
    )


def text_of(report: EvaluationReport) -> str:
    """The verdict first, then what it rests on, line by line."""
    found = report.comparison
    lines = [found.sentence]
    if found.verdict != "not_comparable":
        lines += _figures(found)
        lines += [f"  right → wrong, {_items(found.lost)}"] if found.lost else []
        lines += [f"  wrong → right, {_items(found.gained)}"] if found.gained else []
        lines += _left_out(found)
        lines += lines_of(report.drift) if report.drift else []
    lines += [f"  gate {verdict.gate}: {verdict.sentence}" for verdict in report.gates]
    lines += [f"  differs: {line}" for line in report.subject]
    lines += [f"  note: {line}" for line in report.notes]
    return "\n".join(lines)


def _figures(found: PairedVerdict) -> list[str]:
    unit = _UNIT_OF_VALUES.get(found.unit, found.unit)
    title = METRICS[found.metric].title + (", mean of items," if found.basis == "mean_of_items" else "")
    lines = [f"  {title} on {found.set_name}: A {found.a:.4g} {unit}, B {found.b:.4g} {unit}; {found.n:,} items"]
    if found.difference is not None and found.ci_low is not None and found.ci_high is not None:
        span = f"95 % interval {found.ci_low:+.2g} to {found.ci_high:+.2g}"
        lines.append(f"  B − A: {found.difference or 0:+.2g} {found.unit}, {span}; p = {found.p:.2g}")
    lines.append(f"  {found.differing:,} of {found.n:,} items differ")
    if found.smallest_effect is not None:
        shown = f"{rounded_up(found.smallest_effect)} {found.unit}"
        lines.append(f"  Smallest difference that 4 of 5 such pairs show: {shown}")
    return lines


def _left_out(found: PairedVerdict) -> list[str]:
    groups = (
        ("no answer from A", found.unanswered_a),
        ("no answer from B", found.unanswered_b),
        ("in the run of A only", found.only_a),
        ("in the run of B only", found.only_b),
    )
    return [f"  left out, {why}, {_items(items)}" for why, items in groups if items]


def _items(ids: Sequence[str]) -> str:
    return f"{len(ids):,} item{'' if len(ids) == 1 else 's'}: {named(ids)}"


def _newest(side: Sequence[Run]) -> Run:
    return max(side, key=lambda run: run.result.finished.wall_s)


def _record(name: str, run: Run) -> EvaluationRecord:
    ref = next((ref for ref in run.result.artifacts if ref.name == "outcomes"), None)
    data = run.fetch(ref) if ref else None
    if data is None:
        raise EdgeprofError(
            "no_outcomes",
            f"{run.name} has no outcomes of its items. Save them with `edgeprof evaluate --save FOLDER`, "
            "and give the folder.",
        )
    try:
        return record_of(name, run.result, tuple(decode_outcomes(data)))
    except ValueError as error:
        raise EdgeprofError("no_outcomes", f"The outcomes of {run.name} are not readable: {error}.") from error
