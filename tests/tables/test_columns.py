"""Columns in a terminal, where not every character takes one cell."""

from edgeprof.tables.columns import table, width_of


def test_wide_and_combining_characters_keep_the_columns() -> None:
    rows = [["name", "ms"], ["板", "1.5"], ["e\N{COMBINING ACUTE ACCENT}", "10"]]
    assert list(table(rows)) == ["name   ms", "板    1.5", "e\N{COMBINING ACUTE ACCENT}      10"]
    assert {width_of(line) for line in table(rows)} == {9}


def test_columns_flush_left_end_without_blanks() -> None:
    assert list(table([["a", "bb"], ["long", ""]], left=2, indent=2)) == ["  a     bb", "  long"]
