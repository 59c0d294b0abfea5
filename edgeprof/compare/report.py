"""Two sides of runs to a report, and the report as text."""

from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof.compare import comparability, noise_floors
from edgeprof.compare.sources import Run, Series, default_series, estimates
from edgeprof.statistics.estimate import Estimate
from edgeprof.statistics.verdict import Outcome, Verdict, abstention, compare
from edgeprof.wire.evidence import NoiseFloor

_SENTENCE: dict[Outcome, str] = {
    "faster": "B is faster than A",
    "slower": "B is slower than A",
    "no_difference_shown": "No difference shown between A and B",
    "abstains": "No verdict on A and B",
}


@dataclass(frozen=True, kw_only=True)
class Report:
    """A comparison as `--json` prints it. Medians in ms, one a run; `subject`: in what A and B differ as meant."""

    series: str
    verdict: Verdict
    a_ms: tuple[float, ...]
    b_ms: tuple[float, ...]
    subject: tuple[str, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]


def report_on(a: Sequence[Run], b: Sequence[Run], series: Series | None, floors: Sequence[NoiseFloor] = ()) -> Report:
    """The verdict on two sides and what a reader should know beside it. No `floors`: those of the results."""
    series = series or default_series(a[0].result)
    found = estimates([*a, *b], series)
    a_found, b_found = found[: len(a)], found[len(a) :]
    results = [run.result for run in a], [run.result for run in b]
    obstacle = comparability.obstacle(*results)
    fitting, misfit = noise_floors.fitting(floors, series, [*a, *b])
    verdict = abstention(obstacle, len(a), len(b)) if obstacle else compare(a_found, b_found, fitting)
    return Report(
        series=series,
        verdict=verdict,
        a_ms=tuple(estimate.value for estimate in a_found),
        b_ms=tuple(estimate.value for estimate in b_found),
        subject=tuple(comparability.subject(*results)),
        warnings=(*comparability.warnings(*results), *misfit),
        notes=tuple(_notes([*a, *b], found)),
    )


def text_of(report: Report) -> str:
    """The verdict sentence and what it rests on, line by line."""
    verdict = report.verdict
    lines = [f"{_SENTENCE[verdict.outcome]}{_by_how_much(verdict)}: {verdict.reason}."]
    lines.append(f"  {report.series}, median: A {_times(report.a_ms)}; B {_times(report.b_ms)}")
    if verdict.ratio is not None and verdict.low is not None and verdict.high is not None:
        span = f"{verdict.interval_percent} % interval {verdict.low:.4f} to {verdict.high:.4f}"
        lines.append(f"  B / A: {verdict.ratio:.4f}, {span}")
    if verdict.smallest_effect is not None:
        lines.append(f"  Smallest effect that 4 of 5 such pairs show: {verdict.smallest_effect:.1%}")
    if verdict.floor is not None:
        lines.append(f"  Noise floor used: {verdict.floor:.1%} ({verdict.basis.replace('_', ' ')})")
    lines += [f"  differs: {line}" for line in report.subject]
    lines += [f"  warning: {line}" for line in report.warnings]
    lines += [f"  note: {line}" for line in report.notes]
    return "\n".join(lines)


def _by_how_much(verdict: Verdict) -> str:
    if verdict.ratio is None or verdict.outcome not in ("faster", "slower"):
        return ""
    return f" by {abs(1 - verdict.ratio):.1%}"


def _times(times_ms: Sequence[float]) -> str:
    return ", ".join(f"{time_ms:.4g} ms" for time_ms in times_ms)


def _notes(runs: Sequence[Run], found: Sequence[Estimate]) -> list[str]:
    chosen = list(dict.fromkeys(run.note for run in runs if run.note))
    odd = [f"{run.name}: {note}" for run, estimate in zip(runs, found, strict=True) for note in estimate.notes]
    return [*chosen, *odd]
