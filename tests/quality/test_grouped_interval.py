"""Repeats and wordings of one item do not make a figure more certain."""

import pytest

from edgeprof.quality.gate_text import parse_gate
from edgeprof.quality.gates import judge_gate
from edgeprof.quality.grouped_interval import for_groups
from edgeprof.quality.groups import member_id
from edgeprof.quality.outcomes import Outcome
from edgeprof.quality.tasks.base import QualityFigure
from edgeprof.statistics.shares import wilson
from tests.quality.evaluations import record


def repeated(groups: int, right: int, times: int) -> tuple[Outcome, ...]:
    return tuple(
        Outcome(item_id=member_id(f"q{group}", place), correct=group < right)
        for group in range(groups)
        for place in range(1, times + 1)
    )


def share(right: int, n: int) -> QualityFigure:
    low, high = wilson(right, n)
    return QualityFigure(metric="accuracy_percent", value=100 * right / n, n=n, ci_low=100 * low, ci_high=100 * high)


@pytest.mark.parametrize("right", [0, 60, 100])
def test_an_interval_of_repeats_is_no_narrower_than_that_of_the_items(right: int) -> None:
    found, once = for_groups(share(3 * right, 300), repeated(100, right, 3)), share(right, 100)
    assert (found.value, found.n) == (once.value, 300)
    assert found.ci_low is not None
    assert found.ci_high is not None
    assert once.ci_low is not None
    assert once.ci_high is not None
    assert 0 <= found.ci_low <= once.ci_low + 1e-9
    assert once.ci_high - 1e-9 <= found.ci_high <= 100


def test_figures_that_are_no_share_are_widened_too() -> None:
    figure = QualityFigure(metric="perplexity", value=12.0, n=300, ci_low=11.0, ci_high=14.0)
    found = for_groups(figure, repeated(75, 75, 4))
    assert (found.ci_low, found.ci_high) == (10.0, 16.0)
    bare = QualityFigure(metric="perplexity", value=12.0, n=300)
    assert for_groups(bare, repeated(75, 75, 4)) == bare


def test_items_without_groups_keep_their_interval() -> None:
    outcomes = [Outcome(item_id=f"q{number}", correct=True) for number in range(100)]
    assert for_groups(share(100, 100), outcomes) == share(100, 100)


def test_a_minimum_counts_groups() -> None:
    """45 of 50 right lie above 75 % by 95 %; asked once each, 9 of 10 do not, however often they are asked."""
    gate = parse_gate("digits: accuracy >= 75")
    once = tuple(Outcome(item_id=f"q{number}", correct=number < 45) for number in range(50))
    assert judge_gate(gate, None, [record(once)])[0].state == "passes"
    assert judge_gate(gate, None, [record(repeated(10, 9, 5))])[0].state == "undecided"
