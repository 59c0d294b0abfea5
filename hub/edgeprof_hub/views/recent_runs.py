"""Recent runs: the newest outcomes over all devices, for the end of the comparison page."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edgeprof.tables import figures
from edgeprof.tables.flashed import flashed_text
from edgeprof.tables.headline import HEADLINES, kind_of
from edgeprof.wire import messages as m
from edgeprof.wire import rest
from edgeprof.wire.metrics import METRICS
from edgeprof_hub.views.evaluation_view import lead_text

MAX_SHOWN = 8


@dataclass(frozen=True)
class RecentRun:
    """One outcome. `figure`: the one that a cell shows large; `failure_code`: of a run that failed."""

    result_id: str
    received_s: float
    model_name: str
    device_label: str
    figure: str
    failure_code: str | None


def recent_runs(
    newest: Iterable[rest.StoredResult],
    devices: Mapping[str, rest.DeviceRecord],
    models: Mapping[str, rest.ModelRecord],
) -> tuple[RecentRun, ...]:
    """In the given order. Runs of deleted devices and models are left out."""
    return tuple(
        _one(stored, devices[stored.result.device_id].label, models[stored.result.model_id])
        for stored in newest
        if stored.result.device_id in devices and stored.result.model_id in models
    )


def _shown(result: m.Result, model_format: m.ModelFormat) -> str:
    if result.config.load_only and result.failure is None:
        return flashed_text(result)
    return lead_text(result) if result.config.evaluation_set else _figure(result, model_format)


def _one(stored: rest.StoredResult, device_label: str, model: rest.ModelRecord) -> RecentRun:
    result = stored.result
    return RecentRun(
        result_id=result.result_id,
        received_s=stored.received_s,
        model_name=model.shown_name,
        device_label=device_label,
        figure=_shown(result, model.format),
        failure_code=result.failure.code if result.failure else None,
    )


def _figure(result: m.Result, model_format: m.ModelFormat) -> str:
    """`p50 0.254 ms`, or that the run did not measure it."""
    metric = HEADLINES[kind_of(model_format)][0].metric
    row = next((row for row in result.metrics if row.metric == metric), None)
    known = METRICS[metric]
    return f"{known.title} {figures.figure(row)} {known.unit}" if row else f"{known.title} not measured"
