"""The comparison page's context: the matrix with its lead metric, footnotes, charts and the sentence above it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby

from markupsafe import Markup, escape

from edgeprof.tables import allowances, figures, trust
from edgeprof.tables.headline import HEADLINES, Kind, kind_of
from edgeprof.tables.setups.names import threads_text
from edgeprof.tables.view import ALLOWANCE, Notes, column_labels, same_threads
from edgeprof.wire import identity, rest
from edgeprof.wire.messages import RunConfig
from edgeprof.wire.metrics import METRICS
from edgeprof_hub.matrix import pareto
from edgeprof_hub.matrix.answer_cards import PastRuns, answer_cards
from edgeprof_hub.matrix.distance import distances, places
from edgeprof_hub.matrix.ranking import CellKey
from edgeprof_hub.matrix.table import MatrixPart
from edgeprof_hub.matrix.window import HEADLINE, MatrixQuery, PageWindow, sort_key
from edgeprof_hub.prediction.cells import PredictedCells
from edgeprof_hub.views import interval_bar, matrix_cell, pareto_view
from edgeprof_hub.views.answer_view import AnswerView, answer_view
from edgeprof_hub.views.cell_badge import OF_THE_ROW
from edgeprof_hub.views.cell_figures import CHOICES, Choice
from edgeprof_hub.views.interval_bar import Bar
from edgeprof_hub.views.matrix_cell import CellView
from edgeprof_hub.views.recent_runs import RecentRun

MAX_IDLE = 12
"""Names of models that were never run; the flash page has all of them."""
DISTANCE, RANK = COLOURS = ("distance", "rank")
SYNTHETIC = "No pick: nothing here was measured. Every device, model and result is synthetic."
PICKED = (
    *("latency_p50_ms", "latency_p95_ms", "latency_p99_ms", "throughput_per_s"),
    *("prefill_tokens_per_s", "decode_tokens_per_s", "ttft_ms", "inter_token_p50_ms"),
    *("peak_memory_mib", "energy_per_inference_j", "energy_per_token_j", "average_power_w"),
    *("load_ms", "first_inference_ms", "runtime_import_ms"),
)
"""What the picker offers where at least one cell has it."""


@dataclass(frozen=True)
class Source:
    """What the page reads besides the matrix: runs of cells, predictions, and groups of devices."""

    past_runs: PastRuns
    predicted: PredictedCells = field(default_factory=lambda: {})
    predicted_configs: Mapping[str, str] = field(default_factory=lambda: {})
    """By model id the configuration that its predictions are of; of a model not in it, the default one."""
    groups: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Drawn:
    """What cells are shaded by, and their bars."""

    distances: dict[CellKey, float]
    places: dict[CellKey, tuple[int, int]]
    bars: dict[CellKey, Bar]


@dataclass(frozen=True)
class AnswersView:
    """The cards above the matrix, and what stands there where they say less: `sentence`. `more`: cards not shown."""

    cards: tuple[AnswerView, ...] = ()
    more: int = 0
    of: int = 0
    sentence: str = ""


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

    @cached_property
    def full_name(self) -> Markup:
        """Both in one line, escaped once for all cells below."""
        return escape(f"{self.title} · {self.about}")


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
    runnable: tuple[str, ...] = ()
    """Cells that nobody has run and that the device could, as a form sends them."""


@dataclass(frozen=True)
class Comparison:
    """All that the page and its live part show."""

    table: rest.CompareTable
    window: PageWindow
    is_empty: bool
    sentence: str
    answers: AnswersView
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
    planes: tuple[pareto_view.Plane, ...]
    axes: Mapping[str, pareto.Axis]
    axis_x: str
    axis_y: str
    picker: Mapping[str, Choice]
    can_be_ticked: bool
    idle_models: tuple[rest.ModelRecord, ...]
    idle_more: int
    agent_line: str
    groups: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
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
    source: Source,
    *,
    is_empty: bool,
) -> Comparison:
    """The page of a part of the matrix. `idle_models`: those that were never run; `is_empty`: no device is known."""
    table = _unmarked(part.shown) if part.shown.synthetic else part.shown
    query = window.query
    notes = Notes()
    rows = _rows(table, query, metric, notes, _drawn(part.compared, query.colour, metric), source)
    threads = same_threads(table.columns)
    leads = [lead_metric(metric, kind) for kind in HEADLINES]
    axis_x, axis_y = axes_of(query)
    speeds = leads if metric != pareto.MEMORY else [lead_metric(HEADLINE, kind) for kind in HEADLINES]
    return Comparison(
        table=table,
        window=window,
        is_empty=is_empty,
        sentence=sentence(table, window),
        answers=_answers(part.compared, source, query),
        metric=metric,
        choices=_choices(table, metric),
        families=_families(table.columns),
        rows=rows,
        notes=tuple(notes.texts),
        threads_note="" if threads is None else f"All runs requested {threads_text(threads)}.",
        allowance=ALLOWANCE,
        widened=allowances.legend(table, leads),
        meanings=_meanings(table),
        legend=_legend(rows),
        can_be_ticked=sum(cell.lead is not None for row in rows for cell in row.cells) > 1,
        planes=() if table.synthetic else pareto_view.planes(table, speeds, axis_x, axis_y),
        axes=pareto.AXES,
        axis_x=axis_x,
        axis_y=axis_y,
        picker=CHOICES,
        idle_models=tuple(idle_models[:MAX_IDLE]),
        idle_more=max(0, len(idle_models) - MAX_IDLE),
        agent_line=agent_line,
        groups=source.groups,
        tasks=source.tasks,
    )


def axes_of(query: MatrixQuery) -> tuple[str, str]:
    """The words of both axes of the planes; two equal ones would be a line, so the second one gives way."""
    x = query.x if query.x in pareto.AXES else pareto.DEFAULT_X
    y = query.against if query.against in pareto.AXES else pareto.DEFAULT_Y
    if x == y:
        y = pareto.DEFAULT_Y if x != pareto.DEFAULT_Y else pareto.DEFAULT_X
    return x, y


def _answers(table: rest.CompareTable, source: Source, query: MatrixQuery) -> AnswersView:
    found = answer_cards(table, source.past_runs, all_of_them=query.cards == "all")
    if found.is_synthetic:
        return AnswersView(sentence=SYNTHETIC)
    cards = tuple(answer_view(card, number) for number, card in enumerate(found.cards, 1))
    sentence = ""
    if found.played:
        verb = "has" if found.played == 1 else "have"
        noun = f"{found.played} emulated or replayed device{'s' * (found.played != 1)}"
        sentence = f"{noun} {verb} no card: times that another machine produced are never ranked."
    return AnswersView(cards, found.of - len(cards), found.of, sentence if table.cells else "")


def _legend(rows: Sequence[DeviceRow]) -> frozenset[str]:
    """What is shown and needs a word."""
    signs = {sign for row in rows for cell in row.cells for sign in cell.signs if sign not in ("clean", "doubt")}
    signs |= {cell.badge.kind for row in rows for cell in row.cells if cell.badge}
    signs |= {"bar" for row in rows for cell in row.cells if cell.bar}
    signs |= {"log" for row in rows for cell in row.cells if cell.bar and cell.bar.is_log}
    signs |= {"predicted" for row in rows for cell in row.cells if cell.predicted}
    signs |= {"cloud" for row in rows if row.device.is_endpoint}
    return frozenset(signs | {"emulated" for row in rows if row.device.played})


def _unmarked(table: rest.CompareTable) -> rest.CompareTable:
    """Of a made-up fleet nothing is best, nor shown to differ."""
    return replace(table, cells=tuple(replace(cell, marks=()) for cell in table.cells))


def _drawn(table: rest.CompareTable, colour: str, metric: str) -> _Drawn:
    def metric_of(kind: Kind) -> str:
        return lead_metric(metric, kind)

    shown_bars = interval_bar.bars(table.cells, table.columns, metric_of)
    if colour == DISTANCE:
        return _Drawn(distances(table.cells, table.columns, metric_of), {}, shown_bars)
    ranks = places(table.cells, table.columns, metric_of) if colour == RANK else {}
    return _Drawn({}, ranks, shown_bars)


def _meanings(table: rest.CompareTable) -> dict[str, str]:
    """What each cause of a badge means, by the name that the badge shows."""
    shown = [cell for cell in table.cells if cell.metrics and cell.state != "failed"]
    found = trust.meanings_of(shown).items()
    return {trust.named(cause): meaning for cause, meaning in found if cause not in OF_THE_ROW}


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


def _rows(
    table: rest.CompareTable, query: MatrixQuery, metric: str, notes: Notes, drawn: _Drawn, source: Source
) -> tuple[DeviceRow, ...]:
    cells = {(cell.device_id, cell.model_id, cell.config_key): cell for cell in table.cells}
    picked = tuple(word for word in query.chosen if word in CHOICES)
    runtimes = {column.runtime for column in table.columns}
    default_keys = {runtime: identity.config_key(RunConfig(runtime=runtime)) for runtime in runtimes}

    def view(device: rest.DeviceRecord, column: rest.Column) -> CellView:
        key = (device.device_id, column.model_id, column.config_key)
        kind = kind_of(column.format)
        predicted = None
        if column.config_key == source.predicted_configs.get(column.model_id, default_keys[column.runtime]):
            predicted = source.predicted.get((column.model_id, device.device_id))
        place = matrix_cell.Drawn(drawn.bars.get(key), drawn.distances.get(key), drawn.places.get(key))
        return matrix_cell.cell_view(cells.get(key), kind, lead_metric(metric, kind), notes, picked, predicted, place)

    return tuple(
        DeviceRow(device, shown, _runnable(device, table.columns, shown))
        for device in table.devices
        for shown in (tuple(view(device, column) for column in table.columns),)
    )


def _runnable(device: rest.DeviceRecord, columns: Sequence[rest.Column], cells: Sequence[CellView]) -> tuple[str, ...]:
    return tuple(
        f"{device.device_id}/{column.model_id}/{column.config_key}"
        for column, cell in zip(columns, cells, strict=True)
        if cell.state == "not_run" and device.measures(column.format)
    )
