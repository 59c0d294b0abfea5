"""The model beside its reference on one device, by the engine that compares two runs. Pure but for artifacts."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from edgeprof.compare.report import report_on
from edgeprof.compare.sources import Run, Series, default_series
from edgeprof.errors import EdgeprofError
from edgeprof.wire.rollouts import Compared, DeviceOutcome


@dataclass(frozen=True)
class Speed:
    """What the comparison says: `failed` only where more than the limit is shown, `succeeded` where less is."""

    outcome: DeviceOutcome
    sentence: str
    compared: Compared | None = None


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
