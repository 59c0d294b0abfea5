"""One row per set-up: each figure is the median over its runs, with an interval, the badge, or the failure. Pure."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from edgeprof.statistics.quantiles import quantile_interval
from edgeprof.tables.headline import Kind, kind_of
from edgeprof.wire.evidence import TRUST_CAUSES, TrustCause
from edgeprof.wire.messages import MetricRow, ModelFormat, Result, RunConfig

Span = Literal["95 % within the run", "95 % over runs", "range of the runs", ""]
"""What `low` and `high` of a figure are; fewer than 6 runs have a range only."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """The median over runs; of one run its own value. No `low` and `high`: the figure has no interval."""

    value: float
    low: float | None = None
    high: float | None = None

    @property
    def half_width(self) -> float | None:
        """Half of the interval as a share of the value.

        >>> Figure(value=10.0, low=9.5, high=11.0).half_width
        0.075
        """
        if self.low is None or self.high is None or self.value == 0:
            return None
        return (self.high - self.low) / 2 / abs(self.value)


@dataclass(frozen=True, kw_only=True)
class SetupRow:
    """One model in one configuration on one device, and what its runs came to."""

    name: str
    """Tells it from the other rows of its table."""
    model: str
    device: str
    kind: Kind
    config: RunConfig
    runtime: str
    runtime_version: str
    threads: int
    """As they ran; as requested where nothing ran. 0: every core."""
    figures: Mapping[str, Figure]
    span: Span
    measured: int
    failed: int
    marks: Mapping[TrustCause, int]
    """Cause to the number of runs that it marks."""
    unjudged: int
    failure_code: str = ""
    failure_message: str = ""
    """Of the last failed run."""


def row_of(
    name: str, results: Sequence[Result], config: RunConfig, model: str, model_format: ModelFormat, device: str = ""
) -> SetupRow:
    """The row of one set-up. `results`: all its runs in time order; none yet makes an empty row."""
    runs = [result for result in results if result.status == "measured"]
    failures = [result.failure for result in results if result.failure is not None]
    ran = next((result.effective for result in reversed(runs) if result.effective is not None), None)
    badges = [result.trust for result in runs if result.trust is not None]
    causes: list[TrustCause] = [mark.cause for badge in badges for mark in badge.marks]
    return SetupRow(
        name=name,
        model=model,
        device=device,
        kind=kind_of(model_format),
        config=config,
        runtime=ran.runtime if ran else config.runtime,
        runtime_version=ran.runtime_version if ran else "",
        threads=(ran.threads if ran else None) or config.threads,
        figures=figures_of([result.metrics for result in runs]),
        span=_span(len(runs)),
        measured=len(runs),
        failed=len(failures),
        marks={cause: causes.count(cause) for cause in TRUST_CAUSES if cause in causes},
        unjudged=len(runs) - len(badges),
        failure_code=failures[-1].code if failures else "",
        failure_message=failures[-1].message if failures else "",
    )


def figures_of(runs: Sequence[Sequence[MetricRow]]) -> dict[str, Figure]:
    """Every metric that each of the runs has."""
    by_run = [{row.metric: row for row in metrics} for metrics in runs]
    common = [metric for metric in (by_run[0] if by_run else {}) if all(metric in each for each in by_run)]
    return {metric: _over_runs([each[metric] for each in by_run]) for metric in common}


def _over_runs(rows: Sequence[MetricRow]) -> Figure:
    if len(rows) == 1:
        return Figure(value=rows[0].value, low=rows[0].ci_low, high=rows[0].ci_high)
    ordered = sorted(row.value for row in rows)
    low, high = quantile_interval(ordered, 0.5) or (ordered[0], ordered[-1])
    return Figure(value=statistics.median(ordered), low=low, high=high)


def _span(runs: int) -> Span:
    if runs == 0:
        return ""
    if runs == 1:
        return "95 % within the run"
    return "95 % over runs" if quantile_interval([0.0] * runs, 0.5) else "range of the runs"
