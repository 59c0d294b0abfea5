"""What the pages of a device and of a model show first: figures with interval and badge, and what failed."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from edgeprof.tables import figures, trust
from edgeprof.tables.flashed import flashed_text
from edgeprof.tables.headline import HEADLINES, Kind, kind_of
from edgeprof.wire import messages as m
from edgeprof.wire import rest
from edgeprof.wire.evidence import Trust
from edgeprof.wire.metrics import METRICS
from edgeprof_hub.matrix import ranking
from edgeprof_hub.views.evaluation_view import lead_text

MAX_LINES = 60
LEADS = frozenset(items[0].metric for items in HEADLINES.values())
NO_WINNER = "no winner named"
STALE = "stale: another runtime version now"
_MEASURED = ("measured", "stale")


@dataclass(frozen=True)
class LeadFigure:
    """One figure as a line has it. `causes`: of the badge; `is_checked`: there is one."""

    text: str
    interval: str
    causes: tuple[str, ...] = ()
    is_checked: bool = True


@dataclass(frozen=True)
class LeadLine:
    """A cell in one line. `verdict`: how it stands in its family, in words; of a failed one `failure` has the code."""

    family: str
    model_id: str
    name: str
    device_id: str
    set_up: str
    result_id: str
    received_s: float
    figure: LeadFigure | None = None
    memory: str = ""
    verdict: str = ""
    is_best: bool = False
    failure: str = ""


def lead_of(result: m.Result) -> LeadFigure | None:
    """The lead figure of a run of speed; None where it has none."""
    rows = {row.metric: row for row in result.metrics if row.metric in LEADS}
    kinds: tuple[Kind, ...] = ("language", "inference")
    row = next((rows[metric] for kind in kinds if (metric := HEADLINES[kind][0].metric) in rows), None)
    return None if row is None else _figure(row, result.trust)


def run_text(result: m.Result) -> LeadFigure:
    """What a list of runs says of one: its figure, of an evaluation its quality."""
    if result.config.evaluation_set:
        return LeadFigure(lead_text(result), "")
    if result.config.load_only and result.failure is None:
        return LeadFigure(flashed_text(result), "")
    return lead_of(result) or LeadFigure("no lead figure", "")


def of_device(cells: Iterable[rest.Cell], columns: Sequence[rest.Column]) -> tuple[LeadLine, ...]:
    """One line a family, kind and work: its best variant where one is shown to be, else the one with the best figure.

    Figures of different work, such as two input sizes, are never compared.
    """
    by_key = {(column.model_id, column.config_key): column for column in columns}
    groups: dict[tuple[str, Kind, str], list[rest.Cell]] = defaultdict(list)
    for cell in cells:
        column = by_key[cell.model_id, cell.config_key]
        kind = kind_of(column.format)
        if cell.state in _MEASURED and cell.result_id and HEADLINES[kind][0].metric in cell.metrics:
            groups[column.family, kind, column.work].append(cell)
    found = [_picked(kind, group, by_key) for (_, kind, _), group in sorted(groups.items())]
    return tuple(found)[:MAX_LINES]


def of_model(
    cells: Iterable[rest.Cell], columns: Sequence[rest.Column], devices: Mapping[str, rest.DeviceRecord]
) -> tuple[LeadLine, ...]:
    """One line a cell of the model that was measured, the best figure first."""
    by_key = {(column.model_id, column.config_key): column for column in columns}
    measured: list[tuple[float, LeadLine]] = []
    for cell in cells:
        column = by_key[cell.model_id, cell.config_key]
        metric = HEADLINES[kind_of(column.format)][0].metric
        if cell.state in _MEASURED and cell.result_id and (row := cell.metrics.get(metric)) is not None:
            value = row.value if METRICS[metric].better == "lower" else -row.value
            device = devices.get(cell.device_id)
            tag = device.tag if device else ""
            words = ", ".join(filter(None, (tag, STALE if cell.state == "stale" else "")))
            measured.append((value, _line(cell, column, row, verdict=words)))
    return tuple(line for _, line in sorted(measured, key=lambda pair: pair[0]))[:MAX_LINES]


def failed(cells: Iterable[rest.Cell], columns: Sequence[rest.Column]) -> tuple[LeadLine, ...]:
    """Cells whose newest outcome is a failure."""
    by_key = {(column.model_id, column.config_key): column for column in columns}
    found = [cell for cell in cells if cell.state == "failed"]
    return tuple(
        _line(cell, by_key[cell.model_id, cell.config_key], None, failure=cell.failure_code or "refused")
        for cell in found
    )[:MAX_LINES]


def _picked(kind: Kind, cells: Sequence[rest.Cell], columns: Mapping[tuple[str, str], rest.Column]) -> LeadLine:
    metric = HEADLINES[kind][0].metric
    sign = 1 if METRICS[metric].better == "lower" else -1
    passing = [cell for cell in cells if not ranking.fails_gate(cell)] or list(cells)
    leaders: dict[Literal["best", "not_shown_to_differ"], list[rest.Cell]] = defaultdict(list)
    for cell in passing:
        for mark in cell.marks:
            if (mark.metric, mark.among) == (metric, "family"):
                leaders[mark.verdict].append(cell)
    offered = leaders["best"] or leaders["not_shown_to_differ"] or passing
    chosen = min(offered, key=lambda cell: sign * cell.metrics[metric].value)
    alike = len(leaders["not_shown_to_differ"]) - 1
    compared = [cell for cell in passing if cell.ranked]
    is_best = bool(leaders["best"]) and chosen.state != "stale"
    if chosen.state == "stale":
        verdict = STALE
    elif is_best:
        verdict = f"best of {len(compared)}"
    elif ranking.fails_gate(chosen):
        verdict = "fails a gate of its family"
    elif not chosen.ranked:
        verdict = "not ranked"
    elif alike > 0:
        verdict = f"not shown to differ from {alike} other{'s' if alike > 1 else ''}"
    else:
        verdict = "the only one measured" if len(cells) == 1 else f"best figure of {len(compared)}, {NO_WINNER}"
    column = columns[chosen.model_id, chosen.config_key]
    return _line(chosen, column, chosen.metrics[metric], verdict=verdict, is_best=is_best)


def _line(
    cell: rest.Cell,
    column: rest.Column,
    row: m.MetricRow | None,
    *,
    verdict: str = "",
    is_best: bool = False,
    failure: str = "",
) -> LeadLine:
    threads = f"{column.threads} thread{'s' if column.threads > 1 else ''}" if column.threads else "every core"
    memory = cell.metrics.get("peak_memory_mib")
    return LeadLine(
        family=column.family,
        model_id=column.model_id,
        name=column.model_name,
        device_id=cell.device_id,
        set_up=", ".join((column.runtime, threads, *column.options)),
        result_id=cell.result_id or "",
        received_s=cell.received_s or 0.0,
        figure=_figure(row, cell.trust) if row is not None else None,
        memory=f"{figures.figure(memory)} MiB" if memory is not None else "",
        verdict=verdict,
        is_best=is_best,
        failure=failure,
    )


def _figure(row: m.MetricRow, badge: Trust | None) -> LeadFigure:
    known = METRICS[row.metric]
    return LeadFigure(
        text=f"{known.title} {figures.figure(row)} {known.unit}".rstrip(),
        interval=figures.interval(row) or "",
        causes=trust.causes(badge),
        is_checked=badge is not None,
    )
