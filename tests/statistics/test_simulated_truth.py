"""The promises on simulated runs of which the truth is known. benchmarks/verdict_power.py has the large version.

The seeds are fixed, so that each figure is always the same. Where a bound is not the promise itself, it says why.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import pytest

from benchmarks import simulated_runs as runs
from benchmarks.verdict_power import Rates, Trial, coverage, rates, simulate
from edgeprof.statistics.quantiles import fewest_to_rule_out

pytestmark = pytest.mark.slow

SEED = 31
PAIRS = 300
SAMPLES_A_RUN = 30
FEW_GIVEN = 0.01
"""Where fewer runs than this share are given an interval, what those few cover cannot be told."""


def slack(share: float, trials: int) -> float:
    """What chance may do: three standard errors."""
    return 3 * math.sqrt(share * (1 - share) / trials)


@pytest.mark.parametrize(
    ("n", "ps", "trials"), [(20, [0.5], 2_000), (100, [0.5, 0.9, 0.95], 2_000), (500, [0.5, 0.95, 0.99], 600)]
)
@pytest.mark.parametrize("series", ["normal", "heavy tail"])
def test_intervals_of_independent_samples_cover_what_they_promise(
    series: str, n: int, ps: list[float], trials: int
) -> None:
    for one in coverage(series, n, ps, trials, SEED):
        assert one.covered is not None
        assert 0.93 <= one.covered <= 0.985, one
        assert one.refused <= 0.15, one


@pytest.mark.parametrize(
    ("n", "ps", "trials"), [(50, [0.5], 2_000), (100, [0.5], 1_000), (500, [0.5, 0.9, 0.95, 0.99], 600)]
)
@pytest.mark.parametrize("series", runs.AUTOREGRESSIVE)
def test_given_intervals_that_assume_no_independence_cover_dependent_samples(
    series: str, n: int, ps: list[float], trials: int
) -> None:
    for one in coverage(series, n, ps, trials, SEED):
        assert one.promised, one
        if one.covered is not None and one.refused <= 1 - FEW_GIVEN:
            assert one.covered >= 0.93, one


@pytest.mark.parametrize("series", runs.AUTOREGRESSIVE)
@pytest.mark.parametrize("n", [20, 30, 49])
def test_shorter_runs_say_that_they_assume_it_and_few_of_them_are_given_a_false_interval(series: str, n: int) -> None:
    """Strongly dependent runs are refused, but for those that look independent by chance."""
    (one,) = coverage(series, n, [0.5], 1_000, SEED)
    assert n < fewest_to_rule_out(0.5)
    assert not one.promised
    assert one.false_share <= 0.05, one


@pytest.mark.parametrize("series", runs.SLOW)
def test_slow_dependence_under_noise_is_covered_in_long_runs(series: str) -> None:
    """Correlation times of 50 samples, runs of 5,000. Without the rule of blocks, 64 to 82 % would be covered."""
    for one in coverage(series, 5_000, [0.5, 0.9], 150, SEED):
        assert one.covered is not None
        assert one.covered >= 0.93 - slack(0.93, one.trials), one


@lru_cache(maxsize=1)
def _same_against_same() -> dict[str, Sequence[Trial]]:
    designs = ["3+3", "5+5"]
    return {series: simulate(series, SAMPLES_A_RUN, designs, PAIRS, SEED) for series in runs.ALL}


def _rates(design: str, effect: float) -> list[Rates]:
    found = _same_against_same()
    return [rates(trials, series, design, SAMPLES_A_RUN, effect) for series, trials in found.items()]


@pytest.mark.parametrize("design", ["3+3", "5+5"])
def test_same_against_same_is_rarely_called_different(design: str) -> None:
    """Thousands of pairs over all series: at most 4 %, so that the promise of 5 % is kept with room for any of them."""
    found = _rates(design, 0.0)
    assert sum(one.claimed for one in found) / len(found) <= 0.04, found
    for one in found:
        assert one.claimed <= 0.05 + slack(0.05, PAIRS), one
        assert one.abstained <= 0.20, one


@pytest.mark.parametrize("series", ["normal", "lognormal", "random step", "two modes 70/30", "AR(1) 0.9"])
def test_a_calibration_keeps_single_runs_from_false_verdicts(series: str) -> None:
    trials = simulate(series, SAMPLES_A_RUN, ["1+1, calibrated"], 150, SEED)
    found = rates(trials, series, "1+1, calibrated", SAMPLES_A_RUN, 0.0)
    assert found.claimed <= 0.05, found
    assert found.abstained <= 0.20, found


def test_single_runs_of_an_unknown_device_abstain() -> None:
    trials = simulate("normal", SAMPLES_A_RUN, ["1+1, uncalibrated"], 200, SEED)
    assert rates(trials, "normal", "1+1, uncalibrated", SAMPLES_A_RUN, 0.10).abstained == 1
    assert rates(trials, "normal", "1+1, uncalibrated", SAMPLES_A_RUN, 0.50).claimed == 1


def test_real_effects_are_shown() -> None:
    """Refusing always would keep every other promise."""
    power = {one.series: one for one in _rates("5+5", 0.10)}
    for series in ("normal", "heavy tail", "two modes 70/30", "random trend", "AR(1) 0.9", "MA(5)"):
        assert power[series].claimed >= 0.95, power[series]
    small = {one.series: one for one in _rates("5+5", 0.05)}
    assert small["normal"].claimed >= 0.95, small["normal"]
    assert max(one.wrong_way for one in (*power.values(), *small.values())) <= 0.01
