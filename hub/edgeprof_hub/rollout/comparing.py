"""The model beside its reference on one device, by the engine that compares two runs. Pure but for artifacts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from edgeprof.compare.report import report_on
from edgeprof.compare.sources import Run, Series, default_series
from edgeprof.errors import EdgeprofError
from edgeprof.wire.rollouts import Compared, DeviceOutcome, RolloutPlan


@dataclass(frozen=True)
class Speed:
    """What the comparison says: `failed` only where more than the limit is shown, `succeeded` where less is."""

    outcome: DeviceOutcome
    sentence: str
    compared: Compared | None = None


def beside(reference: Sequence[Run], model: Sequence[Run], plan: RolloutPlan, name: str) -> Speed:
    """Every limit of the plan that a reference is needed for; the worst decides. `name`: of the reference."""
    found: list[Speed] = []
    if plan.max_slowdown_percent is not None:
        found.append(speed(reference, model, plan.max_slowdown_percent, name))
    if plan.max_p95_slowdown_percent is not None:
        found.append(by_range(reference, model, P95, plan.max_p95_slowdown_percent, name))
    if plan.max_memory_growth_percent is not None:
        found.append(by_range(reference, model, PEAK_MEMORY, plan.max_memory_growth_percent, name))
    worst = min(found, key=lambda one: _WORST.index(one.outcome))
    sentences = [one.sentence for one in found if one.outcome == worst.outcome]
    compared = next((one.compared for one in found if one.compared), None)
    return replace(worst, sentence=" ".join(sentences), compared=compared)


@dataclass(frozen=True)
class Figure:
    """One figure of a run: the first of these metrics that every run has."""

    title: str
    metrics: tuple[str, ...]


P95 = Figure("p95", ("latency_p95_ms", "inter_token_p95_ms"))
PEAK_MEMORY = Figure("Peak memory", ("peak_memory_mib",))


def by_range(reference: Sequence[Run], model: Sequence[Run], figure: Figure, limit_percent: float, name: str) -> Speed:
    """Whether a figure of which each run has one value exceeds the reference's by more than the limit.

    Three runs give no interval worth the name, so all of them must agree. It fails where the lowest run of the model
    is above the limit over the highest of the reference, and holds where the highest is within it over the lowest.

    Example: peak memory 60, 61 MiB before and 80, 82 MiB now, limit 20 %: 80 / 61 = 1.31, so it fails.
    """
    for metric in figure.metrics:
        before, now = _values(reference, metric), _values(model, metric)
        if before and now and min(before) > 0:
            break
    else:
        return Speed("undecided", f"{figure.title} not compared with {name}: not measured in every run.")
    low, high, limit = min(now) / max(before), max(now) / min(before), 1 + limit_percent / 100
    is_ = f"{figure.title} is {median(now) / median(before):.2f} × that of {name} (runs {low:.2f} to {high:.2f})"
    if low > limit:
        return Speed("failed", f"{is_}: above the limit of {limit:g} ×.")
    if high <= limit:
        return Speed("succeeded", f"{is_}: within {limit:g} ×.")
    return Speed("undecided", f"{is_}: the runs lie around the limit of {limit:g} ×.")


def _values(runs: Sequence[Run], metric: str) -> list[float]:
    """One of each run; empty where a run has none."""
    found = [row.value for run in runs for row in run.result.metrics if row.metric == metric]
    return found if len(found) == len(runs) else []


def speed(reference: Sequence[Run], model: Sequence[Run], limit_percent: float, name: str) -> Speed:
    """Whether the model is slower than the reference by more than the limit; `name`: of the reference.

    Of a language model the time to the first token counts, too: the worse of the two decides.
    """
    lead = default_series(model[0].result)
    found = [_of_series(reference, model, lead, limit_percent, name)]
    if lead == "inter_token" and all(_has_ttft(run) for run in (*reference, *model)):
        found.append(_of_series(reference, model, "ttft", limit_percent, name))
    return min(found, key=lambda one: _WORST.index(one.outcome))


def _of_series(
    reference: Sequence[Run], model: Sequence[Run], series: Series, limit_percent: float, name: str
) -> Speed:
    """The whole interval decides: above the limit it fails, below it holds, around it nobody can say.

    A point estimate would let every noisy device pass half of the models that are just as slow as the limit.
    """
    try:
        report = report_on(reference, model, series)
    except EdgeprofError as error:
        return Speed("undecided", f"Not compared with {name}: {error.message}")
    found = report.verdict
    if found.ratio is None or found.low is None or found.high is None:
        return Speed("undecided", f"Not compared with {name}: {found.reason}.")
    compared = Compared(
        series=report.series,
        reference_ms=median(report.a_ms),
        model_ms=median(report.b_ms),
        ratio=found.ratio,
        low=found.low,
        high=found.high,
        interval_percent=found.interval_percent,
        reference_runs=found.runs_a,
        model_runs=found.runs_b,
        reference_result_id=reference[-1].result.result_id,
        model_result_id=model[-1].result.result_id,
    )
    limit = 1 + limit_percent / 100
    span = f"{found.interval_percent} % interval {found.low:.2f} to {found.high:.2f}"
    takes = f"{_TAKES[series]} {found.ratio:.2f} × as long as {name} ({span})"
    if found.low > limit:
        return Speed("failed", f"{takes}: above the limit of {limit:g} ×.", compared)
    if found.high <= limit:
        return Speed("succeeded", f"{takes}: within {limit:g} ×.", compared)
    return Speed("undecided", f"{takes}: the interval includes the limit of {limit:g} ×. Compare more runs.", compared)


def _has_ttft(run: Run) -> bool:
    """With an interval, or its samples."""
    return any(row.metric == "ttft_ms" and row.ci_low is not None for row in run.result.metrics)


_WORST: tuple[DeviceOutcome, ...] = ("failed", "undecided", "succeeded")
_TAKES: dict[Series, str] = {
    "latency": "Takes",
    "inter_token": "A token takes",
    "ttft": "The first token takes",
    "prefill": "Prefill takes",
    "decode": "Decode takes",
}
