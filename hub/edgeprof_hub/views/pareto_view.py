"""The Pareto plane of time and a second metric, for `charts.js` and for the list under the chart."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from edgeprof.tables import figures
from edgeprof.tables.view import column_labels
from edgeprof.wire import rest
from edgeprof.wire.metrics import METRICS
from edgeprof_hub.matrix import pareto
from edgeprof_hub.matrix.ranking import is_told_by_work

MIN_POINTS = 3
"""Of two points a table says as much."""
MAX_DRAWN = 3
"""Planes on one page; a search for a model shows its own."""


@dataclass(frozen=True)
class PlanePoint:
    """One cell in the plane."""

    name: str
    result_id: str
    x: float
    y: float
    on_front: bool
    text: str


@dataclass(frozen=True)
class Plane:
    """One chart. `better`: which x is better; less y always is. `origin`: how y came to be."""

    family: str
    title: str
    unit: str
    better: str
    y_title: str
    y_unit: str
    origin: str
    points: tuple[PlanePoint, ...]

    @property
    def front(self) -> tuple[PlanePoint, ...]:
        """What nothing beats in both."""
        return tuple(point for point in self.points if point.on_front)


def planes(table: rest.CompareTable, metrics: Iterable[str], against: str = "") -> tuple[Plane, ...]:
    """A plane for each family, kind of work, metric and scope that enough cells have together with a second metric.

    Two families never share a plane: that a small network is quicker than another one says nothing.
    """
    axis = pareto.AGAINST[against]
    works = dict.fromkeys((column.family, column.work) for column in table.columns)
    wanted = [metric for metric in dict.fromkeys(metrics) if metric != pareto.MEMORY and is_told_by_work(metric)]
    made = [
        _plane(table, family, metric, axis, cells)
        for family, work in works
        for metric in wanted
        for cells in _alike(_cells_of(table, family, work), metric, axis)
    ]
    return tuple(plane for plane in made if len(plane.points) >= MIN_POINTS)[:MAX_DRAWN]


def _cells_of(table: rest.CompareTable, family: str, work: str) -> list[rest.Cell]:
    keys = {
        (column.model_id, column.config_key)
        for column in table.columns
        if (column.family, column.work) == (family, work)
    }
    return [cell for cell in table.cells if (cell.model_id, cell.config_key) in keys]


def _alike(cells: list[rest.Cell], metric: str, axis: pareto.Axis) -> Iterator[list[rest.Cell]]:
    """Cells whose figures cover the same thing on both axes; energy of two scopes never meets."""
    groups: dict[tuple[str, str], list[rest.Cell]] = {}
    for cell in cells:
        row, second = cell.metrics.get(metric), axis.of(cell)
        if row is not None and second is not None:
            groups.setdefault((row.scope or "", second.kind), []).append(cell)
    return iter([groups[key] for key in sorted(groups)])


def _plane(table: rest.CompareTable, family: str, metric: str, axis: pareto.Axis, cells: list[rest.Cell]) -> Plane:
    known = METRICS[metric]
    labels = {(column.model_id, column.config_key): text for column, text in column_labels(table.columns).items()}
    devices = {device.device_id: device.label for device in table.devices}

    def point(one: pareto.ParetoCandidate) -> PlanePoint:
        cell = one.cell
        text = f"{figures.figure(cell.metrics[metric])} {known.unit}, {one.y.text}"
        name = f"{labels[(cell.model_id, cell.config_key)]} on {devices[cell.device_id]}"
        return PlanePoint(name, cell.result_id or "", one.x, one.y.value, one.on_front, text)

    found = pareto.candidates(cells, metric, axis)
    y_unit = found[0].y.kind if found else ""
    return Plane(
        family, known.title, known.unit, known.better, axis.title, y_unit, axis.origin, tuple(map(point, found))
    )
