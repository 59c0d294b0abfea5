"""The plane of time and memory with its front, as `charts.js` draws it and as the list beside it says it."""

from collections.abc import Iterable
from dataclasses import dataclass

from edgeprof.tables import figures
from edgeprof.tables.view import column_labels
from edgeprof.wire import rest
from edgeprof.wire.metrics import METRICS
from edgeprof_hub.compare import pareto

FEWEST = 3
"""Of two points a table says as much."""


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

    title: str
    unit: str
    better: str
    points: tuple[Point, ...]

    @property
    def front(self) -> tuple[Point, ...]:
        """What nothing beats in both."""
        return tuple(point for point in self.points if point.on_front)


def planes(table: rest.CompareTable, metrics: Iterable[str]) -> tuple[Plane, ...]:
    """A plane for each metric of time or rate that enough cells have beside their memory."""
    made = [_plane(table, metric) for metric in dict.fromkeys(metrics) if metric != pareto.MEMORY]
    return tuple(plane for plane in made if len(plane.points) >= FEWEST)


def _plane(table: rest.CompareTable, metric: str) -> Plane:
    known = METRICS[metric]
    labels = {(column.model_id, column.config_key): text for column, text in column_labels(table.columns).items()}
    devices = {device.device_id: device.label for device in table.devices}

    def point(one: pareto.Candidate) -> Point:
        cell = one.cell
        texts = [f"{figures.figure(cell.metrics[name])} {METRICS[name].unit}" for name in (metric, pareto.MEMORY)]
        name = f"{labels[(cell.model_id, cell.config_key)]} on {devices[cell.device_id]}"
        return Point(name, cell.result_id or "", one.x, one.y, one.on_front, ", ".join(texts))

    points = tuple(point(one) for one in pareto.candidates(table.cells, metric))
    return Plane(known.title, known.unit, known.better, points)
