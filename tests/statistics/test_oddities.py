"""Drift, modes and outliers: found where they are, and rarely where they are not."""

import random

import pytest

from benchmarks import simulated_runs as runs
from edgeprof.statistics.drift import find_drift
from edgeprof.statistics.modes import find_outliers, find_two_modes

TRIALS = 300


def test_a_trend_is_found_with_its_size() -> None:
    drift = find_drift(runs.trend(random.Random(1), 2_000))
    assert drift is not None
    assert drift.kind == "trend"
    assert drift.change == pytest.approx(0.05, abs=0.01)


def test_a_step_is_found_with_its_place_and_size() -> None:
    draw = random.Random(2)
    drift = find_drift([value * (1.3 if index >= 600 else 1) for index, value in enumerate(runs.normal(draw, 1_000))])
    assert drift is not None
    assert (drift.kind, drift.at) == ("step", 0.6)
    assert drift.change == pytest.approx(0.3, abs=0.02)
    assert str(drift).startswith("step of +")


@pytest.mark.parametrize(("n", "least"), [(40, 0.85), (60, 0.93), (100, 0.93), (199, 0.93), (1_000, 0.93)])
def test_a_clear_step_at_any_place_is_found_in_short_runs_too(n: int, least: float) -> None:
    """By 30 %, with 1 % noise, anywhere in the inner 80 % of the run."""
    draw = random.Random(n)
    seen = 0
    for _ in range(100):
        split = draw.uniform(0.1, 0.9) * n
        drift = find_drift([draw.gauss(10, 0.1) * (1.3 if index >= split else 1) for index in range(n)])
        seen += drift is not None and drift.change == pytest.approx(0.3, abs=0.05)
    assert seen / 100 >= least


@pytest.mark.parametrize("phi", ["AR(1) 0.3", "AR(1) 0.6", "AR(1) 0.9"])
@pytest.mark.parametrize("n", [20, 40, 100])
def test_a_run_that_only_depends_on_its_past_is_seldom_called_drifting(phi: str, n: int) -> None:
    """Its blocks are not independent; what they share is counted, though few blocks tell little of it."""
    draw = random.Random(9)
    seen = sum(find_drift(runs.ALL[phi](draw, n)) is not None for _ in range(200))
    assert seen / 200 <= 0.25


@pytest.mark.parametrize("series", runs.INDEPENDENT)
@pytest.mark.parametrize("n", [20, 40, 100, 200])
def test_drift_is_rarely_seen_where_there_is_none(series: str, n: int) -> None:
    draw = random.Random(3)
    seen = sum(find_drift(runs.ALL[series](draw, n)) is not None for _ in range(TRIALS))
    assert seen / TRIALS <= 0.04


def test_drift_of_equal_samples_or_too_few_is_none() -> None:
    assert find_drift([5.0] * 100) is None
    assert find_drift([1.0, 2.0, 3.0]) is None


@pytest.mark.parametrize("series", ["two modes 70/30", "two modes 50/50"])
def test_two_speeds_are_found_and_named(series: str) -> None:
    modes = find_two_modes(runs.ALL[series](random.Random(4), 1_000))
    assert modes is not None
    assert modes.fast == pytest.approx(10, rel=0.02)
    assert modes.slow == pytest.approx(10.8, rel=0.02)
    assert modes.slow_share == pytest.approx(0.3 if "30" in series else 0.5, abs=0.05)


@pytest.mark.parametrize("series", runs.INDEPENDENT)
def test_two_speeds_are_not_seen_in_one(series: str) -> None:
    draw = random.Random(5)
    assert not any(find_two_modes(runs.ALL[series](draw, 500)) for _ in range(TRIALS))


def test_ticks_of_a_coarse_clock_are_not_speeds() -> None:
    draw = random.Random(6)
    assert find_two_modes([float(round(draw.gauss(10, 1))) for _ in range(1_000)]) is None


def test_outliers_are_counted_and_the_largest_is_named() -> None:
    samples = [*runs.normal(random.Random(7), 500), 30.0, 50.0, 1.0]
    outliers = find_outliers(samples)
    assert outliers is not None
    assert (outliers.slow, outliers.fast, outliers.largest) == (2, 1, 50.0)
    assert outliers.largest_ratio == pytest.approx(5, rel=0.02)


def test_nothing_lies_far_out_of_a_plain_run() -> None:
    assert find_outliers(runs.normal(random.Random(8), 500)) is None
    assert find_outliers([]) is None
