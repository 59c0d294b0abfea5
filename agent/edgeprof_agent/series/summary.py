"""What a series came to: each set-up's median over its runs, and a verdict on each against the fastest. Pure."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof.compare.report import Report, report_on
from edgeprof.compare.sources import Run, default_series, estimates
from edgeprof.errors import EdgeprofError
from edgeprof.statistics.estimate import Estimate
from edgeprof.statistics.quantiles import quantile_interval
from edgeprof.wire.evidence import TRUST_CAUSES, TrustCause
from edgeprof_agent.series.running import SeriesState


@dataclass(frozen=True, kw_only=True)
class SeriesRow:
    """One set-up. Times in ms, None where no run measured; `spans` says what `low_ms` and `high_ms` are."""

    label: str
    folder: str
    series: str | None
    median_ms: float | None
    low_ms: float | None
    high_ms: float | None
    spans: str
    measured: int
    failed: int
    marks: dict[TrustCause, int]
    """Cause to the number of runs that it marks."""
    unjudged: int
    """Measured runs without a trust badge."""
    failure: str | None
    """Of the last failed run: its code and message."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The verdict on a set-up B against the fastest of its series, A; or why there is none."""

    a: str
    b: str
    report: Report | None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class SeriesSummary:
    """All rows in the order in which the set-ups were asked for, and the verdicts."""

    rows: tuple[SeriesRow, ...]
    verdicts: tuple[Judged, ...]


def summary_of(series: SeriesState) -> SeriesSummary:
    """Set-ups of one series of times (latency, or a language model's time between tokens) are judged together."""
    rows = [_row(series, index) for index in range(len(series.setups))]
    verdicts: list[Judged] = []
    for kind in dict.fromkeys(row.series for row in rows if row.median_ms is not None):
        able = [index for index, row in enumerate(rows) if row.series == kind and row.median_ms is not None]
        best = min(able, key=lambda index: rows[index].median_ms or 0.0)
        others = sorted((index for index in able if index != best), key=lambda index: rows[index].median_ms or 0.0)
        verdicts += [_judged(series, rows, best, other) for other in others]
    return SeriesSummary(rows=tuple(rows), verdicts=tuple(verdicts))


def _row(series: SeriesState, index: int) -> SeriesRow:
    setup, runs, failed = series.setups[index], series.measured(index), series.failed(index)
    failure = failed[-1].failure if failed else None
    problem = f"{failure.code}: {failure.message}" if failure else None
    found: list[Estimate] = []
    if runs:
        try:
            found = estimates(runs, default_series(runs[0].result))
        except EdgeprofError as error:
            problem = problem or error.message
    median_ms, low_ms, high_ms, spans = _middle(found)
    badges = [run.result.trust for run in runs if run.result.trust is not None]
    causes: list[TrustCause] = [mark.cause for badge in badges for mark in badge.marks]
    return SeriesRow(
        label=setup.label,
        folder=setup.folder,
        series=default_series(runs[0].result) if runs else None,
        median_ms=median_ms,
        low_ms=low_ms,
        high_ms=high_ms,
        spans=spans,
        measured=len(runs),
        failed=len(failed),
        marks={cause: causes.count(cause) for cause in TRUST_CAUSES if cause in causes},
        unjudged=len(runs) - len(badges),
        failure=problem,
    )


def _middle(found: Sequence[Estimate]) -> tuple[float | None, float | None, float | None, str]:
    """The median of the runs' medians. Below 6 runs it has no 95 % interval; then the runs' range is told as such."""
    if not found:
        return None, None, None, ""
    if len(found) == 1:
        return found[0].value, found[0].low, found[0].high, "95 % interval within the run"
    ordered = sorted(estimate.value for estimate in found)
    interval = quantile_interval(ordered, 0.5)
    low, high = interval or (ordered[0], ordered[-1])
    return (
        statistics.median(ordered),
        low,
        high,
        "95 % interval over runs" if interval else "range of the runs; 95 % from 6 runs on",
    )


def _judged(series: SeriesState, rows: Sequence[SeriesRow], best: int, other: int) -> Judged:
    a, b = rows[best].label, rows[other].label
    sides: tuple[list[Run], list[Run]] = series.measured(best), series.measured(other)
    try:
        return Judged(a=a, b=b, report=report_on(*sides, None))
    except EdgeprofError as error:
        return Judged(a=a, b=b, report=None, reason=error.message)
