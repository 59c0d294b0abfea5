"""Text in columns for a terminal: how wide a text is there, and lines whose cells stand below each other."""

import re
import unicodedata
from collections.abc import Iterator, Sequence

GAP = "  "

_one_cell_each = re.compile("[\\0-\u02ff\u2010-\u2027\u2264\u2265\u2713]*").fullmatch
"""Matches texts of characters that take one cell each, Latin and our own signs: their width is their length."""


def width_of(text: str) -> int:
    """Terminal cells that a text takes: wide characters take two, combining ones none."""
    return len(text) if _one_cell_each(text) else sum(map(_CELLS.__getitem__, text))


def padded(text: str, size: int) -> str:
    """Flush left in so many cells; a wider text stays whole."""
    return text + " " * (size - width_of(text))


def widths_of(rows: Sequence[Sequence[str]]) -> list[int]:
    """Of each column, its widest cell. Every row has all columns."""
    return [
        max(map(len if _one_cell_each("".join(column)) else width_of, column)) for column in zip(*rows, strict=True)
    ]


def line_of(cells: Sequence[str], widths: Sequence[int], left: int = 1) -> str:
    """One line: the first `left` cells flush left, the others flush right."""
    if _one_cell_each("".join(cells)):
        placed = [*map(str.ljust, cells[:left], widths), *map(str.rjust, cells[left:], widths[left:])]
    else:
        placed = [
            padded(cell, width) if index < left else " " * (width - width_of(cell)) + cell
            for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
    return GAP.join(placed).rstrip()


def table(rows: Sequence[Sequence[str]], left: int = 1, indent: int = 0) -> Iterator[str]:
    """Every row as a line, its columns as wide as their widest cell."""
    widths = widths_of(rows)
    for row in rows:
        yield " " * indent + line_of(row, widths, left)


class _Cells(dict[str, int]):
    """Cells of each character, looked up once: a large table asks for some million."""

    def __missing__(self, char: str) -> int:
        wide = 2 if unicodedata.east_asian_width(char) in "WF" else 1
        self[char] = 0 if unicodedata.combining(char) else wide
        return self[char]


_CELLS = _Cells()
