"""The comparison for a terminal: one block a device, a row a model, every missing figure with its footnote."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof.tables.figures import width_of
from edgeprof.tables.view import Block, Row, View, view
from edgeprof.wire import rest

GAP = "  "
MIN_WIDTH = 80
MIN_LABEL = 24
EMPTY = "Nothing has been measured yet. Start an agent with `edgeprof agent run --hub URL`, then `edgeprof flash`.\n"


@dataclass(frozen=True)
class _Layout:
    """How wide the labels are and which columns stand beside them. No label width: labels on their own lines."""

    label: int
    columns: list[int]

    @property
    def is_stacked(self) -> bool:
        return self.label == 0


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
    layout = _fit(block, width)
    lines = [_line("", block.headers, layout)]
    for row in block.rows:
        lines += _row_lines(row, layout, width)
    if block.not_run:
        lines += _wrap(f"not run here: {', '.join(block.not_run)}", width, indent=4, first=2)
    return lines


def _fit(block: Block, width: int) -> _Layout:
    """Labels beside the figures; else without the last column; else above the figures, on lines of their own."""
    columns = _figure_widths(block)
    if _label_room(columns, width) < MIN_LABEL:
        columns.pop()
    if _label_room(columns, width) < MIN_LABEL:
        while _label_room(columns, width) < 0:
            columns.pop()
        return _Layout(0, columns)
    longest = max(width_of(row.label) for row in block.rows)
    return _Layout(min(longest, _label_room(columns, width)), columns)


def _figure_widths(block: Block) -> list[int]:
    rows = [block.headers, *(row.figures for row in block.rows if row.figures)]
    return [max(width_of(row[index]) for row in rows) for index in range(len(block.headers))]


def _label_room(columns: Sequence[int], width: int) -> int:
    return width - len(GAP) - sum(columns) - len(GAP) * len(columns)


def _row_lines(row: Row, layout: _Layout, width: int) -> list[str]:
    below = [line for sentence in row.below for line in _wrap(sentence, width, indent=6)]
    if layout.is_stacked:
        line = f"{GAP}  {row.status}" if row.status else _line("", row.figures, layout)
        return [*_wrap(row.label, width, indent=4, first=2), line, *below]
    first, *more = textwrap.wrap(row.label, layout.label) or [""]
    if row.status is None:
        line = _line(first, row.figures, layout)
    else:
        line = f"{GAP}{_padded(first, layout.label)}{GAP}{row.status}"
    return [line, *(f"{GAP}{part}" for part in more), *below]


def _line(label: str, texts: Sequence[str], layout: _Layout) -> str:
    """A label and as many of the texts as there are columns for."""
    cells = [" " * (size - width_of(text)) + text for text, size in zip(texts, layout.columns, strict=False)]
    return (GAP + GAP.join([_padded(label, layout.label), *cells])).rstrip()


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
