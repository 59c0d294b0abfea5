"""From the store's rows to the devices × models table: the one thing that page, terminal and API show."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from edgeprof.tables import headline
from edgeprof.wire import rest
from edgeprof.wire.messages import Result, RunConfig
from edgeprof.wire.metrics import METRICS
from edgeprof_hub.cost import costs, fleet_scenario
from edgeprof_hub.cost.price_moment import Prices, hub_prices
from edgeprof_hub.cost.scenario import Scenario
from edgeprof_hub.matrix import alternatives, labels, ranking
from edgeprof_hub.quality.cells import KnownQuality, known_quality, with_quality
from edgeprof_hub.replacing import replaced
from edgeprof_hub.store.base import ReadStore
from edgeprof_hub.store.reader import SqliteReader
from edgeprof_hub.store.records import CellRow, ColumnRow
from edgeprof_hub.store.standing import StandingRow


@dataclass(frozen=True)
class MatrixAxes:
    """Every device and every column that there is, in the order of the matrix."""

    devices: tuple[rest.DeviceRecord, ...]
    columns: tuple[rest.Column, ...]
    models: Mapping[str, rest.ModelRecord]
    configs: Mapping[str, RunConfig]


@dataclass(frozen=True)
class MatrixPart:
    """A part of the matrix. `shown` has its devices and columns only; `compared` has all variants of its families.

    The marks of both rest on all cells that a figure competes with, in the part or outside of it.
    """

    shown: rest.CompareTable
    compared: rest.CompareTable


@dataclass(frozen=True)
class _Source:
    """One row of the cell table with all that it points at."""

    row: CellRow
    device: rest.DeviceRecord
    model: rest.ModelRecord
    stored: rest.StoredResult | None
    job_note: str

    @property
    def result(self) -> Result | None:
        return self.stored.result if self.stored else None


def axes(store: ReadStore) -> MatrixAxes:
    """What the matrix is spanned by."""
    models = {model.model_id: model for model in store.models()}
    rows = [row for row in store.columns() if row.model_id in models]
    return MatrixAxes(
        devices=tuple(sorted(store.devices(), key=lambda device: (device.emulated, device.label))),
        columns=tuple(sorted((_column(models[row.model_id], row) for row in rows), key=_column_order)),
        models=models,
        configs={row.config_key: row.config for row in rows},
    )


def build(store: SqliteReader, now_s: float) -> rest.CompareTable:
    """The whole table as it stands."""
    found = axes(store)
    return part_of(store, found, found.devices, found.columns, now_s).shown


def part_of(
    store: SqliteReader,
    found: MatrixAxes,
    devices: Sequence[rest.DeviceRecord],
    columns: Sequence[rest.Column],
    now_s: float,
    metrics: Collection[str] | None = None,
    prices: Prices | None = None,
    *,
    across_devices: bool = True,
) -> MatrixPart:
    """These devices and columns, in this order. `metrics`: those that are ranked; None: all. `prices`: not today's.

    `across_devices`: rank each column over all devices, too. In a large fleet this reads every device's figures.
    """
    device_ids = {device.device_id for device in devices}
    keys = {key_of(column) for column in columns}
    families = {column.family for column in columns}
    compared = [column for column in found.columns if column.family in families]
    sources = _sources(store, found, store.cells(device_ids=sorted(device_ids), columns=[*map(key_of, compared)]))
    scenario = fleet_scenario.read(store.fleet_scenario())
    used = prices or hub_prices(store, found.models.values(), now_s)
    measured = labels.with_versions([_cell(source, scenario, used) for source in sources])
    known = known_quality(store, compared)
    cells = with_quality(store, known, measured, devices)
    far = _far(store, found, cells, keys, metrics, known) if across_devices else ()
    marks = ranking.marks(
        cells, compared, found.configs, _soaks_s(sources), metrics, far, across_devices=across_devices
    )
    near = tuple(replaced(cell, marks=marks.get(ranking.key_of(cell), ())) for cell in cells)
    seen = tuple(cell for cell in near if (cell.model_id, cell.config_key) in keys)
    shown = rest.CompareTable(
        hub_id=store.hub_id(),
        generated_s=now_s,
        devices=tuple(devices),
        columns=tuple(columns),
        cells=seen,
        cost_note=costs.note(seen, scenario, used),
        synthetic=store.is_synthetic(),
        recorded=store.recorded(),
    )
    return MatrixPart(shown, replace(shown, columns=tuple(compared), cells=near))


def key_of(column: rest.Column) -> tuple[str, str]:
    """Model and configuration: what tells columns apart."""
    return (column.model_id, column.config_key)


def _sources(store: ReadStore, found: MatrixAxes, rows: Iterable[CellRow]) -> list[_Source]:
    devices = {device.device_id: device for device in found.devices}
    return [
        _Source(
            row=row,
            device=devices[row.device_id],
            model=found.models[row.model_id],
            stored=_newest(row),
            job_note=_job_note(store, row),
        )
        for row in rows
        if row.device_id in devices and row.model_id in found.models
    ]


def _newest(row: CellRow) -> rest.StoredResult | None:
    """The result that the cell shows: none where a newer job ended without one, or old figures would pass as new."""
    stored = row.stored
    return None if labels.ended_without_result(row, stored.result if stored else None) else stored


def _soaks_s(sources: Iterable[_Source]) -> dict[ranking.CellKey, float]:
    """The soak that each cell's run requested: part of the protocol, not of the configuration."""
    return {
        (source.row.device_id, source.row.model_id, source.row.config_key): source.result.protocol.soak_s
        for source in sources
        if source.result is not None
    }


