"""Who competes with whom for an answer: the variants of one family that did the same work on one class of device.

A class is a device profile: several boards of one kind answer together. A device that another machine plays, and one
without a profile, never joins others.
"""

import math
import statistics
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from edgeprof.tables.headline import HEADLINES, Kind, kind_of
from edgeprof.wire import rest
from edgeprof.wire.metrics import METRICS
from edgeprof_hub.matrix.ranking import fails_gate

OPEN_STATES = ("running", "queued")


@dataclass(frozen=True)
class DeviceClass:
    """Devices of one kind. `title`: the board's name where it is one, else the kind's."""

    key: str
    title: str
    about: str
    devices: tuple[rest.DeviceRecord, ...]


@dataclass(frozen=True)
class Contender:
    """A variant and its cells with a figure, one for each board of the class.

    `value`: the median over `boards` boards: those that all contenders have, because boards differ; where they have
    none in common, over all of its own. The cells of those boards come first, the nearest to the median before all.
    """

    column: rest.Column
    cells: tuple[rest.Cell, ...]
    value: float
    boards: int

    @property
    def cell(self) -> rest.Cell:
        """The cell whose run stands for it: of the board nearest to the median."""
        return self.cells[0]


@dataclass(frozen=True)
class Contest:
    """All that an answer card is made of, best first. `failing`: variants that fail a gate and so cannot lead.

    `failed`: cells whose newest run failed. `missing`: cells that nobody has run. `open_jobs`: running and queued.
    """

    device_class: DeviceClass
    family: str
    kind: Kind
    metric: str
    work: str
    contenders: tuple[Contender, ...]
    failing: tuple[rest.Column, ...] = ()
    failed: tuple[tuple[rest.Column, rest.Cell], ...] = ()
    missing: tuple[rest.CellKey, ...] = ()
    open_jobs: int = 0
    stale: tuple[rest.Cell, ...] = ()

    @property
    def lower_is_better(self) -> bool:
        """Of the metric that leads."""
        return METRICS[self.metric].better != "higher"


def device_classes(devices: Iterable[rest.DeviceRecord]) -> tuple[DeviceClass, ...]:
    """In the order of their first device, without devices that another machine plays."""
    found: dict[str, list[rest.DeviceRecord]] = defaultdict(list)
    for device in devices:
        if not device.played:
            joins = device.profile_id and not device.is_endpoint
            found[f"kind {device.profile_id}" if joins else f"device {device.device_id}"].append(device)
    return tuple(_class(key, members) for key, members in found.items())


def contests(table: rest.CompareTable) -> tuple[Contest, ...]:
    """Of all classes and families of the table, in its order; those in which nothing has an outcome are left out."""
    by_place = {(cell.device_id, cell.model_id, cell.config_key): cell for cell in table.cells}
    groups: dict[tuple[str, Kind, str], list[rest.Column]] = defaultdict(list)
    for column in table.columns:
        groups[column.family, kind_of(column.format), column.work].append(column)
    made = (
        _contest(each, family, kind, work, columns, by_place)
        for each in device_classes(table.devices)
        for (family, kind, work), columns in groups.items()
    )
    return tuple(one for one in made if one.contenders or one.failing or one.failed or one.open_jobs or one.stale)


def ratio(better: Contender, other: Contender, *, lower_is_better: bool) -> float:
    """How many times as good: the geometric mean over the boards that have both, else of the two medians.

    Geometric, because a ratio and its inverse must average to 1 (Fleming and Wallace, 1986).
    """
    mine, theirs = _values(better), _values(other)
    shared = [(mine[key], theirs[key]) for key in mine if key in theirs] or [(better.value, other.value)]
    logs = [math.log(second / first) for first, second in shared if first > 0 and second > 0]
    if not logs:
        return 1.0
    mean = math.exp(statistics.fmean(logs))
    return mean if lower_is_better else 1 / mean


def boards_agree(better: Contender, other: Contender, *, lower_is_better: bool) -> bool:
    """Whether every board that has both puts them in the same order."""
    mine, theirs = _values(better), _values(other)
    return all(
        (mine[key] <= theirs[key]) == lower_is_better or mine[key] == theirs[key] for key in mine if key in theirs
    )


def figure_of(cell: rest.Cell, metric: str) -> rest.MetricRow | None:
    """The cell's measured figure, where it may be ranked at all."""
    row = cell.metrics.get(metric)
    if row is None or row.origin != "measured" or not math.isfinite(row.value) or not cell.ranked:
        return None
    return row


def _class(key: str, members: Sequence[rest.DeviceRecord]) -> DeviceClass:
    title = members[0].profile_title or "no profile"
    if len(members) == 1:
        return DeviceClass(key, members[0].label, title, tuple(members))
    named = ", ".join(device.label for device in members[:3])
    more = f" and {len(members) - 3} more" if len(members) > 3 else ""
    return DeviceClass(key, title, f"{len(members)} boards: {named}{more}", tuple(members))


def _contest(
    device_class: DeviceClass,
    family: str,
    kind: Kind,
    work: str,
    columns: Sequence[rest.Column],
    by_place: Mapping[rest.CellKey, rest.Cell],
) -> Contest:
    metric = HEADLINES[kind][0].metric
    able: list[tuple[rest.Column, list[rest.Cell]]] = []
    failing: list[rest.Column] = []
    failed: list[tuple[rest.Column, rest.Cell]] = []
    missing: list[rest.CellKey] = []
    open_jobs, stale = 0, list[rest.Cell]()
    for column in columns:
        cells: list[rest.Cell] = []
        for device in device_class.devices:
            key = (device.device_id, column.model_id, column.config_key)
            cell = by_place.get(key)
            if cell is None or cell.state == "not_run":
                missing += [key] if device.measures(column.format) else []
            elif cell.state == "failed":
                failed.append((column, cell))
            elif cell.state == "stale":
                stale.append(cell)
            else:
                open_jobs += cell.state in OPEN_STATES
                cells += [cell] if figure_of(cell, metric) else []
        if cells and any(fails_gate(cell) for cell in cells):
            failing.append(column)
        elif cells:
            able.append((column, cells))
    contenders = _ranked(able, metric)
    return Contest(
        device_class,
        family,
        kind,
        metric,
        work,
        tuple(contenders),
        tuple(failing),
        tuple(failed),
        tuple(missing),
        open_jobs,
        tuple(stale),
    )


def _ranked(able: Sequence[tuple[rest.Column, Sequence[rest.Cell]]], metric: str) -> list[Contender]:
    """Best first, by the boards that all of them have."""
    boards = [{cell.device_id for cell in cells} for _, cells in able]
    shared = set[str].intersection(*boards) if boards else set[str]()
    sign = 1 if METRICS[metric].better != "higher" else -1
    found = [_contender(column, cells, metric, shared) for column, cells in able]
    return sorted(found, key=lambda one: sign * one.value)


def _contender(column: rest.Column, cells: Sequence[rest.Cell], metric: str, shared: Collection[str]) -> Contender:
    basis = [cell for cell in cells if cell.device_id in shared] or list(cells)
    others = [cell for cell in cells if cell not in basis]
    value = statistics.median(cell.metrics[metric].value for cell in basis)
    nearest = sorted(basis, key=lambda cell: abs(cell.metrics[metric].value - value))
    return Contender(column, (*nearest, *others), value, len(basis))


def _values(contender: Contender) -> dict[str, float]:
    metric = HEADLINES[kind_of(contender.column.format)][0].metric
    return {cell.device_id: cell.metrics[metric].value for cell in contender.cells}
