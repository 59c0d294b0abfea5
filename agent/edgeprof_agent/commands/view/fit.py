"""Verdicts as a terminal shows them: a table of devices, or for one device the sum."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from edgeprof.fit.room import Room
from edgeprof.fit.verdict import Fit, Method
from edgeprof.tables import columns
from edgeprof.tables.figures import clean

Row = tuple[str, Room, Fit]
"""What --device takes, what it has, and the verdict."""
_METHODS: dict[Method, str] = {
    "engine": "by the runtime's own dry run here",
    "formula": "by formula",
    "measured": "by similar runs",
}


class FitView(NamedTuple):
    """What all rows have in common."""

    model: str
    runtime: str
    context_tokens: int
    method: Method | None
    note: str
    unknown: str


def text_of(view: FitView, rows: Sequence[Row]) -> str:
    """The head, then the sum of one device or one line for each of several."""
    head = [_head(view, rows)]
    if view.note and view.method == "formula":
        head.append(f"By formula, not by a dry run: {view.note}.")
    body = _one(*rows[0]) if len(rows) == 1 else _many(rows)
    return "\n".join([*head, "", *body])


def _head(view: FitView, rows: Sequence[Row]) -> str:
    context = f", {view.context_tokens:,} tokens" if view.context_tokens else ""
    name = f"{clean(view.model)} on {view.runtime}{context}"
    peak = next((fit.peak_mib for _, _, fit in rows if fit.peak_mib is not None), None)
    if peak is None or view.method is None:
        return f"{name}: {clean(view.unknown)}"
    return f"{name}: needs {peak:,.0f} MiB at peak, {_METHODS[view.method]}"


def _many(rows: Sequence[Row]) -> list[str]:
    table = [("device", "available MiB", "verdict", "why"), *(_line(*row) for row in rows)]
    aligned = [(kind, has.rjust(max(len(line[1]) for line in table)), *rest) for kind, has, *rest in table]
    return list(columns.table(aligned, left=4))


def _line(kind: str, room: Room, fit: Fit) -> tuple[str, str, str, str]:
    has = "-" if room.mib is None else f"{room.mib:,.0f}"
    return kind, has, fit.outcome, "" if fit.outcome == "fits" else clean(fit.sentence)


def _one(kind: str, room: Room, fit: Fit) -> list[str]:
    lines = [f"{fit.outcome.upper()} on {kind}: {clean(fit.sentence)}", ""]
    if fit.parts:
        rows = [("part", "MiB", "must stay"), *((p.name, f"{p.mib:,.1f}", f"{p.held_mib:,.1f}") for p in fit.parts)]
        rows.append(("sum", f"{fit.peak_mib or 0:,.1f}", f"{fit.held_mib or 0:,.1f}"))
        how = ["", *(part.how for part in fit.parts), ""]
        lines += [f"{line}  {text}".rstrip() for line, text in zip(columns.table(rows, left=1), how, strict=True)]
        lines.append("")
    lines.append(f"It has {room.source}." if room.mib is not None else room.source)
    return [*lines, *_reasons(fit)]


def _reasons(fit: Fit) -> Iterator[str]:
    for reason in fit.reasons:
        sign = "" if reason.outcome == "fits" else f"{reason.outcome}: "
        yield f"{reason.subject.capitalize()}: {sign}{clean(reason.sentence)}"
