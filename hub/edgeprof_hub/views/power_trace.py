"""Readings of the power sources over idle, load and idle (artifact `power`), one chart per source."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import msgspec

from edgeprof.tables import figures
from edgeprof.wire.energy import scope_words
from edgeprof.wire.messages import Result
from edgeprof_hub.views.facts import DataTable
from edgeprof_hub.views.lines import ChartLine, ChartMark, Drawn, LineChart, PlotPoint, thinned

MAX_ROWS = 40
_MIN_STEP_S = 0.5
"""A counter's power is a difference: over less than this it is mostly the counter's own steps."""

Fetch = Callable[[str], bytes | None]


class _Phase(msgspec.Struct):
    name: str
    start_s: float
    end_s: float


class _Source(msgspec.Struct):
    name: str
    scope: str
    unit: str
    t_s: list[float]
    values: list[float]


class _Document(msgspec.Struct):
    phases: list[_Phase]
    sources: list[_Source]


def drawn(result: Result, fetch: Fetch) -> Drawn | None:
    """None where there is no trace, or where it cannot be read."""
    stored = next((artifact for artifact in result.artifacts if artifact.name == "power"), None)
    data = fetch(stored.sha256) if stored else None
    if data is None:
        return None
    try:
        document = msgspec.json.decode(data, type=_Document)
    except (msgspec.MsgspecError, UnicodeDecodeError):  # an agent may store any bytes under this name
        return None
    courses = [(source, points) for source in document.sources if (points := _watts(source))]
    if not courses:
        return None
    charts = tuple(_chart(source, points, document.phases) for source, points in courses)
    rows = [
        (figures.clean(source.name), f"{point.x:.1f}", figures.number(point.y))
        for source, points in courses
        for point in points
    ]
    every = -(-len(rows) // MAX_ROWS)
    return Drawn(charts, DataTable(("Source", "Second", "W"), tuple(rows[::every])), every)


def _chart(source: _Source, points: Sequence[PlotPoint], phases: Sequence[_Phase]) -> LineChart:
    return LineChart(
        title=f"Power by {figures.clean(source.name)}: {scope_words(figures.clean(source.scope))}",
        x="time in s",
        unit="W",
        lines=(ChartLine("power", thinned(points)),),
        rules=tuple(ChartMark(phase.start_s, figures.clean(phase.name)) for phase in _turns(phases)),
        from_zero=True,
    )


def _turns(phases: Sequence[_Phase]) -> list[_Phase]:
    """Where one kind of phase gives way to another."""
    return [*phases[:1], *(new for old, new in pairwise(phases) if new.name != old.name)]


def _watts(source: _Source) -> list[PlotPoint]:
    if len(source.t_s) != len(source.values) or source.t_s != sorted(source.t_s):
        return []
    if source.unit == "W":
        return [PlotPoint(at_s, value) for at_s, value in zip(source.t_s, source.values, strict=True)]
    points: list[PlotPoint] = []
    last_s, last_j = None, 0.0
    for at_s, joules in zip(source.t_s, source.values, strict=True):
        if last_s is not None and at_s - last_s < _MIN_STEP_S:
            continue
        if last_s is not None:
            points.append(PlotPoint((at_s + last_s) / 2, (joules - last_j) / (at_s - last_s)))
        last_s, last_j = at_s, joules
    return points
