"""Line charts as plain documents that `charts.js` draws: of a trace over time, a sweep, a soak."""

from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof_hub.views.facts import DataTable

MAX_POINTS = 2000
"""Of one line: more than a chart has pixels."""
LOG_FROM_RATIO = 8.0
"""Of x: sizes that are doubled from point to point stand evenly apart on a logarithmic axis."""


@dataclass(frozen=True)
class PlotPoint:
    """One point; `low` and `high` are its 95 % interval where it has one."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class ChartLine:
    """One named line."""

    name: str
    points: tuple[PlotPoint, ...]


@dataclass(frozen=True)
class ChartMark:
    """An upright line at a place that has a name."""

    x: float
    text: str


@dataclass(frozen=True)
class LineChart:
    """One chart. `log_x` where x spans decades; `from_zero` where a cut axis would exaggerate; `dots`: few points."""

    title: str
    x: str
    unit: str
    lines: tuple[ChartLine, ...]
    rules: tuple[ChartMark, ...] = ()
    log_x: bool = False
    from_zero: bool = False
    dots: bool = False

    @property
    def count(self) -> int:
        """How many points there are in all."""
        return sum(len(line.points) for line in self.lines)


@dataclass(frozen=True)
class Drawn:
    """Charts with the one table that holds their figures. `every`: 1, or only every so many readings have a row."""

    charts: tuple[LineChart, ...]
    table: DataTable
    every: int = 1


def wants_log(values: Sequence[float]) -> bool:
    """Whether a linear axis would press the small ones together. Never where one is 0."""
    return bool(values) and min(values) > 0 and max(values) / min(values) >= LOG_FROM_RATIO


def thinned(points: Sequence[PlotPoint]) -> tuple[PlotPoint, ...]:
    """Every so many points, so that a chart can show them."""
    return tuple(points[:: -(-len(points) // MAX_POINTS) or 1])
