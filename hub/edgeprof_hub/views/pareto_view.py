"""The Pareto planes of a page: two chosen figures of each family's ranked cells, drawn and as a table."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from edgeprof.tables.view import column_labels
from edgeprof.wire import rest
from edgeprof_hub.matrix import pareto
from edgeprof_hub.matrix.ranking import is_told_by_work
from edgeprof_hub.views.pareto_plot import Drawing, drawing

MIN_POINTS = 2
"""A single point says nothing of a choice."""
MAX_DRAWN = 3
"""Planes on one page; a search for a model shows its own."""


@dataclass(frozen=True)
class PlanePoint:
    """One cell in the plane, with both figures as they are read."""

    name: str
    device: str
    result_id: str
    x_text: str
    y_text: str
    on_front: bool


@dataclass(frozen=True)
class Plane:
    """One chart. `x_better`, `y_better`: `lower` or `higher`. `origin`: how the figures came to be."""

    family: str
    x_title: str
    x_unit: str
    x_better: str
    y_title: str
    y_unit: str
    y_better: str
    origin: str
    points: tuple[PlanePoint, ...]
    drawing: Drawing

    @property
    def front(self) -> tuple[PlanePoint, ...]:
        """What nothing beats in both."""
        return tuple(point for point in self.points if point.on_front)


def planes(table: rest.CompareTable, metrics: Iterable[str], x: str, y: str) -> tuple[Plane, ...]:
    """A plane for each family, kind of work, metric and scope that enough cells have in both figures.

    Two families never share a plane: that a small network is quicker than another one says nothing.
    """
    works = dict.fromkeys((column.family, column.work) for column in table.columns)
    uses_speed = pareto.SPEED in (x, y)
    labels = {(column.model_id, column.config_key): text for column, text in column_labels(table.columns).items()}
    wanted = [metric for metric in dict.fromkeys(metrics) if metric != pareto.MEMORY and is_told_by_work(metric)]
    found = (
        _plane(table, labels, family, first, second, alike)
        for family, work in works
        for cells in (_cells_of(table, family, work),)
        for metric in (wanted if uses_speed else wanted[:1])
        for first, second in ((pareto.axis(x, metric), pareto.axis(y, metric)),)
        for alike in _alike(cells, first, second)
        if len(alike) >= MIN_POINTS
    )
    return tuple(islice(found, MAX_DRAWN))


def _cells_of(table: rest.CompareTable, family: str, work: str) -> list[rest.Cell]:
    keys = {
        (column.model_id, column.config_key)
        for column in table.columns
        if (column.family, column.work) == (family, work)
    }
    return [cell for cell in table.cells if (cell.model_id, cell.config_key) in keys]


def _alike(cells: list[rest.Cell], x: pareto.Axis, y: pareto.Axis) -> Iterator[list[rest.Cell]]:
    """Cells whose figures cover the same thing on both axes; energy of two scopes never meets."""
    groups: dict[tuple[str, str], list[rest.Cell]] = {}
    for cell in cells:
        first, second = x.of(cell), y.of(cell)
        if first is not None and second is not None:
            groups.setdefault((first.kind, second.kind), []).append(cell)
    return iter([groups[key] for key in sorted(groups)])


def _plane(
    table: rest.CompareTable,
    labels: Mapping[tuple[str, str], str],
    family: str,
    x: pareto.Axis,
    y: pareto.Axis,
    cells: list[rest.Cell],
) -> Plane:
    devices = {device.device_id: device.label for device in table.devices}
    found = pareto.candidates(cells, x, y)
    several = len({one.cell.device_id for one in found}) > 1
    short = {(column.model_id, column.config_key): column.model_name for column in table.columns}
    keys = {(one.cell.model_id, one.cell.config_key) for one in found}
    is_unique = len({model_id for model_id, _ in keys}) == len(keys)

    def name(one: pareto.ParetoCandidate) -> str:
        key = (one.cell.model_id, one.cell.config_key)
        label = short[key] if is_unique else labels[key]
        return f"{label}, {devices[one.cell.device_id]}" if several else label

    points = tuple(
        PlanePoint(
            labels[(one.cell.model_id, one.cell.config_key)],
            devices[one.cell.device_id],
            one.cell.result_id or "",
            one.x.text,
            one.y.text,
            one.on_front,
        )
        for one in found
    )
    first = found[0]
    drawn = [(one.x.value, one.y.value, one.on_front, name(one)) for one in found]
    return Plane(
        family=family,
        x_title=x.title,
        x_unit=first.x.kind,
        x_better="lower" if first.x.lower_is_better else "higher",
        y_title=y.title,
        y_unit=first.y.kind,
        y_better="lower" if first.y.lower_is_better else "higher",
        origin=" and ".join(dict.fromkeys((x.origin, y.origin))),
        points=points,
        drawing=drawing(drawn, lower_x_is_better=first.x.lower_is_better),
    )
