"""What the page's charts are drawn from: plain points that `charts.js` reads as JSON."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edgeprof.tables.view import column_labels
from edgeprof.wire import rest
from edgeprof.wire.metrics import METRICS

LOG_FROM_RATIO = 20.0
"""From this ratio of largest to smallest on, a linear axis would press the small figures into one line."""


@dataclass(frozen=True)
class ChartPoint:
    """One figure of the comparison chart."""

    family: str
    label: str
    device: str
    value: float
    low: float | None
    high: float | None
    emulated: bool


@dataclass(frozen=True)
class Chart:
    """One metric over all cells that have it."""

    metric: str
    title: str
    unit: str
    better: str
    log: bool
    points: tuple[ChartPoint, ...]


def of_table(table: rest.CompareTable, metrics: Iterable[str]) -> tuple[Chart, ...]:
    """A chart for each of the metrics that at least one cell has."""
    found = (_chart(table, metric) for metric in dict.fromkeys(metrics))
    return tuple(chart for chart in found if chart.points)


def _chart(table: rest.CompareTable, metric: str) -> Chart:
    devices = {device.device_id: device for device in table.devices}
    labels = column_labels(table.columns)
    columns = {(column.model_id, column.config_key): column for column in table.columns}
    points: list[ChartPoint] = []
    for cell in table.cells:
        row = cell.metrics.get(metric)
        if row is not None:
            column = columns[(cell.model_id, cell.config_key)]
            device = devices[cell.device_id]
            emulated = not cell.ranked
            points.append(
                ChartPoint(column.family, labels[column], device.label, row.value, row.ci_low, row.ci_high, emulated)
            )
    points.sort(key=lambda point: (point.family.lower(), point.label, point.emulated, point.device))
    known = METRICS[metric]
    return Chart(metric, known.title, known.unit, known.better, _wants_log(points), tuple(points))


def _wants_log(points: Sequence[ChartPoint]) -> bool:
    values = [point.value for point in points]
    return bool(values) and min(values) > 0 and max(values) / min(values) >= LOG_FROM_RATIO
