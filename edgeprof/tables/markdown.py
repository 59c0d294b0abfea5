"""The comparison as GitHub's Markdown: a table a device, the same footnotes as in the terminal."""

from collections.abc import Sequence

from edgeprof.tables.view import Block, TableRow, view
from edgeprof.wire import rest

_SPECIAL = str.maketrans({char: f"\\{char}" for char in "\\`*_[]<>|~#!"} | {"&": "&amp;", "\n": " ", "\r": " "})


def escape(text: str) -> str:
    """Text that Markdown shows as it is."""
    return text.translate(_SPECIAL)


def render_md(table: rest.CompareTable) -> str:
    """One section a device and kind of model."""
    shown = view(table)
    if not shown.blocks:
        return "Nothing has been measured yet.\n"
    parts = [_block(block) for block in shown.blocks]
    notes = [f"{escape(f'[{index}]')} {escape(text)}" for index, text in enumerate(shown.notes, start=1)]
    foot = [*(escape(line) for line in shown.legend), *notes, escape(shown.cost_note)]
    return "\n\n".join([*parts, "\n\n".join(line for line in foot if line)]) + "\n"


def _block(block: Block) -> str:
    rows = [_row(row, len(block.headers)) for row in block.rows]
    lines = [
        f"### {escape(block.device)} ({escape(block.about)})",
        "",
        _line(("model", *block.headers)),
        _line(("---", *("---:" for _ in block.headers))),
        *rows,
    ]
    if block.not_run:
        lines += ["", f"Not run here: {escape(', '.join(block.not_run))}"]
    return "\n".join(lines)


def _row(row: TableRow, size: int) -> str:
    if row.status is None:
        label = "<br>".join(escape(text) for text in (row.label, *row.below))
        return _line([label, *(escape(text.strip()) for text in row.figures)])
    sentence = " ".join([row.status, *row.below]).strip()
    return _line([escape(row.label), escape(sentence), *("" for _ in range(size - 1))])


def _line(texts: Sequence[str]) -> str:
    return f"| {' | '.join(texts)} |"
