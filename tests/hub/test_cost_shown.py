"""Every figure of a cost, in the cell and in the explorer, as it was shown before: of runs unlike each other."""

import json
from pathlib import Path

import pytest

from tests.hub import cost_cases

SHOWN = json.loads(Path(__file__).with_name("cost_shown.json").read_text())
"""Written by `python -m tests.hub.cost_cases`. A change here is a change of what users see: say why in its commit."""
CASES = {case.name: case for case in cost_cases.cases()}


def test_the_cases_are_those_that_were_written_down() -> None:
    assert list(CASES) == list(SHOWN)
    assert len(CASES) > 50


@pytest.mark.parametrize("name", CASES)
def test_every_figure_is_the_one_that_was_shown_before(name: str) -> None:
    case, before = CASES[name], SHOWN[name]
    assert cost_cases.numbers_only(cost_cases.cell_shown(case)) == before["cell"]
    assert cost_cases.numbers_only(cost_cases.explorer_shown(case, {})) == before["explorer"]
    assert cost_cases.numbers_only(cost_cases.explorer_shown(case, case.asked)) == before["explorer asked"]
