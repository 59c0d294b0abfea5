"""Every evaluation with its gate, its drift, and the speed and cost of the same set-up: rows for terminal and REST."""

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from edgeprof.statistics.paired_power import smallest_difference
from edgeprof.tables.headline import HEADLINES, kind_of
from edgeprof.wire import rest
from edgeprof_hub.matrix import table
from edgeprof_hub.quality.cells import Verdicts, architecture_of, verdicts_of
from edgeprof_hub.quality.correct import correct_cost, is_same_runtime, share_of_right
from edgeprof_hub.store.reader import SqliteReader


def quality_rows(store: SqliteReader, family: str = "", limit: int = 1000) -> list[rest.QualityRow]:
    """The newest evaluation of each set-up on each device, by family, set, variant and device. `family` empty: all."""
    models = {model.model_id: model for model in store.models() if family in ("", model.family)}
    asked = [(model_id, set_id, shots) for model_id, set_id, shots, _ in store.evaluations.counts(sorted(models))]
    found = store.evaluations.latest(asked)[-limit:]
    known = verdicts_of(store, sorted({models[one.model_id].family for one in found}))
    axes = table.axes(store)
    devices = {device.device_id: device for device in axes.devices}
    columns = {(column.model_id, column.config_key): column for column in axes.columns}
    cells = _cells(store, axes, found)
    rows = [
        _row(one, models[one.model_id], devices.get(one.device_id), known)
        if (column := columns.get((one.model_id, one.base_key))) is None
        or (cell := cells.get((one.device_id, one.model_id, one.base_key))) is None
        else _with_speed(_row(one, models[one.model_id], devices.get(one.device_id), known), one, cell, column)
        for one in found
    ]
    return sorted(
        rows,
        key=lambda row: (
            row.family.lower(),
            row.set_name,
            row.shots,
            row.variant,
            row.runtime,
            row.device,
            row.result_id,
        ),
    )


def _cells(
    store: SqliteReader, axes: table.MatrixAxes, found: Sequence[rest.EvaluationRecord]
) -> dict[rest.CellKey, rest.Cell]:
    """The cells with the speed of these set-ups."""
    devices = {one.device_id for one in found}
    keys = {(one.model_id, one.base_key) for one in found}
    part = table.part_of(
        store,
        axes,
        [device for device in axes.devices if device.device_id in devices],
        [column for column in axes.columns if table.key_of(column) in keys],
        time.time(),
        metrics=(),
    )
    return {(cell.device_id, cell.model_id, cell.config_key): cell for cell in part.shown.cells}


def _row(
    one: rest.EvaluationRecord, model: rest.ModelRecord, device: rest.DeviceRecord | None, known: Verdicts
) -> rest.QualityRow:
    assert one.value is not None
    architecture = one.architecture or architecture_of(device)
    place = (one.model_id, one.runtime, architecture)
    gate, sentences = (None, ()) if one.unreal else known.of(model.family, place, one.base_key, model.shown_name)
    drift, sentence = known.drifts.get(one.result_id, (None, ""))
    return rest.QualityRow(
        device_id=one.device_id,
        device=device.label if device else one.device_id,
        model_id=one.model_id,
        family=model.family,
        variant=model.shown_name,
        quantization=model.quantization,
        runtime=one.runtime,
        architecture=architecture,
        set_id=one.set_id,
        set_name=one.set_name,
        shots=one.shots,
        result_id=one.result_id,
        metric=one.metric or "",
        value=one.value,
        ci_low=one.ci_low,
        ci_high=one.ci_high,
        n=one.answered,
        unreal=one.unreal,
        smallest_difference=smallest_points(one.groups or one.answered) if share_of_right(one) else None,
        gate=gate,
        gate_sentences=sentences,
        drift=drift,
        drift_sentence=sentence,
    )


def _with_speed(
    row: rest.QualityRow, one: rest.EvaluationRecord, cell: rest.Cell, column: rest.Column
) -> rest.QualityRow:
    """With the headline figure of the cell, as far as it was measured in the row's runtime, and the cost of answers."""
    if not is_same_runtime(cell, one):
        return row
    metric = HEADLINES[kind_of(column.format)][0].metric
    measured = cell.metrics.get(metric)
    cost = None if one.unreal else cell.cost
    return replace(
        row,
        speed_metric=metric,
        speed=measured.value if measured else None,
        usd=cost.edge_usd if cost else None,
        usd_unit=cost.unit if cost else "",
        correct=None if one.unreal else correct_cost(cell, one),
    )


@lru_cache(maxsize=4096)
def smallest_points(n: int) -> float | None:
    """In points, of a share on `n` items; None where they show nothing. Two models differ on no more items than needed.

    >>> round(smallest_points(500), 1)
    1.3
    """
    found = smallest_difference(n, 0.0) if n else None
    return None if found is None else 100 * found
