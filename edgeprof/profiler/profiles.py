"""The profile of a model on a target: its figures with intervals and origin, what is absent and why. Pure."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof.profiler.cells import Cell, CellFailure
from edgeprof.profiler.metric_groups import COST, chosen, is_quality
from edgeprof.profiler.plan import Plan
from edgeprof.statistics.quantiles import quantile_interval, samples_needed
from edgeprof.tables import trust
from edgeprof.wire.figures import MetricRow
from edgeprof.wire.messages import Result
from edgeprof.wire.metrics import METRICS

FAILED, PARTIAL, MEASURED = "failed", "partial", "measured"


@dataclass(frozen=True, kw_only=True)
class ProfileFigure:
    """One figure in its metric's unit. `ci_low`, `ci_high`: 95 %; None with the reason in `no_interval`.

    Of several runs `value` is the median of theirs, and `n` the samples (or items) of all.
    """

    metric: str
    value: float
    unit: str
    n: int
    runs: int
    origin: str
    ci_low: float | None = None
    ci_high: float | None = None
    no_interval: str = ""
    evaluation_set: str = ""
    """The set that gave it; empty for a figure of speed, memory or energy."""
    scope: str = ""
    """Of energy: what the meter covers."""


@dataclass(frozen=True, kw_only=True)
class AbsentFigure:
    """A figure that was asked for and not measured, and why."""

    metric: str
    reason: str
    evaluation_set: str = ""


@dataclass(frozen=True, kw_only=True)
class ModelProfile:
    """A model on a target. `status`: measured, partial (some runs failed) or failed, then with `failures`."""

    model: str
    target: str
    device: str
    status: str
    figures: tuple[ProfileFigure, ...] = ()
    absent: tuple[AbsentFigure, ...] = ()
    trust: tuple[str, ...] = ()
    """What was found against the runs, as `busy: Other programs took 14 % of the cores.`"""
    failures: tuple[CellFailure, ...] = ()
    unreal: str = ""
    """`emulated` or `replayed`: never ranked."""
    model_id: str = ""
    runtime: str = ""
    result_ids: tuple[str, ...] = ()

    def figure(self, metric: str, evaluation_set: str = "") -> ProfileFigure | None:
        """The first figure of a metric, of this set where one is named; None where it is absent."""
        found = (one for one in self.figures if one.metric == metric)
        return next((one for one in found if evaluation_set in ("", one.evaluation_set)), None)

    def reason(self, metric: str) -> str:
        """Why a figure is not there."""
        failure = self.failures[0].message if self.status == FAILED and self.failures else ""
        return failure or next((one.reason for one in self.absent if one.metric == metric), "not requested")


def profile_of(plan: Plan, cell: Cell) -> ModelProfile:
    """The profile of one cell: nothing but the plan and what was recorded goes in."""
    good = [result for result in cell.results if result.status == "measured"]
    failures = (*cell.failures, *(_failure(result) for result in cell.results if result.failure is not None))
    figures, absent = _figures(plan, cell, good)
    newest = good[0] if good else cell.results[0] if cell.results else None
    return ModelProfile(
        model=cell.model,
        target=cell.target,
        device=cell.device,
        status=(PARTIAL if failures else MEASURED) if good else FAILED,
        figures=figures,
        absent=absent,
        trust=doubts(good),
        failures=failures,
        unreal=next((word for result in good if (word := unreal(result))), ""),
        model_id=newest.model_id if newest else "",
        runtime=_runtime(newest) if newest else "",
        result_ids=tuple(result.result_id for result in cell.results),
    )


def unreal(result: Result) -> str:
    """`replayed` or `emulated` for a result whose times are not the device's own; else empty."""
    if result.replayed is not None:
        return "replayed"
    marks = result.trust.marks if result.trust else ()
    return "emulated" if result.emulated or any(mark.cause == "emulated" for mark in marks) else ""


def doubts(results: Sequence[Result]) -> tuple[str, ...]:
    """A line for each cause that marks some of these results: in how many of them, and the first one's finding."""
    found: dict[str, list[str]] = {}
    for result in results:
        for line in trust.reasons(result.trust):
            found.setdefault(line.partition(": ")[0], []).append(line.partition(": ")[2])
    return tuple(
        f"{cause}: {reasons[0]}"
        if len(results) == 1
        else f"{cause} in {len(reasons)} of {len(results)} runs: {reasons[0]}"
        for cause, reasons in found.items()
    )


