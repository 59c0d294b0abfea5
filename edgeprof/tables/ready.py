"""Readiness in a terminal: what was asked, the counts, one row a pair, and the command that would tell most."""

import shutil
from collections.abc import Iterator, Mapping

from edgeprof.readiness.condition import Condition
from edgeprof.readiness.document import ReadyAnswer, ReadyRow
from edgeprof.tables import figures
from edgeprof.tables.columns import GAP, padded, width_of, widths_of
from edgeprof.wire.metrics import METRICS

MAX_NAME = 28
MIN_WHY = 24
MAX_STATUS = len("met with limits")
_HEAD = ("verdict", "model", "device", "devices")


def ready_lines(answer: ReadyAnswer, *, is_verbose: bool = False, width: int | None = None) -> Iterator[str]:
    """The lines to print. Devices are those that the load needs, with those for one failed after the slash."""
    yield " · ".join(answer.level)
    counts = [f"{count} {verdict}" for verdict, count in answer.counts.items() if count]
    yield ", ".join(counts) or "nothing to judge"
    yield from answer.notes
    if not answer.rows:
        return
    yield ""
    yield from _rows(answer, width or shutil.get_terminal_size((110, 24)).columns)
    left = sum(answer.counts.values()) - len(answer.rows)
    if left > 0:
        yield f"{left} more: --rows {len(answer.rows) + left}"
    if is_verbose:
        for row in answer.rows:
            yield from _evidence(row)
    elif (command := _next_command(answer)) is not None:
        yield ""
        yield f"Next: {command}"


def _rows(answer: ReadyAnswer, width: int) -> Iterator[str]:
    cells = [_HEAD, *(_cells(row) for row in answer.rows)]
    widths = widths_of(cells)
    room = max(MIN_WHY, width - sum(widths) - len(GAP) * len(widths))
    whys = ["decided by", *(_cut(figures.clean(row.pair.sentence), room) for row in answer.rows)]
    for line, why in zip(cells, whys, strict=True):
        shown = [padded(cell, size) for cell, size in zip(line, widths, strict=True)]
        yield GAP.join((*shown, why)).rstrip()


def _cells(row: ReadyRow) -> tuple[str, ...]:
    best = row.pair.best
    scale = best.horizontal if best else None
    needed = f"{scale.devices} / {scale.devices_with_spare}" if scale and scale.devices else ""
    model, device = (_cut(figures.clean(name), MAX_NAME) for name in (row.model, row.device))
    return (row.pair.verdict, model, f"{device} ({row.tag})" if row.tag else device, needed)


def _cut(text: str, room: int) -> str:
    return text if width_of(text) <= room else f"{text[: room - 1]}…"


def _evidence(row: ReadyRow) -> Iterator[str]:
    """One block a pair: its conditions, the devices needed, its other set-ups."""
    best = row.pair.best
    yield ""
    yield f"{figures.clean(row.model)} on {figures.clean(row.device)}: {row.pair.verdict}"
    if best is None:
        yield f"  {row.pair.sentence}"
    else:
        yield f"  {figures.clean(best.label)}"
        for each in best.conditions:
            yield f"  {padded(each.status, MAX_STATUS)}  {each.name}: {each.demand}"
            yield f"  {' ' * MAX_STATUS}  {figures.clean(each.sentence)}{_run(each)}"
        if best.horizontal is not None:
            yield f"  {best.horizontal.sentence}"
        for other in row.pair.vertical[1:]:
            yield f"  {other.verdict}, with {figures.clean(other.label)}: {figures.clean(other.sentence)}"
    if row.pair.measure:
        yield f"  Measure: {row.pair.measure}"


def _run(each: Condition) -> str:
    """Where the figure is from."""
    found = each.evidence
    if found is None:
        return ""
    title = METRICS[found.metric].title if found.metric in METRICS else "Cost"
    parts = (title, f"n {found.n:,}" if found.n else "", found.origin, found.unreal, f"run {found.result_id}")
    return f" [{', '.join(dict.fromkeys(part for part in parts if part))}]"


def _next_command(answer: ReadyAnswer) -> str | None:
    """Of the best pair that is not ready: what would raise it."""
    missing: Mapping[str, int] = {"ready": 0, "not ready": 0}
    return next((row.pair.measure for row in answer.rows if row.pair.verdict not in missing and row.pair.measure), None)
