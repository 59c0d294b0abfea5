"""A sweep as charts and a table: figures over input size or batch, or over prompt length and context depth."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgeprof.tables import figures
from edgeprof.wire import messages as m
from edgeprof.wire.evidence import SweepPoint
from edgeprof.wire.metrics import METRICS
from edgeprof_hub.views.facts import DataTable
from edgeprof_hub.views.lines import ChartLine, Drawn, LineChart, PlotPoint, wants_log

DRAWN = (
    *("latency_p50_ms", "throughput_per_s", "ttft_ms", "prefill_tokens_per_s", "decode_tokens_per_s"),
    *("inter_token_p50_ms", "peak_memory_mib", "kv_cache_mib"),
)
"""Charted, where the points have them; the table has every figure."""


@dataclass(frozen=True)
class _Axis:
    """What the points are drawn over, and what tells several lines apart."""

    title: str
    x: Callable[[SweepPoint], float]
    line: Callable[[SweepPoint], str]


def sweep_of(result: m.Result) -> Drawn | None:
    """None where the run has no points."""
    if not result.points:
        return None
    names = [name for name in METRICS if _any_has(result.points, name)]
    charts = [
        _chart(axis, points, name) for axis, points in _groups(result) for name in DRAWN if _any_has(points, name)
    ]
    return Drawn(tuple(chart for chart in charts if chart.count > 1), _table(result, names))


def _groups(result: m.Result) -> list[tuple[_Axis, list[SweepPoint]]]:
    """Points that belong on one axis: input shapes, context depths (a line for each prompt), prompt lengths."""
    shapes = [point for point in result.points if point.at.shapes]
    depths = [point for point in result.points if not point.at.shapes and point.at.depth_tokens is not None]
    prompts = [point for point in result.points if not point.at.shapes and point.at.depth_tokens is None]
    several = len({_prompt(point, result) for point in depths}) > 1
    over_depth = _Axis(
        "context depth, tokens",
        lambda point: point.at.depth_tokens or 0,
        lambda point: f"prompt of {_prompt(point, result):,}" if several else "",
    )
    over_prompt = _Axis("prompt tokens", lambda point: _prompt(point, result), _unnamed)
    groups = ((_shape_axis(shapes), shapes), (over_depth, depths), (over_prompt, prompts))
    return [(axis, points) for axis, points in groups if points]


def _shape_axis(points: Sequence[SweepPoint]) -> _Axis:
    """The one dimension that varies; where several do, the number of input values."""
    names = {name for point in points for name in point.at.shapes}
    ranks = {name: max(len(point.at.shapes.get(name, ())) for point in points) for name in names}
    varying = [
        (name, place)
        for name in sorted(names)
        for place in range(ranks[name])
        if len({_size(point, name, place) for point in points}) > 1
    ]
    if len(varying) == 1:
        name, place = varying[0]
        title = f"{figures.clean(name)}, dimension {place + 1}{' (batch)' if place == 0 else ''}"
        return _Axis(title, lambda point: _size(point, name, place), _unnamed)
    return _Axis("total input values", _volume, _unnamed)


def _size(point: SweepPoint, name: str, place: int) -> int:
    sizes = point.at.shapes.get(name, ())
    return sizes[place] if place < len(sizes) else 0


def _volume(point: SweepPoint) -> float:
    total = 0
    for sizes in point.at.shapes.values():
        values = 1
        for size in sizes:
            values *= size
        total += values
    return total


def _prompt(point: SweepPoint, result: m.Result) -> int:
    return result.config.prompt_tokens if point.at.prompt_tokens is None else point.at.prompt_tokens


def _unnamed(_: SweepPoint) -> str:
    return ""


def _row(point: SweepPoint, metric: str) -> m.MetricRow | None:
    return next((row for row in point.metrics if row.metric == metric), None)


def _any_has(points: Sequence[SweepPoint], metric: str) -> bool:
    return any(_row(point, metric) for point in points)


def _chart(axis: _Axis, points: Sequence[SweepPoint], metric: str) -> LineChart:
    lines: dict[str, list[PlotPoint]] = {}
    for point in points:
        if row := _row(point, metric):
            lines.setdefault(axis.line(point), []).append(PlotPoint(axis.x(point), row.value, row.ci_low, row.ci_high))
    drawn = tuple(ChartLine(name, tuple(sorted(found, key=lambda item: item.x))) for name, found in lines.items())
    log_x = wants_log([point.x for line in drawn for point in line.points])
    known = METRICS[metric]
    return LineChart(known.title, axis.title, known.unit, drawn, log_x=log_x, from_zero=True, dots=True)


def _table(result: m.Result, names: Sequence[str]) -> DataTable:
    heads = ("Point", *(_head(name) for name in names), "Failed")
    rows = tuple(
        (
            place_text(point),
            *(_cell(_row(point, name)) for name in names),
            figures.clean(point.failure or ""),
        )
        for point in result.points
    )
    return DataTable(heads, rows).without_empty_columns()


def _head(metric: str) -> str:
    known = METRICS[metric]
    return f"{known.title}, {known.unit}" if known.unit else known.title


def _cell(row: m.MetricRow | None) -> str:
    if row is None:
        return ""
    span = figures.interval(row)
    return f"{figures.number(row.value)} ({span})" if span else figures.number(row.value)


def place_text(point: SweepPoint) -> str:
    """`image 4×3×224×224`, `prompt 512, depth 2,048`."""
    at = point.at
    texts = [f"{figures.clean(name)} {'×'.join(map(str, sizes))}" for name, sizes in at.shapes.items()]
    texts += [f"prompt {at.prompt_tokens:,}"] if at.prompt_tokens is not None else []
    texts += [f"depth {at.depth_tokens:,}"] if at.depth_tokens is not None else []
    return ", ".join(texts) or "as the run"
