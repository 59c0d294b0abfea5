"""What `edgeprof profile` prints by default: one row per set-up, the verdict, then at most ten lines. Pure."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgeprof.tables.figures import clean
from edgeprof.tables.remedies import remedy
from edgeprof.tables.setups.names import Named, names_of
from edgeprof.tables.setups.rows import SetupRow, row_of
from edgeprof.tables.setups.text import Paint, render_rows
from edgeprof.tables.window_end import reached_precision
from edgeprof.traps.table import sentence
from edgeprof.wire import identity
from edgeprof.wire.evidence import TRUST_CAUSES, TRUST_MEANING, FoundTrap, Timing, TrustCause, TrustMark
from edgeprof.wire.messages import Result, RunProtocol
from edgeprof_agent.commands.view.verdict import Names, verdict_items, work_differs
from edgeprof_agent.commands.view.words import listed, number, percent, plural
from edgeprof_agent.series.running import SeriesState
from edgeprof_agent.series.summary import SeriesSummary

MAX_LINES = 10
"""After the verdict; the rest is for -v."""
_MAX_ITEM_LINES = 2
_MAX_NAMES = 3
_LOG_LINES = 3
_LABEL = 10


@dataclass(frozen=True, kw_only=True)
class BriefText:
    """Everything for a person but the table of set-ups itself, by its parts."""

    table: list[str]
    verdict: list[str]
    notes: list[str]

    @property
    def text(self) -> str:
        """The parts with a blank line between."""
        return "\n\n".join("\n".join(part) for part in (self.table, self.verdict, self.notes) if part)


def rows_of(series: SeriesState) -> list[SetupRow]:
    """A row for each set-up, in the order in which they were asked for."""
    named = [
        Named(
            setup.file.manifest.entry,
            identity.model_id(setup.file.manifest),
            setup.config.runtime,
            setup.config.threads,
            setup.config.provider,
        )
        for setup in series.setups
    ]
    return [
        row_of(
            name,
            [outcome.result for outcome in series.outcomes.get(index, [])],
            setup.config,
            setup.file.manifest.entry,
            setup.file.format,
        )
        for index, (name, setup) in enumerate(zip(names_of(named), series.setups, strict=True))
    ]


def brief_of(
    series: SeriesState, summary: SeriesSummary, width: int, out: Path | None, paint: Paint = lambda text, _: text
) -> BriefText:
    """For a terminal of this width. `out`: where the results are."""
    rows = rows_of(series)
    shown = render_rows(rows, width, paint)
    names = {setup.label: name for setup, name in zip(series.setups, shown.names, strict=True)}
    verdict = [
        line
        for head, sentences in verdict_items(summary, names)
        for line in (head, *(each for text in sentences for each in _wrapped(text, width, "  ", "    ")))
    ]
    if len(rows) == 1 and rows[0].measured:
        verdict = _wrapped(_belief(rows[0], _results(series, 0)), width, "", "  ")
    return BriefText(table=shown.lines, verdict=verdict, notes=_notes(series, summary, rows, names, width, out))


def _results(series: SeriesState, index: int) -> list[Result]:
    return [outcome.result for outcome in series.outcomes.get(index, [])]


def _belief(row: SetupRow, results: Sequence[Result]) -> str:
    """How far the one set-up's figure may be believed."""
    causes = [cause.replace("_", " ") for cause in row.marks]
    badge = f"marked {listed(causes)}" if causes else "clean" if row.measured > row.unjudged else "not judged"
    if row.measured > 1:
        return f"{plural(row.measured, 'run')}, {badge}."
    result = next(result for result in results if result.status == "measured")
    precision = _precision(result)
    return f"One run, {badge}{f', {precision}' if precision else ''}."


def _precision(result: Result) -> str:
    timing, wanted = result.timing, f"±{percent(result.protocol.precision)}"
    if timing is None:
        return ""
    if timing.relative_half_width is None:
        return f"without an interval ({wanted} requested)"
    got = f"±{percent(timing.relative_half_width)}"
    if reached_precision(timing, result.protocol):
        return f"as precise as requested ({got}, requested {wanted})"
    return f"less precise than requested ({got}, requested {wanted})"


def _notes(
    series: SeriesState, summary: SeriesSummary, rows: Sequence[SetupRow], names: Names, width: int, out: Path | None
) -> list[str]:
    """At most ten lines. What failed comes first; where the results are and what to do next always fit."""
    tail = [line for label, text in _tail(series, summary, rows, out) for line in _item(label, text, width, MAX_LINES)]
    shown = list(names.values())
    items = [*_failure_lines(series, rows, shown)]
    for label, text in _items(series, summary, rows, shown):
        items += _item(label, text, width)
    room = MAX_LINES - len(tail)
    if len(items) > room:
        items = [*items[: room - 1], f"{'':{_LABEL}}{plural(len(items) - room + 1, 'more line')}: -v"]
    return [*items, *tail]


def _failure_lines(series: SeriesState, rows: Sequence[SetupRow], names: Sequence[str]) -> Iterator[str]:
    """A message stays on one line, as it may hold a command to be copied."""
    for index, row in enumerate(rows):
        if row.failed:
            runs = f" ({row.failed} of {row.failed + row.measured} runs)" if row.failed + row.measured > 1 else ""
            yield f"{'failed':<{_LABEL}}{names[index]}{runs}: {row.failure_code}: {clean(row.failure_message)}"
    if len(rows) == 1 and rows[0].failed:
        failure = next(result.failure for result in reversed(_results(series, 0)) if result.failure)
        yield from (f"{'':{_LABEL}}{clean(line)}" for line in failure.log.strip().splitlines()[-_LOG_LINES:])


