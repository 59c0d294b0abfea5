"""When a window has samples enough: by the interval that is published, and no longer than it can help."""

import random

import pytest

from edgeprof.statistics.quantiles import Percentile, TooFewSamples, percentile, relative_half_width
from edgeprof.statistics.stopping import look_at, warmup_of


def lognormal(n: int, sigma: float, seed: int = 1) -> list[float]:
    draw = random.Random(seed)
    return [10 * draw.lognormvariate(0, sigma) for _ in range(n)]


def test_a_window_is_precise_by_its_published_interval() -> None:
    samples = lognormal(400, 0.05)
    found = percentile(samples, 0.5)
    assert isinstance(found, Percentile)
    width = (found.high - found.low) / 2 / found.value
    assert relative_half_width(found.value, found.low, found.high) == width
    assert look_at(samples, 8.0, width, 100.0).precise
    assert not look_at(samples, 8.0, width * 0.999, 100.0).precise


def test_the_next_look_comes_when_the_interval_should_be_narrow_enough() -> None:
    """Half the width takes four times the samples; a look reaches at most twice as far as there is to see."""
    samples = lognormal(400, 0.05)
    found = percentile(samples, 0.5)
    assert isinstance(found, Percentile)
    width = (found.high - found.low) / 2 / found.value
    assert look_at(samples, 10.0, width / 2, 900.0).needed_s == pytest.approx(40.0)
    assert look_at(samples, 10.0, width / 2, 900.0).next_s == 20.0
    assert look_at(samples, 10.0, width / 1.2, 900.0).next_s == pytest.approx(10 * 1.2**2 * 1.1)
    assert look_at(samples, 10.0, width / 1.2, 12.0).next_s == 12.0


def test_a_precision_is_out_of_reach_only_after_a_third_of_the_limit() -> None:
    samples = lognormal(400, 0.5)
    early, late = (look_at(samples, spent_s, 0.001, 9.0) for spent_s in (2.0, 3.0))
    assert not early.out_of_reach
    assert early.next_s == 3.0
    assert late.out_of_reach
    assert late.needed_s > 9.0


def test_a_median_without_an_interval_is_out_of_reach_like_any_other() -> None:
    draw = random.Random(2)
    samples = [10.0 * (1 + (index >= 1_000)) + draw.random() for index in range(2_000)]
    assert isinstance(percentile(samples, 0.5), TooFewSamples)
    assert look_at(samples, 4.0, 0.02, 10.0).out_of_reach


def test_few_samples_close_in_time_are_never_precise() -> None:
    alike = [10.0, 10.01, 10.02, 10.01, 10.0, 10.02, 10.01]
    assert not look_at(alike, 0.7, 0.02, 10.0).precise
    assert look_at(alike, 1.5, 0.02, 10.0).precise
    assert look_at(alike * 3, 0.7, 0.02, 10.0).precise


@pytest.mark.parametrize(
    ("values", "count"),
    [
        ([13.0, 10.0, 10.1, 9.9], 1),
        ([7.0, 10.0, 10.1, 9.9], 1),
        ([16.0, 13.0, 10.0, 10.1, 9.9], 2),
        ([10.2, 10.0, 10.1, 9.9], 0),
        ([13.0, 10.0, 14.0, 9.9], 0),
        ([20.0, 10.0], 0),
        ([10.0], 0),
        ([], 0),
    ],
)
def test_what_leads_outside_all_that_follows_is_warm_up(values: list[float], count: int) -> None:
    assert warmup_of(values) == count
