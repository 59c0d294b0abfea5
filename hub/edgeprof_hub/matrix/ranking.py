"""Which figures may be compared, and which of those differ: marks for variants of a family and for devices.

A difference is claimed only where the 95 % intervals are apart. They cover the scatter inside one run each, so each is
widened by an allowance for what changes from run to run: learned where the device was calibrated, else assumed. And it
is claimed only of runs that were not spoiled: where the trust badge of one of the candidates speaks against the figure,
nobody is called the best. A mark is a hint where to look and never a verdict.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Literal, NamedTuple, Protocol

from edgeprof.tables import allowances, trust
from edgeprof.wire.messages import MetricRow, RunConfig
from edgeprof.wire.metrics import METRICS
from edgeprof.wire.rest import Cell, Column, RankMark

Among = Literal["family", "column"]
CellKey = tuple[str, str, str]
Group = tuple[Among, str, tuple[str, ...]]

NEEDS_THE_REAL_MACHINE = ("timing", "energy", "cost")
"""Scopes in which a machine that plays another one says nothing about the other one."""


class Interval(Protocol):
    """What of a figure its rank rests on."""

    @property
    def value(self) -> float: ...
    @property
    def ci_low(self) -> float | None: ...
    @property
    def ci_high(self) -> float | None: ...


class Candidate(NamedTuple):
    """One figure that may be ranked. `allowance`: the share of it that another run may differ by, see tables.

    `doubted`: the trust badge of its run speaks against it, or the device has another version of the runtime now.
    """

    key: CellKey
    row: Interval
    allowance: float = allowances.ASSUMED
    doubted: bool = False


class UnshownFigure(NamedTuple):
    """A figure of a cell that is not shown. `soak_s`: the soak that its run requested."""

    candidate: Candidate
    metric: str
    scope: str
    soak_s: float


def key_of(cell: Cell) -> CellKey:
    """Device, model, configuration."""
    return (cell.device_id, cell.model_id, cell.config_key)


def marks(
    cells: Iterable[Cell],
    columns: Sequence[Column],
    configs: Mapping[str, RunConfig],
    soaks_s: Mapping[CellKey, float] | None = None,
    metrics: Collection[str] | None = None,
    rivals: Iterable[UnshownFigure] = (),
    *,
    across_devices: bool = True,
) -> dict[CellKey, tuple[RankMark, ...]]:
    """The marks of every cell that has one. `configs`: configuration by its key. `soaks_s`: how long each soak was.

    `metrics`: those that are ranked; None: all. `rivals`: figures of the same columns on devices beyond the cells'.
    `across_devices`: mark columns, too; without it only variants of a family on one device.
    """
    families = {(column.model_id, column.config_key): column.family for column in columns}
    groups: dict[Group, list[Candidate]] = defaultdict(list)

    @cache
    def work(metric: str, config_key: str, soak_s: float) -> str:
        return _work(metric, configs[config_key], soak_s)

    for cell in cells:
        family = families[(cell.model_id, cell.config_key)]
        for row in cell.metrics.values():
            if (metrics is None or row.metric in metrics) and may_be_ranked(cell, row):
                candidate = _candidate(cell, row)
                done = work(row.metric, cell.config_key, (soaks_s or {}).get(candidate.key, 0.0))
                scope = row.scope or ""
                groups[("family", row.metric, (cell.device_id, family, scope, done))].append(candidate)
                if across_devices:
                    groups[_of_column(candidate.key, row.metric, scope, done)].append(candidate)
    for candidate, metric, scope, soak_s in rivals:
        done = work(metric, candidate.key[2], soak_s)
        groups[_of_column(candidate.key, metric, scope, done)].append(candidate)
    found: dict[CellKey, list[RankMark]] = defaultdict(list)
    for (among, metric, _), candidates in groups.items():
        for key, verdict in verdicts(candidates, METRICS[metric].better == "lower").items():
            found[key].append(RankMark(metric=metric, among=among, verdict=verdict))
    return {key: tuple(items) for key, items in found.items()}


def may_be_ranked(cell: Cell, row: MetricRow) -> bool:
    """Measured, of a metric with a better direction, on the machine that it claims to be, and its gates do not fail."""
    return row.origin == "measured" and not fails_gate(cell) and is_ranked(row.metric, on_real_machine=cell.ranked)


def fails_gate(cell: Cell) -> bool:
    """Whether the variant fails a gate of its family in this runtime on this architecture: then it leads nothing."""
    return cell.quality is not None and cell.quality.gate == "fails"


def is_ranked(metric: str, *, on_real_machine: bool) -> bool:
    """Whether a measured figure of this metric takes part in the ranking at all."""
    known = METRICS.get(metric)
    if known is None or known.better == "neither":
        return False
    return on_real_machine or known.scope not in NEEDS_THE_REAL_MACHINE


def verdicts(
    candidates: Sequence[Candidate], lower_is_better: bool
) -> dict[CellKey, Literal["best", "not_shown_to_differ"]]:
    """The leaders. One alone is `best`; leaders whose intervals overlap are not shown to differ.

    Nothing is said about a single candidate, nor where one lacks an interval: it might be the best. For the same reason
    nobody is the best where one is doubted: a run that was held back might have led.
    """
    intervals = [_interval(candidate, lower_is_better) for candidate in candidates]
    known = [interval for interval in intervals if interval is not None]
    if len(candidates) < 2 or len(known) < len(candidates):
        return {}
    reach = min(known, key=lambda interval: interval[2])[1]
    leaders = [item.key for item, (low, _, _) in zip(candidates, known, strict=True) if low <= reach]
    if len(leaders) > 1:
        return dict.fromkeys(leaders, "not_shown_to_differ")
    return {} if any(candidate.doubted for candidate in candidates) else {leaders[0]: "best"}


def work_of(config: RunConfig) -> str:
    """What a configuration computes, apart from the model: the part of `_work` that counts for every figure."""
    sizes = (config.prompt_tokens, config.decode_tokens, config.depth_tokens)
    given = (sorted(config.dims.items()), sorted(config.input_values.items()))
    return repr((sorted(config.shapes.items()), *given, *sizes, config.power_mode))


def is_told_by_work(metric: str) -> bool:
    """Whether `work_of` tells all that decides what a figure of this metric may be compared with, see `_work`."""
    return not metric.startswith(("response_", "sustained_"))


def _candidate(cell: Cell, row: MetricRow) -> Candidate:
    doubted = cell.state == "stale" or trust.doubts(cell, row.metric)
    return Candidate(key_of(cell), row, allowances.share(cell, row.metric), doubted)


def _interval(candidate: Candidate, lower_is_better: bool) -> tuple[float, float, float] | None:
    """Low end, high end and value, turned so that lower is better."""
    row = candidate.row
    if row.ci_low is None or row.ci_high is None or not math.isfinite(row.value):
        return None
    allowance = candidate.allowance * abs(row.value)
    low, high = row.ci_low - allowance, row.ci_high + allowance
    return (low, high, row.value) if lower_is_better else (-high, -low, -row.value)


def _of_column(key: CellKey, metric: str, scope: str, work: str) -> Group:
    """The group of one column on all devices. Energy of two scopes, or two kinds of work, never meet."""
    return ("column", metric, (key[1], key[2], scope, work))


def _work(metric: str, config: RunConfig, soak_s: float) -> str:
    """What the figure is of, apart from the model: figures of different work are not compared.

    The open loop and the soak come after the window and change nothing in it, so that the rate counts for response
    times only, and the soak's length, which is no part of the configuration, for sustained figures only.
    """
    parts: list[object] = [work_of(config)]
    if metric.startswith("response_"):
        parts += [config.arrival_rate_per_s]
    if metric.startswith("sustained_"):
        parts += [soak_s]
    return repr(parts)
