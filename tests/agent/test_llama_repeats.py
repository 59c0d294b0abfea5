"""When repeats of a prompt or a generation end, on times that are made up."""

import statistics

import pytest

from edgeprof.statistics.distributions import t_quantile
from edgeprof_agent.worker.steadiness import is_steady, is_steady_at_limit, mean_half_width
from edgeprof_agent.worker.text_repeat import RepeatRule

NEVER = 2**62
RULE = RepeatRule(min_runs=6, max_runs=100, window_ns=10, limit_ns=100, precision=0.01, stop_at_ns=NEVER)


@pytest.mark.parametrize("degrees", [5, 6, 10, 30, 500])
def test_a_half_width_is_by_the_exact_quantile_of_students_t(degrees: int) -> None:
    values = [100.0 + (number * 7 % 5) for number in range(degrees + 1)]
    error = statistics.stdev(values) / len(values) ** 0.5
    expected = t_quantile(0.975, degrees) * error / statistics.fmean(values)
    assert mean_half_width(values) == pytest.approx(expected, rel=1e-9)


def test_the_half_width_is_that_of_a_textbook_interval() -> None:
    values = [9.0, 10.0, 11.0, 9.0, 10.0, 11.0]  # mean 10, standard deviation 0.894
    assert mean_half_width(values) == pytest.approx(2.571 * 0.8944 / 6**0.5 / 10, rel=0.01)
    assert mean_half_width(values[:5]) is None


def test_repeats_end_by_precision_only_when_window_and_count_are_reached() -> None:
    precise = [100.0, 100.1, 99.9, 100.0, 100.1, 99.9]
    assert RULE.ended(precise[:5], 50, 0) is None
    assert RULE.ended(precise, 5, 0) is None
    assert RULE.ended(precise, 10, 0) == "precision"


def test_repeats_that_scatter_end_by_the_limit_of_time() -> None:
    rough = [100.0, 150.0, 90.0, 130.0, 80.0, 120.0]
    assert RULE.ended(rough, 50, 0) is None
    assert RULE.ended(rough, 100, 0) == "time"


def test_the_deadline_and_the_count_end_repeats_at_once() -> None:
    assert RULE.ended([100.0], 0, NEVER) == "deadline"
    assert RULE._replace(max_runs=1).ended([100.0], 0, 0) == "runs"


def test_a_model_that_still_speeds_up_is_not_steady() -> None:
    assert is_steady([10.0, 10.1, 10.0], 3)
    assert not is_steady([10.0, 9.7, 9.4], 3)
    assert not is_steady([10.0, 10.0], 3)
    assert not is_steady([10.0, 10.1, 12.0], 3)


def test_two_times_tell_the_steadiness_of_what_is_too_slow_for_more() -> None:
    assert is_steady_at_limit([10.0, 10.28], 3)
    assert is_steady_at_limit([20.0, 10.0, 10.1], 5)
    assert not is_steady_at_limit([10.0, 10.29], 3)
    assert not is_steady_at_limit([10.0, 9.7], 3)
    assert not is_steady_at_limit([10.0], 3)
    assert not is_steady_at_limit([10.0, 10.0, 10.0], 3)