def _failure(result: Result) -> CellFailure:
    assert result.failure is not None
    about = result.evaluation.set_name if result.evaluation else ""
    return CellFailure(code=result.failure.code, message=result.failure.message, about=about)


def _runtime(result: Result) -> str:
    ran = result.effective
    return f"{ran.runtime} {ran.runtime_version}" if ran else result.config.runtime


def _figures(
    plan: Plan, cell: Cell, good: Sequence[Result]
) -> tuple[tuple[ProfileFigure, ...], tuple[AbsentFigure, ...]]:
    speed = [result for result in good if not result.config.evaluation_set]
    by_set: dict[str, list[Result]] = {}
    for result in good:
        if result.evaluation is not None:
            by_set.setdefault(result.evaluation.set_name, []).append(result)
    figures: list[ProfileFigure] = []
    absent: list[AbsentFigure] = []
    for word, names in chosen(plan.metrics).items():
        found = _cost(cell) if names == (COST,) else []
        for name in names:
            sources = by_set if is_quality(name) else {"": speed}
            found += [one for title, results in sources.items() if (one := _figure(name, results, title))]
        figures += found
        if good:
            absent += _absent(word, names, found, good, cell)
    return tuple(figures), tuple(absent)


def _figure(metric: str, results: Sequence[Result], evaluation_set: str) -> ProfileFigure | None:
    rows = [row for result in results for row in result.metrics if row.metric == metric]
    if not rows:
        return None
    value, low, high, reason = _middle(rows)
    return ProfileFigure(
        metric=metric,
        value=value,
        unit=METRICS[metric].unit,
        n=sum(row.n for row in rows),
        runs=len(rows),
        origin=next((row.origin for row in rows if row.origin != "measured"), "measured"),
        ci_low=low,
        ci_high=high,
        no_interval=reason,
        evaluation_set=evaluation_set,
        scope=rows[0].scope or "",
    )


def _middle(rows: Sequence[MetricRow]) -> tuple[float, float | None, float | None, str]:
    if len(rows) == 1:
        row = rows[0]
        has_both = row.ci_low is not None and row.ci_high is not None
        return row.value, row.ci_low, row.ci_high, "" if has_both else row.no_interval or "a single reading"
    ordered = sorted(row.value for row in rows)
    interval = quantile_interval(ordered, 0.5)
    if interval is None:
        need = samples_needed(0.5)
        return statistics.median(ordered), None, None, f"{len(rows)} runs; an interval over runs takes {need}"
    return statistics.median(ordered), *interval, ""


def _absent(
    word: str, names: Sequence[str], found: Sequence[ProfileFigure], good: Sequence[Result], cell: Cell
) -> list[AbsentFigure]:
    """Reasons of the runs; of a group that brought nothing and has no reason, one line for its first figure."""
    there = {figure.metric for figure in found}
    reasons = {one.metric: one.reason for result in good for one in result.absent if one.metric in names}
    lines = [AbsentFigure(metric=name, reason=reason) for name, reason in reasons.items() if name not in there]
    if found or lines:
        return lines
    if names == (COST,):
        return [AbsentFigure(metric=COST, reason=cell.cost_absent or "only a hub has the prices; name a hub's device")]
    if is_quality(names[0]) and not any(result.evaluation for result in good):
        why = "its evaluation failed" if cell.failures else "no set of the plan is for this kind of model"
        return [AbsentFigure(metric=names[0], reason=why)]
    return [AbsentFigure(metric=names[0], reason=f"no run of this model reports {word}")]


def _cost(cell: Cell) -> list[ProfileFigure]:
    if cell.cost is None:
        return []
    per = f"USD per {cell.cost.unit}"
    return [
        ProfileFigure(
            metric=COST,
            value=cell.cost.edge_usd,
            unit=per,
            n=1,
            runs=1,
            origin="modelled",
            no_interval="computed from prices and figures",
        )
    ]
