"""An answer card in words, for the template: every text is short, and every name links to its evidence."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from edgeprof.tables import figures
from edgeprof.tables.cost_words import NO_BREAK_EVEN, break_even_text
from edgeprof.tables.durations import duration_text
from edgeprof.tables.headline import Kind
from edgeprof.tables.quality_words import GATES, MARKS, Mark, quality_text
from edgeprof.wire import rest
from edgeprof.wire.metrics import METRICS
from edgeprof_hub.matrix.answer_cards import AnswerCard
from edgeprof_hub.matrix.belief import MIN_RUNS
from edgeprof_hub.matrix.contests import Contender, Contest
from edgeprof_hub.views.form_list import joined

REPEATS = MIN_RUNS
"""Blocks of an interleaved repeat: as many runs as a firm answer needs."""
USUAL_RUN_S = 15.0
"""Assumed of a run whose cell has none yet: start, warm-up and the default window."""
MAX_NAMED = 3

STANDINGS = {"pick": "Pick", "leader": "Leader so far", "none": "No pick"}
_NO_VOLUME: dict[rest.BreakEvenKind, str] = {
    "at_least": "no volume computed",
    "never": "never",
    "not_by_volume": "at no volume: the cloud is always on",
    "is_cloud": "",
    "unknown": "unknown: no cloud price",
}
_FASTER: dict[Kind, str] = {"inference": "as fast as", "language": "the decode rate of"}


@dataclass(frozen=True)
class Named:
    """A name that somebody chose, and the page with its evidence; `after` follows it."""

    name: str
    href: str
    after: str = ""


@dataclass(frozen=True)
class Fact:
    """One line of a card. `mark`: how a gate is drawn; `title`: what a pointer gets to know."""

    label: str
    text: str
    mark: Mark | None = None
    title: str = ""
    href: str = ""


@dataclass(frozen=True)
class CardAction:
    """The button of a card: a form with `fields`, or a link where `fields` is empty."""

    label: str
    href: str
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class AnswerView:
    """One card."""

    key: str
    device: str
    device_href: str
    about: str
    family: str
    standing: str
    state: str
    pick: Named | None = None
    figure: str = ""
    unit: str = ""
    metric: str = ""
    interval: str = ""
    compared: str = ""
    times: str = ""
    next: Named | None = None
    difference: str = ""
    facts: tuple[Fact, ...] = ()
    grade: str = ""
    reason: str = ""
    remedy: str = ""
    action: CardAction | None = None
    asides: tuple[Named, ...] = ()


def answer_view(card: AnswerCard, number: int) -> AnswerView:
    """The card, `number` from 1 in its place on the page."""
    one = card.contest
    boards = one.device_class.devices
    base = AnswerView(
        key=f"card-{number}",
        device=one.device_class.title,
        device_href=f"/devices/{boards[0].device_id}" if len(boards) == 1 else "",
        about=one.device_class.about,
        family=one.family,
        standing=STANDINGS[card.standing],
        state=card.standing,
        asides=_asides(one),
        action=_action(card),
    )
    return _empty(base, card) if card.pick is None else _led(base, card, card.pick)


def _led(base: AnswerView, card: AnswerCard, pick: Contender) -> AnswerView:
    one, cell = card.contest, pick.cell
    row, known = cell.metrics[one.metric], METRICS[one.metric]
    text, _, prefixed = figures.figure(row).partition(" ")
    made = replace(
        base,
        pick=Named(pick.column.model_name, f"/runs/{cell.result_id}", f"with {pick.column.runtime}"),
        figure=text,
        unit=prefixed or known.unit,
        metric=known.title,
        interval=figures.interval(row) or "",
        compared=_compared(one, pick),
        facts=(*_quality(cell), *_cost(cell), *_memory(cell)),
    )
    if card.next is not None:
        made = replace(
            made,
            times="not shown to be better than"
            if card.times is None
            else f"{times_text(card.times)} {_FASTER[one.kind]}",
            next=Named(card.next.column.model_name, f"/runs/{card.next.cell.result_id}"),
            difference="" if card.is_apart else "no difference shown",
        )
    if card.belief is None:
        return made
    return replace(made, grade=card.belief.grade, reason=card.belief.reason, remedy=card.belief.remedy)


def _empty(base: AnswerView, card: AnswerCard) -> AnswerView:
    one = card.contest
    if one.open_jobs:
        reason = f"{_counted(one.open_jobs, 'run')} in progress. No figure yet."
    elif one.stale:
        reason = "Every figure is from another runtime version."
    elif one.failing:
        reason = "Every measured variant fails its gate."
    else:
        codes = ", ".join(sorted({cell.failure_code or "refused" for _, cell in one.failed}))
        reason = f"No variant ran. {_counted(len(one.failed), 'failure')}: {codes}."
    return replace(base, reason=reason, grade="open")


def times_text(times: float) -> str:
    """`1.65×`; from 10 on without decimals.

    >>> times_text(1.649), times_text(31.7)
    ('1.65×', '32×')
    """
    return f"{times:.0f}×" if times >= 10 else f"{times:.2f}×"


def about_text(seconds: float) -> str:
    """Rounded up to 10 s, because a queue is never faster than its runs.

    >>> about_text(31.0), about_text(170.0)
    ('about 40 s', 'about 2 min 50 s')
    """
    return f"about {duration_text(math.ceil(seconds / 10) * 10)}"


def _compared(one: Contest, pick: Contender) -> str:
    variants = f"of {len(one.contenders)} measured variants" if len(one.contenders) > 1 else "the only measured variant"
    of = len(one.device_class.devices)
    if of == 1:
        return variants
    boards = f"{of} boards" if pick.boards == of else f"{pick.boards} of {of} boards"
    if pick.boards == 1:
        return f"{variants}, on {boards}"
    return f"{variants}, the board nearest to the median of {boards}"


def _quality(cell: rest.Cell) -> tuple[Fact, ...]:
    found = cell.quality
    if found is None:
        return (Fact("quality", "not measured", title="Evaluate it on a set: the flash page offers them."),)
    href = f"/runs/{found.result_id}" if found.result_id else ""
    text = ""
    if found.value is not None:
        text = quality_text(found.metric, found.value, found.ci_low, found.ci_high, found.n)
    if not found.gate:
        return (Fact("quality", f"{text}, no gate" if text else "not measured, no gate", href=href),)
    sentences = " ".join(found.gate_sentences)
    gate = Fact("gate", GATES[found.gate], MARKS[found.gate], sentences, href and f"{href}#gates-h")
    return (gate, Fact("quality", text, href=href)) if text else (gate,)


def _cost(cell: rest.Cell) -> tuple[Fact, ...]:
    cost = cell.cost
    if cost is None:
        reason = cell.cost_absent or "No reason given."
        return (Fact("cost", "not computed", title=reason, href=f"/devices/{cell.device_id}"),)
    href = f"/runs/{cell.result_id}"
    here = Fact("cost", f"{figures.usd(cost.edge_usd)} per {cost.unit}", href=href)
    if cost.break_even_kind == "is_cloud":
        return (here,)
    volume = break_even_text(cost)
    text = _NO_VOLUME[cost.break_even_kind] if volume is None else f"{volume} against {cost.cloud_name}"
    title = NO_BREAK_EVEN[cost.break_even_kind] if volume is None else f"{cost.cloud_basis}, as of {cost.as_of}"
    return here, Fact("break-even", text, title=title, href=href)


def _memory(cell: rest.Cell) -> tuple[Fact, ...]:
    row = cell.metrics.get("peak_memory_mib")
    text = "not measured" if row is None else f"{figures.figure(row)} MiB peak"
    return (Fact("memory", text),)


def _asides(one: Contest) -> tuple[Named, ...]:
    """Variants that take no part, with the reason."""
    failing = [Named(column.model_name, f"/models/{column.model_id}", "fails its gate") for column in one.failing]
    failed = [
        Named(column.model_name, f"/runs/{cell.result_id}" if cell.result_id else "", _failed_text(cell))
        for column, cell in one.failed
    ]
    found = [*failing, *failed]
    if len(found) <= MAX_NAMED:
        return tuple(found)
    return (*found[:MAX_NAMED], Named("", "", f"and {len(found) - MAX_NAMED} more without a figure"))


def _failed_text(cell: rest.Cell) -> str:
    return f"failed: {cell.failure_code or 'refused'}"


def _action(card: AnswerCard) -> CardAction | None:
    """What raises the belief at once."""
    one = card.contest
    wanted = card.belief.action if card.belief else "repeat" if one.stale and not one.contenders else ""
    if wanted == "repeat" and card.repeat:
        ids = [cell.result_id for cell in card.repeat if cell.result_id]
        repeats = 1 if one.stale else REPEATS
        how = "" if len(ids) == 1 or one.stale else " interleaved"
        label = f"{'Run' if one.stale else 'Repeat'} {len(ids)}{how}, {about_text(_takes_s(card, repeats))}"
        return CardAction(label, "/runs/repeat", (("repeats", str(repeats)), ("run", joined(ids))))
    if wanted == "run_missing":
        takes_s = USUAL_RUN_S * max(_per_device(one.missing).values())
        label = f"Run the other {len(one.missing)}, {about_text(takes_s)}"
        return CardAction(label, "/cells/run-all", (("cell", joined("/".join(key) for key in one.missing)),))
    if wanted in ("flash", "evaluate") and card.pick is not None:
        chosen = f"model={card.pick.column.model_id}&device={card.pick.cell.device_id}"
        return CardAction("Choose a variant" if wanted == "flash" else "Choose a set", f"/flash?{chosen}")
    return None


def _takes_s(card: AnswerCard, repeats: int) -> float:
    """Devices work at the same time: what the busiest of them needs."""
    known = card.run_s or {}
    usual = sum(known.values()) / len(known) if known else USUAL_RUN_S
    needs: dict[str, float] = {}
    for cell in card.repeat:
        seconds = known.get((cell.device_id, cell.model_id, cell.config_key), usual)
        needs[cell.device_id] = needs.get(cell.device_id, 0.0) + seconds * repeats
    return max(needs.values(), default=0.0)


def _per_device(cells: Sequence[rest.CellKey]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for device_id, _, _ in cells:
        counts[device_id] = counts.get(device_id, 0) + 1
    return counts


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"