def _items(
    series: SeriesState, summary: SeriesSummary, rows: Sequence[SetupRow], names: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """What to know of the figures: badges, precision, different work."""
    for cause in TRUST_CAUSES:
        marked = [index for index, row in enumerate(rows) if cause in row.marks]
        if marked:
            yield cause.replace("_", " "), _badge_text(series, rows, names, marked, cause)
    yield from _traps(series, rows, names)
    yield from _imprecise(series, rows, names)
    if work := work_differs(series, summary):
        yield "work", f"differs in {listed(work)}: the times are those of different work (-v)"


def _traps(series: SeriesState, rows: Sequence[SetupRow], names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Known traps of the runtimes, each with the set-ups that walked into it."""
    found: dict[str, tuple[FoundTrap, list[str]]] = {}
    for index in range(len(rows)):
        measured = [result for result in _results(series, index) if result.status == "measured"]
        for trap in measured[0].traps if measured else ():
            found.setdefault(trap.trap, (trap, []))[1].append(names[index])
    for trap, who in found.values():
        yield "trap", f"{_some(who)}: {sentence(trap)}" if len(rows) > 1 else sentence(trap)


def _badge_text(
    series: SeriesState, rows: Sequence[SetupRow], names: Sequence[str], marked: Sequence[int], cause: TrustCause
) -> str:
    """Which set-ups a cause marks, and what was found in the first of them."""
    reasons = [mark.reason for run in _results(series, marked[0]) for mark in _marks(run) if mark.cause == cause]
    first = rows[marked[0]]
    runs = f" ({first.marks[cause]} of {plural(first.measured, 'run')})" if first.measured > 1 else ""
    who = f"{_some([names[index] for index in marked])}: " if len(rows) > 1 else ""
    return f"{who}{reasons[0] or TRUST_MEANING[cause]}{runs if len(marked) == 1 else ''}"


def _marks(result: Result) -> tuple[TrustMark, ...]:
    return result.trust.marks if result.trust else ()


def _imprecise(series: SeriesState, rows: Sequence[SetupRow], names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Set-ups whose first run did not reach the requested precision, and what prevented it."""
    found: list[tuple[str, Timing, RunProtocol, Result]] = []
    for index in range(len(rows)):
        runs = [result for result in _results(series, index) if result.status == "measured" and result.timing]
        if runs and runs[0].timing is not None and not reached_precision(runs[0].timing, runs[0].protocol):
            found.append((names[index], runs[0].timing, runs[0].protocol, runs[0]))
    if not found:
        return
    _, timing, protocol, result = found[0]
    wanted = f"±{percent(protocol.precision)}"
    who = f" in {_some([name for name, *_ in found])}" if len(found) < len(rows) else " in any set-up" * (len(rows) > 1)
    reasons = {mark.reason for mark in _marks(result)}
    is_new = timing.prevented_by is not None and not _is_told(timing.prevented_by, reasons)
    cause = timing.prevented_by if timing.prevented_by and is_new and len(rows) == 1 else ""
    needed = "" if timing.needed_s is None else f"would take about {_duration(timing.needed_s)}"
    text = "; ".join(part for part in (f"{wanted} not reached{who}", needed, cause) if part)
    yield "precision", text


def _duration(seconds: float) -> str:
    return f"{number(seconds)} s" if seconds < 3600 else f"{seconds / 3600:,.0f} h"


def _is_told(cause: str, reasons: set[str]) -> bool:
    """Whether the badges say the same already."""
    for reason in reasons:
        cause = cause.replace(reason, "")
    return not cause.strip("; ")


def _tail(
    series: SeriesState, summary: SeriesSummary, rows: Sequence[SetupRow], out: Path | None
) -> Iterator[tuple[str, str]]:
    if out is not None:
        yield "saved in", f"{out}/, one folder a set-up; see `edgeprof compare`" if len(rows) > 1 else f"{out}/"
    yield "next", _next(series, summary, rows, out)


def _next(series: SeriesState, summary: SeriesSummary, rows: Sequence[SetupRow], out: Path | None) -> str:
    """The one step that helps most, and where the rest is."""
    everything = "-v shows everything"
    if all(not row.measured for row in rows):
        return f"correct what failed; {everything}"
    marks = [mark for index in range(len(rows)) for run in _results(series, index) for mark in _marks(run)]
    if marks:
        return f"{remedy(marks[0])} {everything}."
    outcomes = {judged.report.verdict.outcome for judged in summary.verdicts if judged.report}
    if outcomes & {"abstains", "no_difference_shown"}:
        runs = max(row.measured for row in rows)
        return f"-r {max(3, 2 * runs)} repeats each set-up, interleaved, and may settle it; {everything}"
    others = ["--energy adds joules", *([] if out else ["--out DIR saves the results"])]
    if len(rows) == 1 and rows[0].measured == 1:
        others.insert(0, "-r 5 repeats")
    return f"{everything}; {', '.join(others)}"


def _some(names: Sequence[str]) -> str:
    if len(names) <= _MAX_NAMES:
        return listed(names)
    return f"{', '.join(names[: _MAX_NAMES - 1])} and {len(names) - _MAX_NAMES + 1} more"


def _item(label: str, text: str, width: int, max_lines: int = _MAX_ITEM_LINES) -> list[str]:
    """A labelled line, cut after the second: -v has the rest."""
    start = f"{label:<{_LABEL}}" if len(label) < _LABEL else f"{label}  "
    lines = _wrapped(text, width, start, " " * _LABEL)
    if len(lines) <= max_lines:
        return lines
    last = lines[max_lines - 1]
    return [*lines[: max_lines - 1], f"{last[: width - 2].rstrip()} …"]


def _wrapped(text: str, width: int, first: str, indent: str) -> list[str]:
    return textwrap.wrap(clean(text), width, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False)
