"""The answers at the top of the page: for each class of device and family the pick, and how far to believe it.

A *pick* is named only where the ranking names a best on every board that has it: intervals apart, no badge against a
candidate, and no board on which the pick failed. Anything less is the *leader so far*.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from edgeprof.tables import allowances, trust
from edgeprof.wire import rest
from edgeprof_hub.matrix.belief import Belief, ContestEvidence, belief_of, is_separate
from edgeprof_hub.matrix.contests import Contender, Contest, boards_agree, contests, figure_of, ratio
from edgeprof_hub.store.history import PastRun

MAX_SHOWN = 6
"""Cards of a first look; a link shows the rest."""

Standing = Literal["pick", "leader", "none"]
PastRuns = Callable[[Sequence[rest.CellKey], str], Mapping[rest.CellKey, Sequence[PastRun]]]
"""The newest measured runs of cells, newest first, with their figure of a metric."""


@dataclass(frozen=True)
class AnswerCard:
    """`times`: how many times as good as `next`; None where the boards that have both say the opposite.

    `repeat`: the cells that would raise the belief if they ran again.
    """

    contest: Contest
    standing: Standing
    pick: Contender | None = None
    next: Contender | None = None
    times: float | None = None
    is_apart: bool = False
    belief: Belief | None = None
    repeat: tuple[rest.Cell, ...] = ()
    run_s: Mapping[rest.CellKey, float] | None = None
    """Seconds that the newest run of each cell took, where known."""


@dataclass(frozen=True)
class Answers:
    """`cards` are those shown of `of`; `played`: devices that have none because another machine plays them."""

    cards: tuple[AnswerCard, ...]
    of: int
    played: int
    is_synthetic: bool = False


def answer_cards(table: rest.CompareTable, past_runs: PastRuns, *, all_of_them: bool = False) -> Answers:
    """The cards of a table, those that matter first: of each class the firmest, then the next firmest of each."""
    if table.synthetic:
        return Answers((), 0, 0, is_synthetic=bool(table.cells))
    found = contests(table)
    ordered = _by_weight(found)
    shown = ordered if all_of_them else ordered[:MAX_SHOWN]
    played = sum(bool(device.played) for device in table.devices)
    return Answers(tuple(_card(one, past_runs) for one in shown), len(found), played)


def _by_weight(found: Sequence[Contest]) -> list[Contest]:
    """Each class's best-founded contest first, so that a fleet's first cards are of many devices."""
    strongest = sorted(found, key=_weight)
    place: dict[str, int] = {}
    ranked: list[tuple[int, Contest]] = []
    for one in strongest:
        key = one.device_class.key
        place[key] = place.get(key, -1) + 1
        ranked.append((place[key], one))
    return [one for _, one in sorted(ranked, key=lambda pair: pair[0])]


def _weight(one: Contest) -> tuple[bool, int, int]:
    """Less is better founded: a best that is marked, then more variants compared, then more boards."""
    marked = bool(one.contenders) and _verdicts(one.contenders[0], one.metric) == {"best"}
    return (not marked, -min(len(one.contenders), 2), -len(one.device_class.devices))


def _card(one: Contest, past_runs: PastRuns) -> AnswerCard:
    if not one.contenders:
        return AnswerCard(one, "none", repeat=one.stale)
    pick = one.contenders[0]
    other = one.contenders[1] if len(one.contenders) > 1 else None
    lower = one.lower_is_better
    rivals = _rivals(one)
    wanted = [cell for each in (pick, other) if each for cell in each.cells]
    past = past_runs([_key(cell) for cell in [*wanted, *one.stale]], one.metric)
    is_apart = all(_is_apart(pick, each, one.metric, lower_is_better=lower) for each in one.contenders[1:])
    is_marked = _verdicts(pick, one.metric) == {"best"}
    has_failed = any(column == pick.column for column, _ in one.failed)
    seen = ContestEvidence(
        contenders=len(one.contenders),
        is_apart=is_apart,
        has_intervals=all(_has_interval(cell, one.metric) for each in one.contenders for cell in each.cells),
        agree=other is None or boards_agree(pick, other, lower_is_better=lower),
        doubts=_doubts(one),
        stale=len(one.stale),
        open_jobs=one.open_jobs,
        missing=len(one.missing),
        gate=_gate(pick),
        has_failed=has_failed,
        is_everywhere=is_marked
        and all(len(each.cells) == len(one.device_class.devices) for each in (pick, other) if each),
    )
    if other is not None:
        seen = replace(seen, **_of_runs(pick, other, past, lower_is_better=lower))
    settled = not (one.stale or one.open_jobs)
    is_pick = settled and is_apart and other is not None and is_marked and not has_failed
    times = None if other is None else ratio(pick, other, lower_is_better=lower)
    return AnswerCard(
        contest=one,
        standing="pick" if is_pick else "leader",
        pick=pick,
        next=other,
        times=None if times is None or times < 1 else times,
        is_apart=is_apart,
        belief=belief_of(seen),
        repeat=one.stale or tuple(cell for each in rivals for cell in each.cells),
        run_s={key: runs[0].seconds for key, runs in past.items() if runs and runs[0].seconds > 0},
    )


def _of_runs(
    pick: Contender, other: Contender, past: Mapping[rest.CellKey, Sequence[PastRun]], *, lower_is_better: bool
) -> dict[str, int | bool]:
    """How many comparable runs both have on each board, and whether they are separate on every one."""
    theirs = {cell.device_id: _comparable(past, cell) for cell in other.cells}
    pairs = [(_comparable(past, cell), theirs[cell.device_id]) for cell in pick.cells if cell.device_id in theirs]
    if not pairs:
        return {"runs": 1, "is_separate": False}
    runs = min(len(each) for pair in pairs for each in pair)
    separate = all(is_separate(mine, them, lower_is_better=lower_is_better) for mine, them in pairs)
    return {"runs": max(1, runs), "is_separate": separate}


def _comparable(past: Mapping[rest.CellKey, Sequence[PastRun]], cell: rest.Cell) -> list[float]:
    """Values of the cell's sound runs by the version of the runtime that its newest run had."""
    runs = past.get(_key(cell), ())
    return [run.value for run in runs if run.is_sound and run.runtime == runs[0].runtime]


