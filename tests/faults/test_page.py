"""docs/faults.md: each of the 134 faults once, each named test exists, and the count at its top is right."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
TEST = re.compile(r"tests/[\w/]+\.py::test_\w+(?:\[[^\]]+\])?")
FAULTS = 134
MIN_COVERED = 110


def rows() -> list[tuple[str, str, str, str]]:
    return ROW.findall((ROOT / "docs" / "faults.md").read_text())


def test_every_fault_is_a_row_and_the_count_at_the_top_is_that_of_the_rows() -> None:
    assert [int(number) for number, *_ in rows()] == list(range(1, FAULTS + 1))
    covered = sum(shown.startswith("`tests/") for *_, shown in rows())
    assert covered >= MIN_COVERED
    assert f"**{covered} of {FAULTS}** faults" in (ROOT / "docs" / "faults.md").read_text()


def test_every_test_that_is_named_exists() -> None:
    for number, _, _, shown in rows():
        named = TEST.findall(shown)
        assert named or shown.startswith("no test: "), f"{number} names no test and no reason"
        for each in named:
            file, _, name = each.partition("::")
            function, _, case = name.rstrip("]").partition("[")
            text = (ROOT / file).read_text()
            assert re.search(rf"def {function}\b", text), each
            assert case in text or case in (ROOT / file).with_name("small_disk.py").read_text(), each
