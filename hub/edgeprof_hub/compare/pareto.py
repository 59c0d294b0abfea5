"""Which cells nothing beats in two figures at once: the Pareto front of time and memory, on the devices shown.

Only what may be ranked takes part: measured, on the machine that it claims to be, not stale. The front is drawn from
the figures alone; two that are near each other may change places in another run, and the page says so.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from edgeprof.wire import rest
from edgeprof.wire.metrics import METRICS
from edgeprof_hub.compare.ranking import may_be_ranked

MEMORY = "peak_memory_mib"


@dataclass(frozen=True)
class Candidate:
    """One cell in the plane: `x` and `y` as measured, and whether it is on the front."""

    cell: rest.Cell
    x: float
    y: float
    on_front: bool = False


def candidates(cells: Iterable[rest.Cell], metric: str) -> list[Candidate]:
    """The cells that have both figures, each with its place, those on the front marked; by x."""
    found = [
        Candidate(cell, cell.metrics[metric].value, cell.metrics[MEMORY].value)
        for cell in cells
        if _counts(cell, metric)
    ]
    front = front_of([(one.x, one.y) for one in found], METRICS[metric].better == "lower")
    marked = [Candidate(one.cell, one.x, one.y, index in front) for index, one in enumerate(found)]
    return sorted(marked, key=lambda one: (one.x, one.y))


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


def _counts(cell: rest.Cell, metric: str) -> bool:
    rows = [cell.metrics.get(name) for name in (metric, MEMORY)]
    return (
        cell.state == "measured" and cell.ranked and all(row is not None and may_be_ranked(cell, row) for row in rows)
    )
