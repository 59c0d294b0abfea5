"""The answers at the top of the page: one or two sentences from the marks of the matrix, as firm as the data allow.

A winner is named only where the ranking names one (intervals apart, no badge against any of the candidates), on a
device that is not emulated, and while no figure it was compared with is stale, predicted or being measured again.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from edgeprof.tables import figures
from edgeprof.tables.cost_words import break_even_text
from edgeprof.tables.headline import HEADLINES, Kind, kind_of
from edgeprof.wire import rest
from edgeprof.wire.messages import MetricRow
from edgeprof.wire.metrics import METRICS
from edgeprof_hub.matrix.ranking import fails_gate

MAX_ANSWERS = 2
MAX_NAMED = 3
FASTEST: dict[Kind, str] = {"inference": "is fastest", "language": "generates tokens fastest"}

SYNTHETIC = "No winner: nothing here was measured. Every device, model and result is synthetic."

Verdict = Literal["best", "not_shown_to_differ", "none"]


@dataclass(frozen=True)
class TextPart:
    """A piece of a sentence, and the page that shows its evidence. `is_name`: somebody chose this text."""

    text: str
    href: str | None = None
    is_name: bool = False


@dataclass(frozen=True)
class Answer:
    """One sentence or two about a family on a device. `leaders`: the cells that it is about."""

    verdict: Verdict
    parts: tuple[TextPart, ...]
    device_id: str = ""
    leaders: tuple[rest.Cell, ...] = ()

    @property
    def text(self) -> str:
        """The sentence without its links."""
        return "".join(part.text for part in self.parts)


@dataclass(frozen=True)
class _Group:
    """Variants of one family on one device that did the same work, and the metric that leads."""

    device: rest.DeviceRecord
    kind: Kind
    metric: str
    cells: tuple[tuple[rest.Cell, rest.Column], ...]
    """Without variants that fail a gate."""
    failing: tuple[tuple[rest.Cell, rest.Column], ...] = ()

    def leaders(self, verdict: Verdict) -> tuple[tuple[rest.Cell, rest.Column], ...]:
        return tuple(pair for pair in self.cells if _verdict(pair[0], self.metric) == verdict)


def answers(table: rest.CompareTable) -> tuple[Answer, ...]:
    """The answers, a winner before a tie; else one sentence with the reason for none."""
    if table.synthetic:
        return (Answer("none", (TextPart(SYNTHETIC),)),) if table.cells else ()
    groups = [group for group in _groups(table) if _is_settled(group)]
    found = [answer for group in groups if (answer := _answer(group)) is not None]
    found.sort(key=lambda answer: answer.verdict != "best")
    if found:
        return tuple(found[:MAX_ANSWERS])
    return (Answer("none", (TextPart(_why_none(table)),)),) if table.cells else ()


def _groups(table: rest.CompareTable) -> list[_Group]:
    """In the order of the matrix. A device that is played by another machine has no group."""
    columns = {(column.model_id, column.config_key): column for column in table.columns}
    by_device: dict[str, list[rest.Cell]] = defaultdict(list)
    for cell in table.cells:
        by_device[cell.device_id].append(cell)
    own = [device for device in table.devices if not device.played]
    return [group for device in own for group in _groups_of(device, by_device[device.device_id], columns)]


def _groups_of(
    device: rest.DeviceRecord, cells: Sequence[rest.Cell], columns: Mapping[tuple[str, str], rest.Column]
) -> list[_Group]:
    found: dict[tuple[str, Kind, str], list[tuple[rest.Cell, rest.Column]]] = defaultdict(list)
    for cell in cells:
        column = columns[(cell.model_id, cell.config_key)]
        found[(column.family, kind_of(column.format), column.work)].append((cell, column))
    return [_group(device, kind, pairs) for (_, kind, _), pairs in found.items()]


def _group(device: rest.DeviceRecord, kind: Kind, pairs: Sequence[tuple[rest.Cell, rest.Column]]) -> _Group:
    failing = tuple(pair for pair in pairs if fails_gate(pair[0]))
    return _Group(
        device, kind, HEADLINES[kind][0].metric, tuple(pair for pair in pairs if not fails_gate(pair[0])), failing
    )


def _is_settled(group: _Group) -> bool:
    """Every figure of it is measured, of the newest run, and of the device itself. A failure has no figure."""
    with_figures = [cell for cell, _ in group.cells if cell.state not in ("failed", "not_run")]
    return all(_is_settled_cell(cell, group.metric) for cell in with_figures)


def _is_settled_cell(cell: rest.Cell, metric: str) -> bool:
    row = cell.metrics.get(metric)
    return cell.state == "measured" and cell.ranked and (row is None or row.origin == "measured")


def _answer(group: _Group) -> Answer | None:
    best, same = group.leaders("best"), group.leaders("not_shown_to_differ")
    return _winner(group, *best[0]) if best else _tie(group, same) if same else None


def _verdict(cell: rest.Cell, metric: str) -> Verdict:
    for mark in cell.marks:
        if mark.metric == metric and mark.among == "family":
            return mark.verdict
    return "none"


def _winner(group: _Group, cell: rest.Cell, column: rest.Column) -> Answer:
    compared = sum(group.metric in other.metrics for other, _ in group.cells)
    parts = (
        *_where(group.device),
        *_named(cell, column),
        TextPart(f" {FASTEST[group.kind]} of {compared} measured variants ({_figure(cell.metrics[group.metric])})."),
        *_gates(group, [(cell, column)]),
        *_cloud(cell),
    )
    return Answer("best", parts, group.device.device_id, (cell,))


def _tie(group: _Group, leaders: Sequence[tuple[rest.Cell, rest.Column]]) -> Answer:
    shown = leaders[:MAX_NAMED]
    named = [(*_named(cell, column), TextPart(f" ({_figure(cell.metrics[group.metric])})")) for cell, column in shown]
    parts = [*_where(group.device), *named[0]]
    for index, each in enumerate(named[1:], 2):
        ends = index == len(named) and len(shown) == len(leaders)
        parts += [TextPart(" and " if ends else ", "), *each]
    if len(shown) < len(leaders):
        parts.append(TextPart(f" and {len(leaders) - len(shown)} more"))
    parts.append(TextPart(" lead; no difference between them is shown."))
    parts += _gates(group, leaders)
    return Answer("not_shown_to_differ", tuple(parts), group.device.device_id, tuple(cell for cell, _ in leaders))


def _gates(group: _Group, leaders: Sequence[tuple[rest.Cell, rest.Column]]) -> list[TextPart]:
    """Whether the leaders hold their gates, and who does not take part because it fails one."""
    states = [cell.quality.gate for cell, _ in leaders if cell.quality is not None]
    parts: list[TextPart] = []
    if "undecided" in states:
        whose = "Its gate" if len(leaders) == 1 else "The gate of at least one of them"
        parts.append(TextPart(f" {whose} is undecided."))
    for cell, column in group.failing[:MAX_NAMED]:
        parts += [TextPart(" "), *_named(cell, column), TextPart(" fails its gate and is not ranked.")]
    if len(group.failing) > MAX_NAMED:
        parts.append(TextPart(f" {len(group.failing) - MAX_NAMED} more fail theirs."))
    return parts


def _where(device: rest.DeviceRecord) -> tuple[TextPart, ...]:
    return TextPart("On "), TextPart(device.label, f"/devices/{device.device_id}", is_name=True), TextPart(", ")


def _named(cell: rest.Cell, column: rest.Column) -> tuple[TextPart, ...]:
    return TextPart(column.model_name, f"/runs/{cell.result_id}", is_name=True), TextPart(f" with {column.runtime}")


def _figure(row: MetricRow) -> str:
    """`p50 0.31 ms, 95 % 0.29–0.33`, as each cell shows it."""
    known = METRICS[row.metric]
    interval = figures.interval(row)
    return f"{known.title} {figures.figure(row)} {known.unit}{f', 95 % {interval}' if interval else ''}"


def _cloud(cell: rest.Cell) -> tuple[TextPart, ...]:
    """Its break-even volume. The run's page has the formula and what it does not count."""
    cost = cell.cost
    if cost is None or cost.cloud_usd is None or cost.break_even_kind != "at_least":
        return ()
    volume = break_even_text(cost)
    if volume is None:
        return ()
    return (
        TextPart(f" Against {cost.cloud_name} (prices of {cost.as_of}) it "),
        TextPart("breaks even", f"/runs/{cell.result_id}"),
        TextPart(f" at {volume}, by assumed prices and lifetime."),
    )


def _why_none(table: rest.CompareTable) -> str:
    own = {device.device_id for device in table.devices if not device.played}
    if not own:
        return "No winner: every device here is emulated or replayed, and those are never ranked."
    cells = [cell for cell in table.cells if cell.device_id in own]
    if any(cell.state in ("running", "queued") for cell in cells):
        return "No winner yet: runs are in progress."
    if any(cell.state == "stale" for cell in cells):
        return "No winner: some results are stale because their devices changed runtime. Run them again."
    groups = _groups(table)
    if not any(_comparable(group) for group in groups):
        if any(group.failing for group in groups):
            return "No winner: at most one variant of each family does not fail its gate."
        return "No winner: no device has measured two variants of one family."
    return "No winner: a candidate has a badge that casts doubt on it, or no interval."


def _comparable(group: _Group) -> bool:
    return sum(group.metric in cell.metrics for cell, _ in group.cells) > 1
