"""The bar of a cell: where its figure and its 95 % interval lie among the variants of its family on the same device.

The scale runs from 0 to the largest end in the family. Where the largest figure is over 20 times the smallest, a bar
from 0 would hide the small ones, so the scale is logarithmic and its bars start at the smallest end.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from edgeprof.tables.headline import Kind, kind_of
from edgeprof.wire import rest
from edgeprof_hub.matrix.ranking import CellKey, key_of

LOG_FROM_RATIO = 20.0
MIN_WIDTH = 1.5
"""Percent of the scale: a narrower interval could not be seen."""


@dataclass(frozen=True)
class Bar:
    """Percent of the scale: the interval's ends and the value. `low` is None where the figure has no interval."""

    low: float | None
    high: float | None
    value: float
    is_log: bool

    @property
    def span(self) -> str:
        """The path of the interval; empty where there is none."""
        return "" if self.low is None else f"M{self.low} 4H{self.high}"


def bars(
    cells: Iterable[rest.Cell], columns: Sequence[rest.Column], metric_of: Callable[[Kind], str]
) -> dict[CellKey, Bar]:
    """The bar of each cell whose family has another figure on the same device. `metric_of`: by the kind of model."""
    known = {(column.model_id, column.config_key): column for column in columns}
    groups: dict[tuple[str, ...], list[tuple[CellKey, rest.MetricRow]]] = defaultdict(list)
    for cell in cells:
        column = known[(cell.model_id, cell.config_key)]
        row = cell.metrics.get(metric := metric_of(kind_of(column.format)))
        if row is not None and cell.state != "failed" and math.isfinite(row.value) and row.value >= 0:
            groups[cell.device_id, column.family, metric, row.scope or ""].append((key_of(cell), row))
    return {key: bar for group in groups.values() if len(group) > 1 for key, bar in _of_group(dict(group)).items()}


def _of_group(rows: Mapping[CellKey, rest.MetricRow]) -> dict[CellKey, Bar]:
    ends = [end for row in rows.values() for end in (row.value, *_interval(row)) if end is not None]
    top = max(ends)
    values = [row.value for row in rows.values()]
    is_log = min(values) > 0 and max(values) / min(values) >= LOG_FROM_RATIO
    least = min(end for end in ends if end > 0) if is_log else 0.0

    def place(value: float) -> float:
        if top <= least:
            return 100.0
        if is_log:
            return 100 * math.log(max(value, least) / least) / math.log(top / least)
        return 100 * max(0.0, value) / top

    return {key: _bar(row, place, is_log=is_log) for key, row in rows.items()}


def _bar(row: rest.MetricRow, place: Callable[[float], float], *, is_log: bool) -> Bar:
    low, high = _interval(row)
    value = round(place(row.value), 1)
    if low is None or high is None:
        return Bar(None, None, value, is_log)
    start, end = place(low), place(high)
    if end - start < MIN_WIDTH:
        middle = (start + end) / 2
        start = max(0.0, min(middle - MIN_WIDTH / 2, 100 - MIN_WIDTH))
        end = start + MIN_WIDTH
    return Bar(round(start, 1), round(end, 1), value, is_log)


def _interval(row: rest.MetricRow) -> tuple[float | None, float | None]:
    ends = (row.ci_low, row.ci_high)
    return (None, None) if any(end is None or not math.isfinite(end) for end in ends) else ends


def plus_minus(row: rest.MetricRow) -> str:
    """`±2.4 %`: the longer arm of the 95 % interval as a share of the value; empty where it has none."""
    low, high = _interval(row)
    if low is None or high is None or row.value <= 0:
        return ""
    percent = 100 * max(high - row.value, row.value - low) / row.value
    if percent < 0.1:
        return "±<0.1 %"
    return f"±{percent:.1f} %" if percent < 10 else f"±{percent:,.0f} %"
