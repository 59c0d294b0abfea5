"""When repeats of a prompt or a generation end, on times that are made up."""

from collections.abc import Sequence

import pytest

from edgeprof_agent.worker.steadiness import is_level, is_steady, is_steady_at_limit
from edgeprof_agent.worker.text_repeat import Course, RepeatRule, Repeats

S = 1_000_000_000
NEVER = 2**62
RULE = RepeatRule(
    min_runs=6, max_runs=100, window_ns=S // 2, limit_ns=10 * S, precision=0.02, stop_at_ns=NEVER, warmup_ns=5 * S
)
PRECISE = (100.0, 100.1, 99.9, 100.0, 100.1, 99.9)
ROUGH = (100.0, 150.0, 90.0, 130.0, 80.0, 120.0, 70.0, 140.0)


def course(values: Sequence[float], each_s: float, rule: RepeatRule = RULE) -> tuple[int, Repeats] | None:
    """After how many repeats of `each_s` seconds what ends them; None: nothing does."""
    state = Course(rule)
    for count in range(1, len(values) + 1):
        started_ns = int((count - 1) * each_s * S)
        if ended := state.ended(values[:count], started_ns, int(count * each_s * S)):
            return count, ended
    return None


def test_six_repeats_that_are_alike_are_enough() -> None:
    assert course(PRECISE, 0.3) == (6, Repeats("precision"))


def test_short_repeats_go_on_until_dependence_would_show() -> None:
    """Six of 0.1 s lie within half a second, where one disturbance may be in all of them."""
    assert course(PRECISE, 0.1) is None
    count, ended = course(PRECISE * 4, 0.1) or (0, Repeats("time"))
    assert 15 <= count <= 20
    assert ended.ended_by == "precision"


def test_what_cannot_become_precise_ends_after_a_third_of_the_limit_and_says_how_long_it_would_take() -> None:
    count, ended = course(ROUGH, 0.5) or (0, Repeats("time"))
    assert (count, ended.ended_by) == (7, "looks")
    assert ended.needed_s is not None
    assert ended.needed_s > 10


def test_what_may_become_precise_goes_on_up_to_the_limit() -> None:
    values = [100.0 + (2.005 if index % 2 else -2.005) for index in range(40)]
    count, ended = course(values, 0.5) or (0, Repeats("looks"))
    assert (count, ended.ended_by) == (20, "time")


def test_a_slow_start_is_warm_up_and_counts_nowhere() -> None:
    assert course((70.0, *PRECISE), 0.3) == (7, Repeats("precision", warmup=1))
    assert course((60.0, 80.0, *PRECISE), 0.3) == (8, Repeats("precision", warmup=2))
    assert course((101.0, *PRECISE[1:]), 0.3) == (6, Repeats("precision"))


def test_a_speed_that_keeps_rising_is_not_settled_when_the_warm_up_is_over() -> None:
    rising = [100.0 * 1.05**index for index in range(30)]
    _, ended = course(rising, 0.7) or (0, Repeats("precision"))
    assert not ended.settled
    assert 0 < ended.warmup <= 7


def test_the_deadline_and_the_count_end_repeats_at_once() -> None:
    assert course((100.0,), 0.3, RULE._replace(stop_at_ns=0)) == (1, Repeats("deadline"))
    assert course((100.0,), 0.3, RULE._replace(max_runs=1)) == (1, Repeats("runs"))


def test_without_a_precision_every_repeat_counts_until_the_time_is_up() -> None:
    rule = RULE._replace(min_runs=3, max_runs=6, window_ns=3 * S, limit_ns=3 * S, precision=None)
    assert course((50.0, *PRECISE), 0.3, rule) == (6, Repeats("runs"))
    assert course((50.0, *PRECISE), 1.0, rule) == (3, Repeats("time"))


@pytest.mark.parametrize(
    ("times", "level"),
    [
        ([10.0, 14.0] * 10, True),
        ([12.0, 16.0] * 5 + [10.0, 14.0] * 5, False),
        ([10.0, 14.0] * 5 + [12.0, 16.0] * 5, True),
        ([10.0, 14.0] * 9, False),
    ],
)
def test_noise_is_level_once_the_model_speeds_up_no_more(times: list[float], level: bool) -> None:
    assert is_level(times) is level


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
