"""The capability page: what a family's models can do. Rows are tasks, columns are models on devices."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edgeprof.quality.alarms import divergence_alarm
from edgeprof.quality.capability import CapabilityRow, with_distinct_sets
from edgeprof.quality.effective_context import THRESHOLD
from edgeprof.quality.tasks.table import TASKS
from edgeprof.tables import figures
from edgeprof.wire import rest
from edgeprof.wire.figures import MetricRow
from edgeprof.wire.metrics import METRICS

Column = tuple[str, str, str]
"""Model with its quantization, device, runtime."""


@dataclass(frozen=True)
class CapabilityCell:
    """`value` empty: `absent` has the reason. `few_shot`: against the same cell without examples."""

    result_id: str
    value: str
    interval: str
    counts: str
    shows: str
    """The smallest difference between two models that so many items can show."""
    few_shot: str
    absent: str
    alarm: str = ""
    """Of a divergence from the source."""
    chance: str = ""
    """Where the figure is not shown to be above the chance level."""


@dataclass(frozen=True)
class CapabilityLine:
    """One task in one setting. A cell is None where that model was not evaluated there."""

    title: str
    settings: tuple[str, ...]
    metric: str
    cells: tuple[CapabilityCell | None, ...]


@dataclass(frozen=True)
class CapabilityPage:
    """`name`: of a family or a model."""

    name: str
    family: str
    columns: tuple[Column, ...]
    lines: tuple[CapabilityLine, ...]
    gates: tuple[str, ...]
    problem: str = ""
    sets: tuple[rest.LeadSet, ...] = ()
    """What the family's models answered; one of them leads."""


def capability_page(
    name: str,
    family: str,
    rows: Sequence[CapabilityRow],
    gates: Sequence[str],
    problem: str = "",
    sets: Sequence[rest.LeadSet] = (),
) -> CapabilityPage:
    """The page of these rows, which are sorted here for reading."""
    columns = tuple(sorted({(row.model, row.device, row.runtime) for row in rows}))
    groups: dict[tuple[str | int, ...], list[CapabilityRow]] = {}
    for row in sorted(with_distinct_sets(rows), key=_order):
        groups.setdefault(_order(row), []).append(row)
    lines: list[CapabilityLine] = []
    for key, found in groups.items():
        lines.append(_line(found, columns))
        if found[0].context_tokens and key == max(each for each in groups if each[:-1] == key[:-1]):
            lines.append(_context_line(found, columns))
    return CapabilityPage(
        name=name,
        family=family,
        columns=columns,
        lines=tuple(lines),
        gates=tuple(gates),
        problem=problem,
        sets=tuple(sets),
    )


def _order(row: CapabilityRow) -> tuple[str | int, ...]:
    setting = (row.domain, row.task, row.set_name, row.set_id, row.perturbation, row.language)
    return (*setting, row.shots, row.context_tokens or 0)


def _line(rows: Sequence[CapabilityRow], columns: Iterable[Column]) -> CapabilityLine:
    first, cells = rows[0], {(row.model, row.device, row.runtime): _cell(row) for row in rows}
    task, known = TASKS.get(first.task), METRICS.get(first.metric)
    settings = (
        first.domain,
        task.title if task else first.task,
        first.language,
        first.perturbation,
        f"{first.shots} example{'s' * (first.shots > 1)}" if first.shots else "",
        f"{first.context_tokens:,} tokens" if first.context_tokens else "",
        "" if first.chance_percent is None else f"chance level: {first.chance_percent:.3g}\u00a0%",
    )
    return CapabilityLine(
        title=first.set_name or first.set_id[:12],
        settings=tuple(filter(None, settings)),
        metric=f"{known.title}{f', {known.unit}' if known.unit else ''}" if known else first.metric,
        cells=tuple(cells.get(column) for column in columns),
    )


def _context_line(rows: Sequence[CapabilityRow], columns: Iterable[Column]) -> CapabilityLine:
    """How far the model can use its context, under the lengths that it rests on."""
    cells = {(row.model, row.device, row.runtime): _context_cell(row) for row in rows}
    return CapabilityLine(
        title="Effective context",
        settings=(rows[0].set_name or rows[0].set_id[:12], f"at least {100 * THRESHOLD:g} % right up to there"),
        metric="tokens, with the 95 % interval of the length",
        cells=tuple(cells.get(column) for column in columns),
    )


def _context_cell(row: CapabilityRow) -> CapabilityCell:
    value, _, rest_of_it = row.effective_context.partition(" tokens ")
    interval, _, nominal = rest_of_it.partition(")")
    nominal = nominal.removeprefix(" of ").removesuffix(" nominal")
    return CapabilityCell(
        result_id=row.result_id,
        value=value,
        interval=interval.removeprefix("("),
        counts=f"nominal: {nominal}" if nominal else "nominal: not stated",
        shows="",
        few_shot="",
        absent="",
    )


def _cell(row: CapabilityRow) -> CapabilityCell:
    if row.value is None:
        return CapabilityCell(row.result_id, "", "", "", "", "", row.absent)
    figure = MetricRow(metric=row.metric, value=row.value, n=row.n, ci_low=row.ci_low, ci_high=row.ci_high)
    of = "" if row.n == row.asked else f" of {row.asked:,}"
    few = row.few_shot
    return CapabilityCell(
        result_id=row.result_id,
        value=figures.figure(figure),
        interval=figures.interval(figure) or "no interval",
        counts=f"{row.n:,}{of} items",
        shows="" if row.smallest_difference is None else f"shows {figures.number(row.smallest_difference)} points",
        few_shot=""
        if few is None
        else f"{few.value:+.2g} against no examples ({few.ci_low:+.2g} to {few.ci_high:+.2g})",
        absent="",
        alarm=divergence_alarm(row.metric, row.value),
        chance="" if row.is_above_chance else "not above the chance level",
    )
