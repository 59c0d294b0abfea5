"""The comparison page's context: the matrix with its lead metric, footnotes, charts and the sentence above it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from edgeprof.tables import allowances, figures, trust
from edgeprof.tables.headline import HEADLINES, Kind, kind_of
from edgeprof.tables.view import ALLOWANCE, Notes, column_labels, same_threads, threads_text
from edgeprof.wire import rest
from edgeprof.wire.metrics import METRICS
from edgeprof_hub.matrix import pareto
from edgeprof_hub.matrix.answers import Answer, answers
from edgeprof_hub.matrix.distance import distances, places
from edgeprof_hub.matrix.ranking import CellKey
from edgeprof_hub.matrix.table import MatrixPart
from edgeprof_hub.matrix.window import HEADLINE, PageWindow, sort_key
from edgeprof_hub.views import charts, matrix_cell, pareto_view
from edgeprof_hub.views.matrix_cell import CellView
from edgeprof_hub.views.recent_runs import RecentRun

DISTANCE, RANK = COLOURS = ("distance", "rank")
MAX_DRAWN = 80
TOO_MANY_TO_DRAW = f"No chart: it would have more than {MAX_DRAWN} points. Search for fewer devices or models."
PICKED = (
    *("latency_p50_ms", "latency_p95_ms", "latency_p99_ms", "throughput_per_s"),
    *("prefill_tokens_per_s", "decode_tokens_per_s", "ttft_ms", "inter_token_p50_ms"),
    *("peak_memory_mib", "energy_per_inference_j", "energy_per_token_j", "average_power_w"),
    *("load_ms", "first_inference_ms", "runtime_import_ms"),
)
"""What the picker offers where at least one cell has it."""


@dataclass(frozen=True)
class _Shading:
    """What cells are shaded by."""

    distances: dict[CellKey, float]
    places: dict[CellKey, tuple[int, int]]


@dataclass(frozen=True)
class MetricLink:
    """One link of the metric picker."""

    metric: str
    title: str
    meaning: str
    chosen: bool


@dataclass(frozen=True)
class ColumnHead:
    """A column's head: a variant of a family in one requested configuration."""

    column: rest.Column
    title: str
    about: str
    sort_key: str


@dataclass(frozen=True)
class Family:
    """Columns that stand under one family's name."""

    name: str
    columns: tuple[ColumnHead, ...]


@dataclass(frozen=True)
class DeviceRow:
    """One device and its cells, in the order of the columns."""

    device: rest.DeviceRecord
    cells: tuple[CellView, ...]


@dataclass(frozen=True)
class Comparison:
    """All that the page and its live part show."""

    table: rest.CompareTable
    window: PageWindow
    is_empty: bool
    sentence: str
    answers: tuple[Answer, ...]
    metric: str
    choices: tuple[MetricLink, ...]
    families: tuple[Family, ...]
    rows: tuple[DeviceRow, ...]
    notes: tuple[str, ...]
    threads_note: str
    allowance: str
    widened: str
    meanings: dict[str, str]
    legend: frozenset[str]
    charts: tuple[charts.Chart, ...]
    planes: tuple[pareto_view.Plane, ...]
    axes: Mapping[str, pareto.Axis]
    undrawn: str
    can_be_ticked: bool
    idle_models: tuple[rest.ModelRecord, ...]
    agent_line: str
    recent_runs: tuple[RecentRun, ...] = ()
    variants: tuple[rest.ModelRecord, ...] = ()
    """The models of the one family that the page is about, if it is about one."""


def shown_metric(requested: str) -> str:
    """The requested metric; an unknown one is the headline."""
    return requested if requested in METRICS else HEADLINE


def ranked_metrics(metric: str) -> frozenset[str]:
    """What must be ranked for the page: the figures shown large, and those that the answer is about."""
    leads = {lead_metric(shown, kind) for kind in HEADLINES for shown in (metric, HEADLINE)}
    return frozenset(leads)


def comparison(
    part: MatrixPart,
    window: PageWindow,
    idle_models: Sequence[rest.ModelRecord],
    metric: str,
    agent_line: str,
    is_empty: bool,
) -> Comparison:
    """The page of a part of the matrix. `idle_models`: those that were never run; `is_empty`: no device is known."""
    table = _unmarked(part.shown) if part.shown.synthetic else part.shown
    notes = Notes()
    cells = {(cell.device_id, cell.model_id, cell.config_key): cell for cell in table.cells}
    shading = _shading(part.compared, window.query.colour, metric)
    rows = tuple(_row(device, table.columns, cells, metric, notes, shading) for device in table.devices)
    threads = same_threads(table.columns)
    leads = [lead_metric(metric, kind) for kind in HEADLINES]
    drawn = charts.of_table(table, leads)
    can_be_read = all(len(chart.points) <= MAX_DRAWN for chart in drawn)
    return Comparison(
        table=table,
        window=window,
        is_empty=is_empty,
        sentence=sentence(table, window),
        answers=answers(part.compared),
        metric=metric,
        choices=_choices(table, metric),
        families=_families(table.columns),
        rows=rows,
        notes=tuple(notes.texts),
        threads_note="" if threads is None else f"All runs requested {threads_text(threads)}.",
        allowance=ALLOWANCE,
        widened=allowances.legend(table, leads),
        meanings=_meanings(table),
        legend=frozenset(
            (
                *(sign for row in rows for cell in row.cells for sign in cell.signs),
                *("cloud" for row in rows if row.device.is_endpoint),
            )
        ),
        charts=drawn if can_be_read else (),
        can_be_ticked=sum(cell.lead is not None for row in rows for cell in row.cells) > 1,
        planes=() if table.synthetic else pareto_view.planes(table, leads, window.query.against),
        axes=pareto.AGAINST,
        undrawn="" if can_be_read else TOO_MANY_TO_DRAW,
        idle_models=tuple(idle_models),
        agent_line=agent_line,
    )


