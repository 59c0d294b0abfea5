"""All results as flat lines, one for each figure, streamed in the order in which they came: memory stays flat."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Literal

from edgeprof.tables import figures
from edgeprof.tables.export import Value, defused
from edgeprof.wire import rest
from edgeprof.wire.metrics import METRICS
from edgeprof_hub.store.base import ReadStore
from edgeprof_hub.store.trouble import Rotten

Format = Literal["csv", "ndjson"]
MEDIA: Mapping[Format, str] = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}
AT_ONCE = 200
"""Results that are read, written and let go together."""
COLUMNS = (
    *("seq", "received_s", "result_id", "device_id", "device", "model_id", "model", "family", "format"),
    *("quantization", "task", "config_key", "runtime", "runtime_version", "threads", "provider"),
    *("status", "failure_code", "emulated", "replayed", "trust", "agent_version"),
    *("metric", "value", "unit", "ci_low", "ci_high", "n", "origin", "scope"),
    *("evaluation_set", "evaluation_set_id"),
)
"""`seq`: the hub's own number of a result, rising; whoever has a part of the lines goes on after its last one."""

Line = tuple[Value, ...]


def text(store: ReadStore, kind: Format, after: int) -> Iterator[bytes]:
    """The whole export as text, piece by piece: a line of heads in CSV, an object a line in NDJSON.

    Damaged results are left out. Where there was one, Rotten is raised after the last whole result.
    """
    if kind == "csv":
        yield _csv([COLUMNS])
    damages: list[Rotten] = []
    for lines in _batches(store, after, damages):
        yield _csv(lines) if kind == "csv" else _ndjson(lines)
    if damages:
        raise damages[0]


def _csv(lines: list[Line]) -> bytes:
    """With texts that a spreadsheet would run as formulas made harmless."""
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\r\n").writerows([[_safe(value) for value in line] for line in lines])
    return stream.getvalue().encode()


def _safe(value: Value) -> Value:
    """In one line, so that a cut-off file can be continued line by line."""
    return defused(figures.clean(value) if isinstance(value, str) else value)


def _ndjson(lines: list[Line]) -> bytes:
    texts = (json.dumps(dict(zip(COLUMNS, line, strict=True)), ensure_ascii=False, allow_nan=False) for line in lines)
    return "".join(f"{one}\n" for one in texts).encode()


def _batches(store: ReadStore, after: int, damages: list[Rotten]) -> Iterator[list[Line]]:
    devices = {device.device_id: device.label for device in store.devices(retired=True)}
    models = {model.model_id: model for model in store.models()}
    while found := store.results_after(after, AT_ONCE):
        damages += [each for _, each in found if isinstance(each, Rotten)]
        whole = [(seq, each) for seq, each in found if not isinstance(each, Rotten)]
        yield [line for seq, stored in whole for line in _lines(seq, stored, devices, models)]
        after = found[-1][0]


def _lines(
    seq: int, stored: rest.StoredResult, devices: Mapping[str, str], models: Mapping[str, rest.ModelRecord]
) -> Iterator[Line]:
    result, model, ran = stored.result, models.get(stored.result.model_id), stored.result.effective
    badge = None if result.trust is None else " ".join(mark.cause for mark in result.trust.marks) or "clean"
    head: Line = (
        *(seq, stored.received_s, result.result_id, result.device_id, devices.get(result.device_id)),
        *(result.model_id, model.name if model else result.model_name, model.family if model else None),
        *((model.format, model.quantization, model.task) if model else (None, None, None)),
        *(result.config_key, ran.runtime if ran else result.config.runtime, ran.runtime_version if ran else None),
        *(ran.threads if ran else None, ran.provider if ran else result.config.provider),
        *(result.status, result.failure.code if result.failure else None, result.emulated, result.replayed),
        *(badge, result.agent_version),
    )
    asked: Line = (result.evaluation.set_name if result.evaluation else None, result.config.evaluation_set or None)
    for row in result.metrics:
        unit = METRICS[row.metric].unit if row.metric in METRICS else None
        yield (*head, row.metric, row.value, unit, row.ci_low, row.ci_high, row.n, row.origin, row.scope, *asked)
    if not result.metrics:
        yield (*head, *(None,) * 8, *asked)
