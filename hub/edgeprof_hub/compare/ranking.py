"""Which figures may be compared, and which of those differ: marks for variants of a family and for devices.

A difference is claimed only where the 95 % intervals are apart. They cover the scatter inside one run each, so each is
widened by an assumed allowance for what changes from run to run: a mark is a hint where to look and never a verdict.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from edgeprof.wire.messages import MetricRow, RunConfig
from edgeprof.wire.metrics import METRICS
from edgeprof.wire.rest import Cell, Column, RankMark

Among = Literal["family", "column"]
CellKey = tuple[str, str, str]
Group = tuple[Among, str, tuple[str, ...]]

RUN_TO_RUN = 0.05
"""Of the value, at both ends of an interval. Assumed: nobody has measured how much this device's runs differ."""

NEEDS_THE_REAL_MACHINE = ("timing", "energy", "cost")
"""Scopes in which a machine that plays another one says nothing about the other one."""


@dataclass(frozen=True)
class Candidate:
    """One figure that may be ranked."""

    key: CellKey
    row: MetricRow


def key_of(cell: Cell) -> CellKey:
    """Device, model, configuration."""
    return (cell.device_id, cell.model_id, cell.config_key)


def marks(
    cells: Iterable[Cell], columns: Sequence[Column], configs: Mapping[str, RunConfig]
) -> dict[CellKey, tuple[RankMark, ...]]:
    """The marks of every cell that has one. `configs`: configuration by its key."""
    families = {(column.model_id, column.config_key): column.family for column in columns}
    groups: dict[Group, list[Candidate]] = defaultdict(list)
    for cell in cells:
        family = families[(cell.model_id, cell.config_key)]
        for row in cell.metrics.values():
            if may_be_ranked(cell, row):
                candidate = Candidate(key_of(cell), row)
                for group in _groups(cell, row, family, configs[cell.config_key]):
                    groups[group].append(candidate)
    found: dict[CellKey, list[RankMark]] = defaultdict(list)
    for (among, metric, _), candidates in groups.items():
        for key, verdict in verdicts(candidates, METRICS[metric].better == "lower").items():
            found[key].append(RankMark(metric=metric, among=among, verdict=verdict))
    return {key: tuple(items) for key, items in found.items()}


def may_be_ranked(cell: Cell, row: MetricRow) -> bool:
    """Measured, of a metric that has a better direction, and on the machine that it claims to be."""
    metric = METRICS.get(row.metric)
    if metric is None or metric.better == "neither" or row.origin != "measured":
        return False
    return cell.ranked or metric.scope not in NEEDS_THE_REAL_MACHINE


def verdicts(
    candidates: Sequence[Candidate], lower_is_better: bool
) -> dict[CellKey, Literal["best", "not_shown_to_differ"]]:
    """The leaders. One alone is `best`; leaders whose intervals overlap are not shown to differ.

    Nothing is said about a single candidate, nor where one lacks an interval: it might be the best.
    """
    intervals = [_interval(candidate.row, lower_is_better) for candidate in candidates]
    known = [interval for interval in intervals if interval is not None]
    if len(candidates) < 2 or len(known) < len(candidates):
        return {}
    reach = min(known, key=lambda interval: interval[2])[1]
    leaders = [item.key for item, (low, _, _) in zip(candidates, known, strict=True) if low <= reach]
    return {key: "best" if len(leaders) == 1 else "not_shown_to_differ" for key in leaders}


def _interval(row: MetricRow, lower_is_better: bool) -> tuple[float, float, float] | None:
    """Low end, high end and value, turned so that lower is better."""
    if row.ci_low is None or row.ci_high is None or not math.isfinite(row.value):
        return None
    allowance = RUN_TO_RUN * abs(row.value)
    low, high = row.ci_low - allowance, row.ci_high + allowance
    return (low, high, row.value) if lower_is_better else (-high, -low, -row.value)


def _groups(cell: Cell, row: MetricRow, family: str, config: RunConfig) -> tuple[Group, Group]:
    """The two groups that a figure competes in. Energy of two scopes, or two workloads, never meet."""
    scope = row.scope or ""
    workload = f"{sorted(config.shapes.items())} {config.prompt_tokens} {config.decode_tokens}"
    return (
        ("family", row.metric, (cell.device_id, family, scope, workload)),
        ("column", row.metric, (cell.model_id, cell.config_key, scope)),
    )
