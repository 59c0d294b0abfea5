"""The plane of time and memory with its front, as `charts.js` draws it and as the list beside it says it."""

from collections.abc import Iterable
from dataclasses import dataclass

from edgeprof.tables import figures
from edgeprof.tables.view import column_labels
from edgeprof.wire import rest
from edgeprof.wire.metrics import METRICS
from edgeprof_hub.compare import pareto
from edgeprof_hub.compare.ranking import is_told_by_work

FEWEST = 3
"""Of two points a table says as much."""
MOST_DRAWN = 3
"""Planes on one page; a search for a model shows its own."""


@dataclass(frozen=True)
class Point:
    """One cell in the plane."""

    name: str
    result_id: str
    x: float
    y: float
    on_front: bool
    text: str


@dataclass(frozen=True)
class Plane:
    """One chart. `better`: which x is better; less memory always is."""

    family: str
    title: str
    unit: str
    better: str
    points: tuple[Point, ...]

    @property
    def front(self) -> tuple[Point, ...]:
        """What nothing beats in both."""
        return tuple(point for point in self.points if point.on_front)


def planes(table: rest.CompareTable, metrics: Iterable[str]) -> tuple[Plane, ...]:
    """A plane for each family, kind of work, metric and scope of it that enough cells have beside their memory.

    Two families never share a plane: that a small network is quicker than another one says nothing.
    """
    works = dict.fromkeys((column.family, column.work) for column in table.columns)
    wanted = [metric for metric in dict.fromkeys(metrics) if metric != pareto.MEMORY and is_told_by_work(metric)]
    made = [
        _plane(table, family, work, metric, scope)
        for family, work in works
        for metric in wanted
        for scope in _scopes(table, metric)
    ]
    return tuple(plane for plane in made if len(plane.points) >= FEWEST)[:MOST_DRAWN]


def _scopes(table: rest.CompareTable, metric: str) -> list[str]:
    """What the meters cover that gave this metric; figures of two scopes never meet."""
    return sorted({cell.metrics[metric].scope or "" for cell in table.cells if metric in cell.metrics})


def _plane(table: rest.CompareTable, family: str, work: str, metric: str, scope: str) -> Plane:
    known = METRICS[metric]
    keys = {
        (column.model_id, column.config_key)
        for column in table.columns
        if (column.family, column.work) == (family, work)
    }
    cells = [
        cell
        for cell in table.cells
        if (cell.model_id, cell.config_key) in keys
        and (row := cell.metrics.get(metric)) is not None
        and (row.scope or "") == scope
    ]
    labels = {(column.model_id, column.config_key): text for column, text in column_labels(table.columns).items()}
    devices = {device.device_id: device.label for device in table.devices}

    def point(one: pareto.Candidate) -> Point:
        cell = one.cell
        texts = [f"{figures.figure(cell.metrics[name])} {METRICS[name].unit}" for name in (metric, pareto.MEMORY)]
        name = f"{labels[(cell.model_id, cell.config_key)]} on {devices[cell.device_id]}"
        return Point(name, cell.result_id or "", one.x, one.y, one.on_front, ", ".join(texts))

    points = tuple(point(one) for one in pareto.candidates(cells, metric))
    return Plane(family, known.title, known.unit, known.better, points)
