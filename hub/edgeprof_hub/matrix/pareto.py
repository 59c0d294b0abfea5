"""Which cells nothing beats in two figures at once: the front of any two of speed, memory, energy, cost, quality.

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
from edgeprof_hub.matrix.ranking import fails_gate, may_be_ranked

MEMORY = "peak_memory_mib"
ENERGY = ("energy_per_inference_j", "energy_per_token_j")
SPEED = "speed"
DEFAULT_X, DEFAULT_Y = SPEED, "memory"


@dataclass(frozen=True)
class Place:
    """A cell's figure on one axis. `kind`: unit and scope; figures of two kinds never share a plane."""

    value: float
    kind: str
    written: Callable[[], str]
    lower_is_better: bool = True

    @property
    def text(self) -> str:
        """The figure with its unit; made only of what is drawn."""
        return self.written()

    @property
    def badness(self) -> float:
        """The figure turned so that less is better."""
        return self.value if self.lower_is_better else -self.value


@dataclass(frozen=True)
class Axis:
    """What a plane may have on an axis. `of` gives None for a cell that has no place on it."""

    title: str
    origin: str
    of: Callable[[rest.Cell], Place | None]


@dataclass(frozen=True)
class ParetoCandidate:
    """One cell in the plane, and whether it is on the front."""

    cell: rest.Cell
    x: Place
    y: Place
    on_front: bool = False


def candidates(cells: Iterable[rest.Cell], x: Axis, y: Axis) -> list[ParetoCandidate]:
    """The cells that have both figures, those on the front marked, by x. All of one kind on either axis."""
    found = [
        ParetoCandidate(cell, first, second)
        for cell in cells
        if (first := x.of(cell)) is not None and (second := y.of(cell)) is not None
    ]
    front = front_of([(one.x.badness, one.y.badness) for one in found])
    marked = [ParetoCandidate(one.cell, one.x, one.y, index in front) for index, one in enumerate(found)]
    return sorted(marked, key=lambda one: (one.x.value, one.y.value))


def front_of(points: list[tuple[float, float]]) -> set[int]:
    """Indices of the points that no other one beats: none is as good in both and better in one. Less is better.

    >>> sorted(front_of([(1.0, 3.0), (2.0, 2.0), (2.0, 3.0)]))
    [0, 1]
    """
    ordered = sorted(range(len(points)), key=lambda index: points[index])
    front: set[int] = set()
    least = (float("inf"), 0.0)
    for index in ordered:
        x, y = points[index]
        if y < least[0] or (y, x) == least:
            front.add(index)
            least = (y, x)
    return front


def axis(key: str, metric: str) -> Axis:
    """The axis of this word. `metric`: the figure of speed that the page shows large."""
    return measured(METRICS[metric].title, metric) if key == SPEED else AXES[key]


def measured(title: str, *names: str) -> Axis:
    """The first of these metrics that the cell may be ranked by."""

    def of(cell: rest.Cell) -> Place | None:
        rows = (_ranked(cell, name) for name in names)
        row = next((row for row in rows if row is not None), None)
        if row is None:
            return None
        known = METRICS[row.metric]
        kind = f"{known.unit}, {row.metric}, {row.scope}" if row.scope else known.unit
        return Place(row.value, kind, lambda: _text(row), known.better != "higher")

    return Axis(title, "measured", of)


def _text(row: rest.MetricRow) -> str:
    unit = "" if row.metric.endswith("_j") else f" {METRICS[row.metric].unit}"
    return f"{figures.figure(row)}{unit}"


def _ranked(cell: rest.Cell, metric: str) -> rest.MetricRow | None:
    row = cell.metrics.get(metric)
    if row is None or row.no_interval is not None:
        return None
    return row if _takes_part(cell) and may_be_ranked(cell, row) else None


def _takes_part(cell: rest.Cell) -> bool:
    return cell.state == "measured" and cell.ranked and not fails_gate(cell)


def _cost(cell: rest.Cell) -> Place | None:
    cost = cell.cost
    if cost is None or not _takes_part(cell):
        return None
    return Place(cost.edge_usd, f"$ per {cost.unit}", lambda: f"{figures.usd(cost.edge_usd)} per {cost.unit}")


def _quality(cell: rest.Cell) -> Place | None:
    """The figure of the family's lead set. Sets never share a plane."""
    quality = cell.quality
    known = METRICS.get(quality.metric) if quality else None
    if quality is None or known is None or quality.value is None or not _takes_part(cell):
        return None
    if known.better == "neither":
        return None
    value = quality.value

    def written() -> str:
        return quality_text(quality.metric, value, quality.ci_low, quality.ci_high, quality.n)

    return Place(value, f"{known.title} on {quality.set_name}, {known.unit}", written, known.better == "lower")


AXES: Mapping[str, Axis] = {
    SPEED: Axis("speed", "measured", lambda _: None),
    "memory": measured("peak memory", MEMORY),
    "energy": measured("energy", *ENERGY),
    "cost": Axis("cost", "modelled from the measured time and the device's entered price", _cost),
    "quality": Axis("accuracy", "evaluated on the device", _quality),
}
"""By the word in the address. `speed` stands for the figure that the page shows large: see `axis`."""
