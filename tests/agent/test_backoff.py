"""The wait before another try."""

import random

import pytest

from edgeprof.net.backoff import Backoff


def test_with_jitter_it_lies_between_the_least_wait_and_a_bound_that_doubles() -> None:
    random.seed(1)
    backoff = Backoff(1.0, 30.0)
    for failures, bound_s in ((1, 2.0), (2, 4.0), (4, 16.0), (5, 30.0), (10**6, 30.0)):
        waits = [backoff.delay_s(failures) for _ in range(300)]
        assert min(waits) >= 1.0
        assert 0.9 * bound_s < max(waits) <= bound_s


def test_without_jitter_it_is_the_bound() -> None:
    assert [Backoff(0.5, 3.0, jitter=False).delay_s(failures) for failures in (1, 2, 3, 4)] == [1.0, 2.0, 3.0, 3.0]


def test_nobody_waits_before_the_first_try() -> None:
    assert list(Backoff(1.0, 60.0, growth=4.0, jitter=False).waits_s(4)) == [0.0, 4.0, 16.0, 60.0]
    assert list(Backoff().waits_s(1)) == [0.0]


def test_a_wait_of_nothing_is_possible() -> None:
    assert Backoff(0.0, 0.0).delay_s(3) == pytest.approx(0.0)
