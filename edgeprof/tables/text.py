"""The comparison for a terminal: one block a device, a row a model, every missing figure with its footnote."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from edgeprof.tables import quality_cell
from edgeprof.tables.columns import GAP, line_of, padded, width_of, widths_of
from edgeprof.tables.view import Block, TableRow, View, view
from edgeprof.wire import rest

MIN_WIDTH = 80
MIN_LABEL = 24
GIVEN_UP = (
    *("latency_p95_ms", "ttft_ms", "latency_p99_ms", "prefill_tokens_per_s"),
    *("energy_per_token_j", "energy_per_inference_j", quality_cell.KEY),
)
"""Columns that a terminal loses, in this order, where the table is too wide even with labels above the figures."""
EMPTY = "Nothing has been measured yet. Start an agent with `edgeprof agent run --hub URL`, then `edgeprof flash`.\n"


@dataclass(frozen=True)
class _Layout:
    """How wide the labels and the columns beside them are. No label width: labels on their own lines."""

    label: int
    columns: Sequence[int]

    @property
    def is_stacked(self) -> bool:
        return self.label == 0


def render_text(table: rest.CompareTable, width: int = 110) -> str:
    """The whole table, at most `width` cells wide (80 at least)."""
    if not table.cells:
        return EMPTY
    width = max(width, MIN_WIDTH)
    shown, left_out = _fitting(table, width)
    parts: list[str] = []
    heading = ""
    for block in shown.blocks:
        previous, heading = heading, f"{block.device}  ({block.about})"
        above = [] if heading == previous else _wrap(heading, width)
        parts.append("\n".join([*above, *_block_lines(block, width)]))
    return "\n\n".join([*parts, "\n".join(_foot_lines(shown, left_out, width))]) + "\n"


def _fitting(table: rest.CompareTable, width: int) -> tuple[View, Sequence[str]]:
    """What fits, and the headers of the columns that do not."""
    whole = shown = view(table)
    for count in range(len(GIVEN_UP) + 1):
        shown = view(table, GIVEN_UP[:count]) if count else whole
        if all(_label_room(_figure_widths(block), width) >= 0 for block in shown.blocks):
            break
    kept = {header for block in shown.blocks for header in block.headers}
    headers = dict.fromkeys(header for block in whole.blocks for header in block.headers)
    kept.add(quality_cell.HEADER)  # without a column it stands under its row
    return shown, [header for header in headers if header not in kept]


def _block_lines(block: Block, width: int) -> list[str]:
    layout = _fit(block, width)
    lines = [_line("", block.headers, layout)]
    for row in block.rows:
        lines += _row_lines(row, layout, width)
    if block.not_run:
        lines += _wrap(f"not run here: {', '.join(block.not_run)}", width, indent=4, first=2)
    return lines


def _fit(block: Block, width: int) -> _Layout:
    """Labels beside the figures; where these leave no room, above them, on lines of their own."""
    columns = _figure_widths(block)
    room = _label_room(columns, width)
    longest = max(width_of(row.label) for row in block.rows)
    return _Layout(min(longest, room) if room >= min(longest, MIN_LABEL) else 0, columns)


def _figure_widths(block: Block) -> list[int]:
    return widths_of([block.headers, *(row.figures for row in block.rows if row.figures)])


def _label_room(columns: Sequence[int], width: int) -> int:
    return width - len(GAP) - sum(columns) - len(GAP) * len(columns)


def _row_lines(row: TableRow, layout: _Layout, width: int) -> list[str]:
    below = [line for sentence in row.below for line in _wrap(sentence, width, indent=6)]
    if layout.is_stacked:
        line = f"{GAP}  {row.status}" if row.status else _line("", row.figures, layout)
        return [*_wrap(row.label, width, indent=4, first=2), line, *below]
    first, *more = _lines_of(row.label, layout.label, "", "") or [""]
    if row.status is None:
        line = _line(first, row.figures, layout)
    else:
        line = f"{GAP}{padded(first, layout.label)}{GAP}{row.status}"
    return [line, *(f"{GAP}{part}" for part in more), *below]


def _line(label: str, texts: Sequence[str], layout: _Layout) -> str:
    """A label and the texts in their columns."""
    return (GAP + line_of([label, *texts], [layout.label, *layout.columns])).rstrip()


def _wrap(text: str, width: int, indent: int = 0, first: int | None = None) -> list[str]:
    start = " " * (indent if first is None else first)
    return [*_lines_of(text, width, start, " " * indent)]


@lru_cache(maxsize=4096)
def _lines_of(text: str, width: int, start: str, indent: str) -> tuple[str, ...]:
    """A model's label is the same on every device: it is wrapped once."""
    return tuple(textwrap.wrap(text, width, initial_indent=start, subsequent_indent=indent, break_on_hyphens=False))


def _foot_lines(shown: View, left_out: Sequence[str], width: int) -> list[str]:
    lines = _wrap(f"Terminal too narrow for: {', '.join(left_out)}.", width) if left_out else []
    for text in shown.legend:
        lines += _wrap(text, width, indent=2, first=0)
    for index, text in enumerate(shown.notes, start=1):
        lines += _wrap(f"[{index}] {text}", width, indent=4, first=0)
    if shown.cost_note:
        lines += _wrap(shown.cost_note, width)
    return lines
