"""Paired scores: bootstrap-t and Student's interval, the randomization test, and figures that are no mean."""

import importlib
import math
import random
import statistics
from collections.abc import Sequence
from typing import Any

import pytest

from edgeprof.statistics.distributions import t_quantile
from edgeprof.statistics.paired_scores import compare_scores, resamples_for
from edgeprof.statistics.paired_statistic import compare_statistic
from edgeprof.statistics.paired_swaps import sign_flip_p

scipy_stats: Any = importlib.import_module("scipy.stats")


def scores(n: int, shift: float, seed: int = 5) -> tuple[list[float], list[float]]:
    draw = random.Random(seed)
    a = [draw.gauss(0, 1) for _ in range(n)]
    return a, [score + shift + draw.gauss(0, 0.5) for score in a]


def test_the_interval_holds_students_and_is_a_little_wider() -> None:
    a, b = scores(60, 0.2)
    found = compare_scores(a, b)
    student = scipy_stats.ttest_rel(b, a).confidence_interval()
    low, high = found.interval()
    assert low <= student.low + 1e-9
    assert high >= student.high - 1e-9
    assert high - low < 1.25 * (student.high - student.low)
    differences = [y - x for x, y in zip(a, b, strict=True)]
    assert found.difference == pytest.approx(statistics.fmean(differences))
    assert found.smallest_effect == pytest.approx(2.8016 * statistics.stdev(differences) / math.sqrt(60), rel=1e-4)


def test_the_same_seed_gives_the_same_interval() -> None:
    a, b = scores(50, 0.1)
    assert compare_scores(a, b).interval() == compare_scores(a, b).interval()
    assert compare_scores(a, b, seed=2).interval() != compare_scores(a, b).interval()


def test_the_randomization_test_is_scipys_where_all_patterns_are_tried() -> None:
    a, b = scores(10, 0.4)

    def mean_difference(x: list[float], y: list[float]) -> float:
        return statistics.fmean(y) - statistics.fmean(x)

    theirs = scipy_stats.permutation_test(
        (a, b), mean_difference, permutation_type="samples", n_resamples=math.inf
    ).pvalue
    ours = sign_flip_p([y - x for x, y in zip(a, b, strict=True)], random.Random(1))
    assert ours == pytest.approx(float(theirs), abs=1e-9)


@pytest.mark.parametrize("n", [200, 1_500])
def test_the_randomization_test_of_many_items_is_near_students(n: int) -> None:
    a, b = scores(n, 0.06)
    ours = sign_flip_p([y - x for x, y in zip(a, b, strict=True)], random.Random(1))
    assert ours == pytest.approx(float(scipy_stats.ttest_rel(b, a).pvalue), abs=0.015)


def test_five_differing_items_of_a_thousand_show_nothing() -> None:
    found = compare_scores([0.0] * 1_000, [1.0] * 5 + [0.0] * 995)
    low, high = found.interval()
    assert found.p == 2 / 2**5
    assert low < 0 < 0.005 < high


def test_scores_that_are_all_equal_leave_open_what_so_few_items_hide() -> None:
    narrow, wide = compare_scores([0.7] * 500, [0.7] * 500, span=1.0), compare_scores([0.7] * 20, [0.7] * 20, span=1.0)
    assert narrow.p == 1.0
    low, high = narrow.interval()
    assert -0.009 < low < 0 < high < 0.009
    assert wide.interval()[1] > 10 * high
    assert compare_scores([0.7] * 5, [0.7] * 5).interval() == (-math.inf, math.inf), "no scale is known"


def test_one_item_shows_nothing() -> None:
    low, high = compare_scores([0.0], [1.0]).interval()
    assert low < 0 < high


def test_one_outlier_does_not_make_a_difference() -> None:
    """Student's interval alone includes 0 as well; the resamples must not get rid of it."""
    found = compare_scores([0.0] * 30, [0.001 * (-1) ** item for item in range(29)] + [50.0])
    low, high = found.interval()
    assert low < 0 < high
    assert found.p > 0.05


def test_confidence_and_student_t_meet_without_resamples() -> None:
    found = compare_scores([0.0, 0.0, 0.0], [0.5, 0.0, 0.0])
    low, high = found.interval(0.9)
    assert (high - low) / 2 == pytest.approx(t_quantile(0.95, 2) * found.error)


def test_fewer_resamples_for_more_items() -> None:
    assert [resamples_for(n) for n in (10, 1_000, 2_000, 100_000)] == [2_000, 2_000, 1_000, 400]


def precision(items: Sequence[tuple[int, int]]) -> float:
    """Right detections over all: no mean over items."""
    return sum(right for right, _ in items) / max(1, sum(found for _, found in items))


def test_a_figure_that_is_no_mean_has_an_interval_and_a_p() -> None:
    draw = random.Random(3)
    truth = [draw.randint(1, 5) for _ in range(80)]
    a = [(round(0.9 * count), count) for count in truth]
    b = [(round(0.5 * count), count) for count in truth]
    found = compare_statistic(a, b, precision, resamples=300)
    low, high = found.interval()
    assert low < found.difference < high < 0
    assert found.p == pytest.approx(1 / 301)
    same = compare_statistic(a, list(a), precision, resamples=100)
    assert same.difference == 0
    assert same.p == 1.0


def test_a_figure_of_unequal_sides_is_refused() -> None:
    with pytest.raises(ValueError, match="3 items in A, 2 in B"):
        compare_statistic([1, 2, 3], [1, 2], lambda items: float(sum(items)))
