"""Results as lines: what ran where, and the figures that a headline shows."""

from collections.abc import Sequence
from dataclasses import replace

from edgeprof.tables.headline import HEADLINES, kind_of
from edgeprof.wire import rest
from edgeprof.wire.messages import MetricRow, ModelFormat, Result
from edgeprof_hub.matrix import labels
from edgeprof_hub.store.evaluations import lead_figure
from edgeprof_hub.store.reader import SqliteReader
from edgeprof_hub.store.runs import RunFilter


def newest(store: SqliteReader, which: RunFilter, family: str, limit: int) -> list[rest.RunLine]:
    """The newest results that match, each with its first figure alone. `family`: of their models; empty: any."""
    models = {model.model_id: model for model in store.models()}
    if family:
        of_family = tuple(model_id for model_id, model in models.items() if model.family == family)
        which = replace(which, model_ids=of_family)
    devices = {device.device_id: device for device in store.devices(retired=True)}
    lines = (
        _line(stored, devices.get(stored.result.device_id), models.get(stored.result.model_id))
        for stored in store.runs.newest(which, limit)
    )
    return [replace(line, metrics=(), absent={}) for line in lines]


def headline(store: SqliteReader, stored: rest.StoredResult) -> rest.RunLine:
    """One result with every figure of its headline."""
    result = stored.result
    return _line(stored, store.device(result.device_id), store.model(result.model_id))


def _line(stored: rest.StoredResult, device: rest.DeviceRecord | None, model: rest.ModelRecord | None) -> rest.RunLine:
    result = stored.result
    found = {row.metric: row for row in result.metrics}
    lead, others = _figures(result, model.format if model else None)
    reasons = {absent.metric: labels.short_reason(absent.reason) for absent in result.absent}
    ran, failure, evaluated = result.effective, result.failure, result.evaluation
    asked = result.config.evaluation_set
    return rest.RunLine(
        result_id=result.result_id,
        received_s=stored.received_s,
        device_id=result.device_id,
        device_label=device.label if device else result.device_id,
        device_tag=device.tag if device else "",
        model_id=result.model_id,
        model_name=model.shown_name if model else result.model_name,
        family=model.family if model else "",
        quantization=model.quantization if model else "",
        runtime=f"{ran.runtime} {ran.runtime_version}" if ran else result.config.runtime,
        threads=ran.threads if ran and ran.threads else result.config.threads,
        set_name=evaluated.set_name if evaluated else asked[:12],
        status=result.status,
        failure_code=failure.code if failure else None,
        failure_message=(labels.failure_of(result)[1] or "") if failure else "",
        lead=lead,
        metrics=tuple(found[name] for name in others if name in found),
        absent={name: reasons.get(name, labels.NO_REASON) for name in others if name not in found and not failure},
        trust=result.trust,
    )


def _figures(result: Result, model_format: ModelFormat | None) -> tuple[MetricRow | None, Sequence[str]]:
    """The lead figure, and the names of the others of the headline. A model that is gone is told by its figures."""
    if result.config.evaluation_set:
        return lead_figure(result), ()
    found = {row.metric: row for row in result.metrics}
    if result.config.load_only:
        return found.get("load_cold_ms") or found.get("load_ms"), ("peak_memory_mib",)
    is_language = "decode_tokens_per_s" in found
    kind = kind_of(model_format) if model_format else "language" if is_language else "inference"
    lead, *others = (item.metric for item in HEADLINES[kind])
    return found.get(lead), others