def _rivals(one: Contest) -> list[Contender]:
    """The leader, and everybody whose widened interval reaches its own; at least the next."""
    pick, lower = one.contenders[0], one.lower_is_better
    near = [
        each for each in one.contenders[1:] if not _is_apart(pick, each, one.metric, lower_is_better=lower)
    ] or one.contenders[1:2]
    return [pick, *near]


def _is_apart(pick: Contender, other: Contender, metric: str, *, lower_is_better: bool) -> bool:
    """On every board that has both; where no board has both, of the outermost ends."""
    mine, theirs = _spans(pick, metric), _spans(other, metric)
    if not mine or not theirs:
        return False
    shared = [(mine[key], theirs[key]) for key in mine if key in theirs]
    if not shared:
        shared = [(_hull(mine.values()), _hull(theirs.values()))]
    return all(first[1] < second[0] if lower_is_better else first[0] > second[1] for first, second in shared)


def _spans(contender: Contender, metric: str) -> dict[str, tuple[float, float]]:
    """The widened interval on each board."""
    found: dict[str, tuple[float, float]] = {}
    for cell in contender.cells:
        row = cell.metrics[metric]
        if row.ci_low is not None and row.ci_high is not None:
            allowance = allowances.share(cell, metric) * abs(row.value)
            found[cell.device_id] = (row.ci_low - allowance, row.ci_high + allowance)
    return found


def _hull(spans: Iterable[tuple[float, float]]) -> tuple[float, float]:
    ends = list(spans)
    return min(low for low, _ in ends), max(high for _, high in ends)


def _has_interval(cell: rest.Cell, metric: str) -> bool:
    row = figure_of(cell, metric)
    return row is not None and row.ci_low is not None and row.ci_high is not None


def _verdicts(contender: Contender, metric: str) -> set[str]:
    """What the ranking says of it among its family, on each board."""
    return {
        next((mark.verdict for mark in cell.marks if mark.metric == metric and mark.among == "family"), "none")
        for cell in contender.cells
    }


def _doubts(one: Contest) -> tuple[str, ...]:
    cells = [cell for each in one.contenders for cell in each.cells]
    doubted = [cell for cell in cells if trust.doubts(cell, one.metric)]
    return tuple(dict.fromkeys(cause for cell in doubted for cause in trust.causes(cell.trust)))


def _gate(pick: Contender) -> rest.VerdictState | None:
    """Of all boards; one that is undecided makes the whole undecided."""
    states: list[rest.VerdictState] = [
        cell.quality.gate for cell in pick.cells if cell.quality is not None and cell.quality.gate is not None
    ]
    return "undecided" if "undecided" in states else next(iter(states), None)


def _key(cell: rest.Cell) -> rest.CellKey:
    return (cell.device_id, cell.model_id, cell.config_key)
