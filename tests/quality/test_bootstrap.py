"""Intervals from resampled items: seeded, alike for two models, and as wide as theory says."""

import pytest

from edgeprof.quality.bootstrap import corrected_ends, mean_interval, ratio_interval, resamples, statistic_interval
from edgeprof.quality.rates import poisson_ends
from edgeprof.quality.tasks.pooled import pooled_share


def test_two_models_on_the_same_items_are_resampled_alike() -> None:
    assert list(resamples(5, 3)) == list(resamples(5, 3))
    assert list(resamples(5, 3)) == list(resamples(5, 9))[:3]
    assert list(resamples(5, 3)) != list(resamples(5, 3, seed=1))


def test_an_interval_of_a_mean_is_about_that_of_theory() -> None:
    values = [float(value % 10) for value in range(400)]  # standard deviation 2.87, of the mean 0.144
    low, high = mean_interval(values) or (0.0, 0.0)
    assert (low, high) == pytest.approx((4.5 - 0.281, 4.5 + 0.281), abs=0.03)


def test_items_that_do_not_vary_say_nothing_of_the_spread() -> None:
    assert mean_interval([2.0] * 50) is None
    assert mean_interval([2.0]) is None
    assert ratio_interval([], []) is None


def test_a_figure_whose_resamples_lean_to_one_side_stays_in_its_interval() -> None:
    drawn = [value / 1000 for value in range(1000)]
    assert corrected_ends(drawn, 0.4995) == pytest.approx((0.025, 0.975), abs=0.002)
    low, high = corrected_ends(drawn, 0.1) or (0.0, 0.0)
    assert low < 0.1 < high < 0.5
    assert corrected_ends([0.5] * 9, 0.5) is None


def test_a_draw_without_a_figure_is_left_out() -> None:
    assert ratio_interval([1, 0], [2, 0]) is None
    assert statistic_interval(3, lambda drawn: None) is None


@pytest.mark.parametrize(("events", "ends"), [(0, (0, 3.689)), (1, (0.0253, 5.572)), (100, (81.36, 121.63))])
def test_ends_of_a_count_are_those_of_the_published_table(events: int, ends: tuple[float, float]) -> None:
    assert poisson_ends(events) == pytest.approx(ends, abs=0.005)


def test_all_right_in_three_clips_proves_little() -> None:
    figure = pooled_share("recall_percent", [1000, 1000, 1000], [1000, 1000, 1000])
    assert figure is not None
    assert figure.value == 100
    assert figure.ci_low == pytest.approx(43.85, abs=0.01)  # Wilson, 3 of 3


def test_clips_that_differ_widen_the_interval_beyond_that_of_their_frames() -> None:
    figure = pooled_share("recall_percent", [1000, 0] * 10, [1000] * 20)
    assert figure is not None
    assert figure.ci_low is not None
    assert figure.ci_low < 35


def test_no_unit_has_no_share() -> None:
    assert pooled_share("precision_percent", [0, 0], [0, 0]) is None
