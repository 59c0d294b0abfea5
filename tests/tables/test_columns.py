"""Columns in a terminal, where not every character takes one cell."""

import unicodedata

import pytest

from edgeprof.tables.columns import line_of, table, width_of, widths_of


def test_wide_and_combining_characters_keep_the_columns() -> None:
    rows = [["name", "ms"], ["板", "1.5"], ["e\N{COMBINING ACUTE ACCENT}", "10"]]
    assert list(table(rows)) == ["name   ms", "板    1.5", "e\N{COMBINING ACUTE ACCENT}      10"]
    assert {width_of(line) for line in table(rows)} == {9}


def test_columns_flush_left_end_without_blanks() -> None:
    assert list(table([["a", "bb"], ["long", ""]], left=2, indent=2)) == ["  a     bb", "  long"]


@pytest.mark.parametrize("first", [*range(0, 0x3000, 0x100), 0x1F300])
def test_the_width_is_that_of_each_character_whatever_stands_beside_it(first: int) -> None:
    chars = [chr(code) for code in range(first, first + 0x100)]
    cells = [
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in chars
    ]
    assert [width_of(char) for char in chars] == cells
    assert width_of("".join(chars)) == sum(cells)
    assert widths_of([[char] for char in chars]) == [max(cells)]


def test_a_line_is_the_same_with_a_wide_character_in_another_cell() -> None:
    rows = [["µ·✓–", "1.5"], ["板", "10"]]
    assert line_of(rows[0], [6, 4]) == "µ·✓–     1.5"
    assert line_of([*rows[0], "板"], [6, 4, 2]) == "µ·✓–     1.5  板"