def _job_note(store: ReadStore, row: CellRow) -> str:
    """The device's reason for rejecting a job; read only where no result has more detail."""
    if row.job_state != "failed" or row.job_id is None:
        return ""
    job = store.job(row.job_id)
    return job.note if job else ""


def _column_order(column: rest.Column) -> tuple[str | int, ...]:
    return (
        column.family.lower(),
        column.format,
        column.quantization,
        column.model_name,
        column.runtime,
        column.threads,
        column.config_key,
    )


def _column(model: rest.ModelRecord, row: ColumnRow) -> rest.Column:
    return rest.Column(
        model_id=model.model_id,
        config_key=row.config_key,
        model_name=model.shown_name,
        family=model.family,
        variant=model.variant,
        quantization=model.quantization,
        format=model.format,
        task=model.task,
        runtime=row.config.runtime,
        threads=row.config.threads,
        size_mib=model.size_bytes / 2**20,
        options=labels.options_of(row.config, model),
        work=ranking.work_of(row.config),
    )


def _cell(source: _Source, scenario: Scenario, prices: Prices) -> rest.Cell:
    row, result = source.row, source.result
    code, message = labels.failure_of(result)
    if labels.ended_without_result(row, result):
        code, message = None, source.job_note or "The device rejected the job without a reason."
    reason = labels.unranked_reason(source.device, result)
    state, stale = labels.cell_state(row, result), labels.stale_reason(source.device, result)
    priced = costs.cost_of(source.device, source.model, result, scenario, prices) if result else None
    return rest.Cell(
        device_id=row.device_id,
        model_id=row.model_id,
        config_key=row.config_key,
        state="stale" if state == "measured" and stale else state,
        result_id=result.result_id if result else None,
        metrics={metric.metric: metric for metric in result.metrics} if result else {},
        absent=_absent(result, source.model),
        failure_code=code,
        failure_message=message,
        stage=_stage(row, result),
        fraction=row.fraction,
        ranked=reason is None,
        unranked_reason=reason,
        effective_runtime=_effective_runtime(result),
        received_s=source.stored.received_s if source.stored else None,
        cost=priced if isinstance(priced, rest.CostView) else None,
        cost_absent=priced if isinstance(priced, str) else None,
        notes=(*((stale,) if stale else ()), *labels.notes_of(result, source.model)) if result else (),
        trust=result.trust if result else None,
        noise_floor=result.noise_floor if result else None,
        noise_floors=result.noise_floors if result else (),
        job_id=row.shown_job_id,
        campaign_id=row.campaign_id,
    )


def _stage(row: CellRow, result: Result | None) -> str | None:
    """Where a failed run failed, or where an open job is."""
    if labels.cell_state(row, result) == "failed" and result and result.failure:
        return result.failure.stage
    return row.stage or None


def _absent(result: Result | None, model: rest.ModelRecord) -> dict[str, str]:
    """Every missing headline figure of a measured run has a reason, if only that none was given."""
    if result is None or result.status != "measured":
        return {}
    known = {metric.metric for metric in result.metrics}
    given = {absent.metric: labels.short_reason(absent.reason) for absent in result.absent}
    wanted = headline.metric_names(model.format)
    return {**{name: labels.NO_REASON for name in wanted if name not in known}, **given}


def _effective_runtime(result: Result | None) -> str | None:
    if result is None or result.effective is None:
        return None
    return f"{result.effective.runtime} {result.effective.runtime_version}"


def _far(
    store: ReadStore,
    found: MatrixAxes,
    cells: Sequence[rest.Cell],
    keys: Collection[tuple[str, str]],
    metrics: Collection[str] | None,
    known: KnownQuality,
) -> Iterator[ranking.UnshownFigure]:
    """Figures of these columns on the devices that have no cell here: a column is ranked among all of them."""
    near = {cell.device_id for cell in cells}
    devices = {device.device_id: device for device in found.devices if device.device_id not in near}
    rows = store.standings(sorted(keys)) if devices else ()

    def fails_gate(row: StandingRow) -> bool:
        ran = row.standing.effective
        runtime = f"{ran.runtime} {ran.runtime_version}" if ran else ""
        return known.gate(devices.get(row.device_id), row.model_id, row.config_key, runtime)[0] == "fails"

    return alternatives.rivals(
        rows, devices, METRICS if metrics is None else metrics, fails_gate if known.verdicts.gates else None
    )
