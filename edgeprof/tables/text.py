"""The comparison for a terminal: one block a device, a row a model, every missing figure with its footnote."""

import textwrap
from collections.abc import Sequence

from edgeprof.tables.figures import width_of
from edgeprof.tables.view import Block, Row, View, view
from edgeprof.wire import rest

GAP = "  "
MIN_WIDTH = 80
MIN_LABEL = 28
SMALLEST_LABEL = 12
EMPTY = "Nothing has been measured yet. Start an agent with `edgeprof agent run --hub URL`, then `edgeprof flash`.\n"


def render_text(table: rest.CompareTable, width: int = 110) -> str:
    """The whole table, at most `width` cells wide (80 at least)."""
    if not table.cells:
        return EMPTY
    width = max(width, MIN_WIDTH)
    shown = view(table)
    parts: list[str] = []
    heading = ""
    for block in shown.blocks:
        previous, heading = heading, f"{block.device}  ({block.about})"
        above = [] if heading == previous else _wrap(heading, width)
        parts.append("\n".join([*above, *_block_lines(block, width)]))
    return "\n\n".join([*parts, "\n".join(_foot_lines(shown, width))]) + "\n"


def _block_lines(block: Block, width: int) -> list[str]:
    label_width, columns = _fit(block, width)
    lines = [_line("", block.headers[: len(columns)], label_width, columns)]
    for row in block.rows:
        lines += _row_lines(row, label_width, columns, width)
    if block.not_run:
        lines += _wrap(f"not run here: {', '.join(block.not_run)}", width, indent=4, first=2)
    return lines


def _figure_widths(block: Block) -> list[int]:
    rows = [block.headers, *(row.figures for row in block.rows if row.figures)]
    return [max(width_of(row[index]) for row in rows) for index in range(len(block.headers))]


def _fit(block: Block, width: int) -> tuple[int, list[int]]:
    """The label's width and the columns beside it. Where the labels get too little, the last column goes."""
    columns = _figure_widths(block)
    if _label_room(columns, width) < MIN_LABEL:
        columns.pop()
    longest = max(width_of(row.label) for row in block.rows)
    return max(min(longest, _label_room(columns, width)), SMALLEST_LABEL), columns


def _label_room(columns: Sequence[int], width: int) -> int:
    return width - len(GAP) - sum(columns) - len(GAP) * len(columns)


def _row_lines(row: Row, label_width: int, columns: Sequence[int], width: int) -> list[str]:
    first, *rest_of_label = textwrap.wrap(row.label, label_width) or [""]
    if row.status is None:
        lines = [_line(first, row.figures[: len(columns)], label_width, columns)]
    else:
        lines = [f"{GAP}{_padded(first, label_width)}{GAP}{row.status}"]
    lines += [f"{GAP}  {part}" for part in textwrap.wrap(" ".join(rest_of_label), label_width - 2)]
    for sentence in row.below:
        lines += _wrap(sentence, width, indent=6)
    return lines


def _line(label: str, texts: Sequence[str], label_width: int, columns: Sequence[int]) -> str:
    cells = [" " * (size - width_of(text)) + text for text, size in zip(texts, columns, strict=True)]
    return (GAP + GAP.join([_padded(label, label_width), *cells])).rstrip()


def _padded(text: str, size: int) -> str:
    return text + " " * (size - width_of(text))


def _wrap(text: str, width: int, indent: int = 0, first: int | None = None) -> list[str]:
    start = " " * (indent if first is None else first)
    return textwrap.wrap(text, width, initial_indent=start, subsequent_indent=" " * indent)


def _foot_lines(shown: View, width: int) -> list[str]:
    lines: list[str] = []
    for text in shown.legend:
        lines += _wrap(text, width, indent=2, first=0)
    for index, text in enumerate(shown.notes, start=1):
        lines += _wrap(f"[{index}] {text}", width, indent=4, first=0)
    if shown.cost_note:
        lines += _wrap(shown.cost_note, width)
    return lines
