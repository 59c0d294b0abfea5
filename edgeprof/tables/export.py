"""The comparison for programs: CSV (one line a cell and metric) and JSON (the API's own document)."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import asdict

from edgeprof.tables import trust
from edgeprof.wire import rest
from edgeprof.wire.metrics import METRICS

HEADER = (
    *("device_id", "device", "emulated", "online"),
    *("model_id", "model", "family", "variant", "quantization", "format", "runtime", "threads", "config_key"),
    *("state", "failure_code", "failure_message"),
    *("metric", "value", "unit", "ci_low", "ci_high", "n", "origin", "scope", "reason", "ranked", "received_s"),
    *("trust", "trust_reasons"),
)

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")

Value = str | int | float | bool | None


def render_json(table: rest.CompareTable) -> str:
    """The document that `GET /api/v1/compare` answers, indented."""
    return json.dumps(asdict(table), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def render_csv(table: rest.CompareTable) -> str:
    """One line for each cell and metric; a failed cell has one line.

    `reason`: why a metric has no figure, or its figure no interval.
    """
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(HEADER)
    devices = {device.device_id: device for device in table.devices}
    columns = {(column.model_id, column.config_key): column for column in table.columns}
    for cell in table.cells:
        column = columns[(cell.model_id, cell.config_key)]
        for line in _lines(cell):
            writer.writerow([defused(value) for value in (*_head(devices[cell.device_id], column, cell), *line)])
    return stream.getvalue()


def defused(value: Value) -> Value:
    """A text that a spreadsheet would run as a formula gets an apostrophe before it (OWASP, CSV injection)."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value


def _head(device: rest.DeviceRecord, column: rest.Column, cell: rest.Cell) -> tuple[Value, ...]:
    return (
        *(device.device_id, device.label, device.emulated, device.online),
        *(column.model_id, column.model_name, column.family, column.variant, column.quantization),
        *(column.format, column.runtime, column.threads, column.config_key),
        *(cell.state, cell.failure_code, cell.failure_message),
    )


def _lines(cell: rest.Cell) -> Iterator[tuple[Value, ...]]:
    tail = (cell.ranked, cell.received_s, *_trust(cell))
    for name, row in cell.metrics.items():
        unit = METRICS[name].unit if name in METRICS else ""
        figure = (row.value, unit, row.ci_low, row.ci_high, row.n, row.origin, row.scope)
        yield (name, *figure, row.no_interval, *tail)
    for name, reason in cell.absent.items():
        yield (name, *(None,) * 7, reason, *tail)
    yield from _quality_lines(cell, tail)
    yield from _cost_lines(cell, tail)
    if not cell.metrics and not cell.absent:
        yield (*(None,) * 9, *tail)


def _trust(cell: rest.Cell) -> tuple[str | None, str | None]:
    """`clean`, the causes with spaces between, or `not_checked`; and a sentence for each. Nothing for no figures."""
    if not cell.metrics:
        return None, None
    if cell.trust is None:
        return "not_checked", None
    return " ".join(mark.cause for mark in cell.trust.marks) or "clean", " ".join(trust.reasons(cell.trust)) or None


def _quality_lines(cell: rest.Cell, tail: tuple[Value, ...]) -> Iterator[tuple[Value, ...]]:
    """The figure of the family's lead set, and the gate. `scope` is the set, `reason` the verdict and why."""
    quality = cell.quality
    if quality is None:
        return
    shots = f", {quality.shots} shots" if quality.shots else ""
    scope = f"{quality.set_name}{shots}" or None
    if quality.value is not None:
        unit = METRICS[quality.metric].unit if quality.metric in METRICS else ""
        figure = (quality.value, unit, quality.ci_low, quality.ci_high, quality.n, "measured", scope)
        yield (quality.metric, *figure, None, *tail)
    if quality.gate is not None:
        yield ("quality_gate", *(None,) * 6, scope, ": ".join([quality.gate, " ".join(quality.gate_sentences)]), *tail)
    if quality.drift is not None:
        yield ("quality_drift", *(None,) * 6, scope, f"{quality.drift}: {quality.drift_sentence}", *tail)


def _cost_lines(cell: rest.Cell, tail: tuple[Value, ...]) -> Iterator[tuple[Value, ...]]:
    cost = cell.cost
    if cost is None:
        if cell.metrics:
            yield ("edge_cost", *(None,) * 7, cell.cost_absent, *tail)
        return
    unit = f"USD per {cost.unit}"
    prices = (
        f"price catalogue {cost.catalogue_sha256}, token prices of {cost.priced_at}" if cost.catalogue_sha256 else None
    )
    yield ("edge_cost", cost.edge_usd, unit, None, None, None, "modelled", f"{cost.per_day:g} a day", prices, *tail)
    yield ("cloud_cost", cost.cloud_usd, unit, None, None, None, "entered", cost.cloud_name, cost.cloud_basis, *tail)
