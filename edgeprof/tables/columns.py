"""Text in columns for a terminal: how wide a text is there, and lines whose cells stand below each other."""

import unicodedata
from collections.abc import Iterator, Sequence

GAP = "  "


def width_of(text: str) -> int:
    """Terminal cells that a text takes: wide characters take two, combining ones none."""
    return len(text) if text.isascii() else sum(map(_CELLS.__getitem__, text))


def padded(text: str, size: int) -> str:
    """Flush left in so many cells; a wider text stays whole."""
    return text + " " * (size - width_of(text))


def widths_of(rows: Sequence[Sequence[str]]) -> list[int]:
    """Of each column, its widest cell. Every row has all columns."""
    return [max(map(width_of, column)) for column in zip(*rows, strict=True)]


def line_of(cells: Sequence[str], widths: Sequence[int], left: int = 1) -> str:
    """One line: the first `left` cells flush left, the others flush right."""
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
