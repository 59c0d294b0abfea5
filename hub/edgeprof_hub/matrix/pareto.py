"""Which cells nothing beats in two figures at once: the Pareto front of time and of memory, energy, cost or errors.

Only what may be ranked takes part: measured, on the machine that it claims to be, not stale, failing no gate. The
front is drawn from the figures alone; two that are near each other may change places in another run, and the page says
so.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from edgeprof.tables import figures
from edgeprof.tables.quality_words import quality_text
from edgeprof.wire import rest
from edgeprof.wire.metrics import METRICS
from edgeprof_hub.matrix.ranking import may_be_ranked

MEMORY = "peak_memory_mib"
ENERGY = ("energy_per_inference_j", "energy_per_token_j")


@dataclass(frozen=True)
class Second:
    """A cell's figure on the second axis. `kind`: unit and scope; figures of two kinds never share a plane."""

    value: float
    kind: str
    text: str


@dataclass(frozen=True)
class Axis:
    """A second axis; less is better on each. `of` gives None for a cell that has no place on it."""

    title: str
    origin: str
    of: Callable[[rest.Cell], Second | None]


@dataclass(frozen=True)
class ParetoCandidate:
    """One cell in the plane: `x` and `y`, and whether it is on the front."""

    cell: rest.Cell
    x: float
    y: Second
    on_front: bool = False


def candidates(cells: Iterable[rest.Cell], metric: str, axis: Axis) -> list[ParetoCandidate]:
    """The cells that have both figures, each with its place, those on the front marked; by x. All of one kind."""
    found = [
        ParetoCandidate(cell, row.value, second)
        for cell in cells
        if (row := _ranked(cell, metric)) is not None and (second := axis.of(cell)) is not None
    ]
    front = front_of([(one.x, one.y.value) for one in found], METRICS[metric].better == "lower")
    marked = [ParetoCandidate(one.cell, one.x, one.y, index in front) for index, one in enumerate(found)]
    return sorted(marked, key=lambda one: (one.x, one.y.value))


def front_of(points: list[tuple[float, float]], lower_x_is_better: bool) -> set[int]:
    """Indices of the points that no other one beats: none is as good in both and better in one. Less y is better."""
    sign = 1 if lower_x_is_better else -1
    ordered = sorted(range(len(points)), key=lambda index: (sign * points[index][0], points[index][1]))
    front: set[int] = set()
    least = (float("inf"), 0.0)
    for index in ordered:
        x, y = points[index]
        if y < least[0] or (y, x) == least:
            front.add(index)
            least = (y, x)
    return front


def _ranked(cell: rest.Cell, metric: str) -> rest.MetricRow | None:
    row = cell.metrics.get(metric)
    if row is None or row.no_interval is not None:
        return None
    return row if cell.state == "measured" and cell.ranked and may_be_ranked(cell, row) else None


def _measured(*names: str) -> Callable[[rest.Cell], Second | None]:
    """The first of these metrics that the cell may be ranked by."""

    def of(cell: rest.Cell) -> Second | None:
        rows = (_ranked(cell, name) for name in names)
        row = next((row for row in rows if row is not None), None)
        if row is None:
            return None
        unit = METRICS[row.metric].unit
        kind = f"{unit}, {row.metric}, {row.scope}" if row.scope else unit
        return Second(row.value, kind, f"{figures.figure(row)} {unit}")

    return of


def _cost(cell: rest.Cell) -> Second | None:
    cost = cell.cost
    if cost is None or cell.state != "measured" or not cell.ranked:
        return None
    return Second(cost.edge_usd, f"$ per {cost.unit}", f"{figures.usd(cost.edge_usd)} per {cost.unit}")


def _errors(cell: rest.Cell) -> Second | None:
    """What is missing to 100 %, or a figure of which less is better as it is. Sets never share a plane."""
    quality = cell.quality
    known = METRICS.get(quality.metric) if quality else None
    if quality is None or known is None or quality.value is None or cell.state != "measured" or not cell.ranked:
        return None
    text = quality_text(quality.metric, quality.value, quality.ci_low, quality.ci_high, quality.n)
    if known.better == "lower":
        return Second(quality.value, f"{known.title} on {quality.set_name}", text)
    if known.better == "higher" and known.unit == "%":
        return Second(100 - quality.value, f"100 % − {known.title} on {quality.set_name}", text)
    return None


AGAINST: Mapping[str, Axis] = {
    "": Axis("peak memory", "measured", _measured(MEMORY)),
    "energy": Axis("energy", "measured", _measured(*ENERGY)),
    "cost": Axis("cost", "modelled from the measured time and the device's entered price", _cost),
    "quality": Axis("errors", "evaluated on the device", _errors),
}
"""What a plane may have on its second axis, by the word in the address."""