def _unmarked(table: rest.CompareTable) -> rest.CompareTable:
    """Of a made-up fleet nothing is best, nor shown to differ."""
    return replace(table, cells=tuple(replace(cell, marks=()) for cell in table.cells))


def _shading(table: rest.CompareTable, colour: str, metric: str) -> _Shading:
    def metric_of(kind: Kind) -> str:
        return lead_metric(metric, kind)

    if colour == DISTANCE:
        return _Shading(distances(table.cells, table.columns, metric_of), {})
    return _Shading({}, places(table.cells, table.columns, metric_of) if colour == RANK else {})


def _meanings(table: rest.CompareTable) -> dict[str, str]:
    """What each cause of a badge means, by the name that the badge shows."""
    shown = [cell for cell in table.cells if cell.metrics and cell.state != "failed"]
    return {trust.named(cause): meaning for cause, meaning in trust.meanings_of(shown).items()}


def lead_metric(metric: str, kind: Kind) -> str:
    """The metric that a cell of this kind shows large."""
    return HEADLINES[kind][0].metric if metric == HEADLINE else metric


def sentence(table: rest.CompareTable, window: PageWindow) -> str:
    """What has been measured, counted; of a part of the matrix, it says of what."""
    models = len({column.model_id for column in table.columns})
    played = Counter(device.played for device in table.devices if device.played)
    states = [cell.state for cell in table.cells]
    counts = [
        f"{states.count(state)} {word}"
        for state, word in (
            ("measured", "measured"),
            ("stale", "stale"),
            ("failed", "failed"),
            ("running", "running"),
            ("queued", "queued"),
        )
        if states.count(state)
    ]
    kinds = ", ".join(f"{count} {word}" for word, count in sorted(played.items()))
    aside = f" ({kinds})" if kinds else ""
    devices = len(table.devices)
    matching = "matching " if window.query.is_search else ""
    all_of = "" if window.is_whole else f" Shown: {devices} of {window.device_page.of} {matching}devices and "
    all_of += "" if window.is_whole else f"{len(table.columns)} of {window.column_page.of} {matching}variants."
    return (
        f"{models} model{'s' * (models != 1)} on {devices} device{'s' * (devices != 1)}{aside}: "
        f"{', '.join(counts) or 'nothing measured yet'}.{all_of}"
    )


def _choices(table: rest.CompareTable, metric: str) -> tuple[MetricLink, ...]:
    there = {name for cell in table.cells for name in cell.metrics}
    offered = [name for name in PICKED if name in there or name == metric]
    first = MetricLink(HEADLINE, "Headline", "p50 latency, or decode rate for language models", metric == HEADLINE)
    return (
        first,
        *(MetricLink(name, METRICS[name].title, METRICS[name].meaning, name == metric) for name in offered),
    )


def _families(columns: Sequence[rest.Column]) -> tuple[Family, ...]:
    labels = column_labels(columns)
    return tuple(
        Family(name, tuple(_head(column, labels[column]) for column in group))
        for name, group in groupby(columns, key=lambda column: column.family)
    )


def _head(column: rest.Column, label: str) -> ColumnHead:
    title = column.model_name if column.model_name != column.family else column.quantization
    runtime = label.removeprefix(figures.clean(f"{column.model_name} · "))
    return ColumnHead(column, title, f"{column.format} {column.quantization} · {runtime}", sort_key(column))


def _row(
    device: rest.DeviceRecord,
    columns: Sequence[rest.Column],
    cells: dict[tuple[str, str, str], rest.Cell],
    metric: str,
    notes: Notes,
    shading: _Shading,
) -> DeviceRow:
    def view(column: rest.Column) -> CellView:
        key = (device.device_id, column.model_id, column.config_key)
        kind = kind_of(column.format)
        made = matrix_cell.cell_view(cells.get(key), kind, lead_metric(metric, kind), notes)
        if key in shading.distances or key in shading.places:
            return replace(made, distance=shading.distances.get(key), place=shading.places.get(key))
        return made

    return DeviceRow(device, tuple(map(view, columns)))
