"""How far a figure is from the best of its family on its device, as a ratio: for shading, and never a claim.

Only figures that may be ranked have a distance, among those of the same work and, for energy, of the same scope. A
percentile without an interval has none.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from edgeprof.tables.headline import Kind, kind_of
from edgeprof.wire import rest
from edgeprof.wire.metrics import METRICS
from edgeprof_hub.matrix.ranking import CellKey, is_told_by_work, key_of, may_be_ranked

STEPS = (1.1, 1.5, 3.0)
"""Ratios at which the shade changes, chosen for the eye: they say nothing of what is shown to differ."""


def distances(
    cells: Iterable[rest.Cell], columns: Sequence[rest.Column], metric_of: Callable[[Kind], str]
) -> dict[CellKey, float]:
    """Ratio to the best, 1.0 and above, of each cell that has at least one rival. `metric_of`: by the kind of model."""
    found: dict[CellKey, float] = {}
    for group in _groups(cells, columns, metric_of):
        best = min(cost for _, cost in group)
        found.update({key: cost / best for key, cost in group})
    return found


def places(
    cells: Iterable[rest.Cell], columns: Sequence[rest.Column], metric_of: Callable[[Kind], str]
) -> dict[CellKey, tuple[int, int]]:
    """Place and number of rivals with itself, (1, 5) the best of five; equal figures share the better place."""
    found: dict[CellKey, tuple[int, int]] = {}
    for group in _groups(cells, columns, metric_of):
        costs = sorted(cost for _, cost in group)
        found.update({key: (costs.index(cost) + 1, len(group)) for key, cost in group})
    return found


def _groups(
    cells: Iterable[rest.Cell], columns: Sequence[rest.Column], metric_of: Callable[[Kind], str]
) -> list[list[tuple[CellKey, float]]]:
    """The figures that have a rival, as costs (less is better): of one family and work on one device."""
    known = {(column.model_id, column.config_key): column for column in columns}
    groups: dict[tuple[str, ...], list[tuple[CellKey, float]]] = defaultdict(list)
    for cell in cells:
        column = known[(cell.model_id, cell.config_key)]
        row = cell.metrics.get(metric := metric_of(kind_of(column.format)))
        if row is None or not is_told_by_work(metric):
            continue
        if cell.state == "measured" and row.value > 0 and may_be_ranked(cell, row) and row.no_interval is None:
            cost = row.value if METRICS[metric].better == "lower" else 1 / row.value
            groups[(cell.device_id, column.family, column.work, metric, row.scope or "")].append((key_of(cell), cost))
    return [group for group in groups.values() if len(group) > 1]


def shade_of_place(place: int, of: int) -> int:
    """0 for the best, then 1 to 3 by thirds of the others."""
    return 0 if place == 1 else 1 + min(2, 3 * (place - 2) // max(1, of - 1))


def shade(ratio: float) -> int:
    """0 near the best to 3 far from it."""
    return sum(ratio >= step for step in STEPS)
