"""The promises on simulated runs of which the truth is known. benchmarks/verdict_power.py has the large version.

Bounds are those promised plus what chance may do to so many trials (three standard errors).
"""

import math

import pytest

from benchmarks import simulated_runs as runs
from benchmarks.verdict_power import coverage, rates

TRIALS = 1_000
LONG_TRIALS = 150
PAIRS = 200


def slack(share: float, trials: int) -> float:
    return 3 * math.sqrt(share * (1 - share) / trials)


@pytest.mark.parametrize("series", runs.INDEPENDENT)
@pytest.mark.parametrize(("n", "ps"), [(20, [0.5]), (100, [0.5, 0.9, 0.95]), (1_000, [0.5, 0.95, 0.99])])
def test_intervals_of_independent_samples_cover_what_they_promise(series: str, n: int, ps: list[float]) -> None:
    trials = TRIALS if n < 1_000 else LONG_TRIALS
    for one in coverage(series, n, ps, trials, seed=11):
        assert one.covered is not None
        given = round(trials * (1 - one.refused))
        assert 0.93 - slack(0.93, given) <= one.covered <= 0.985 + slack(0.985, given), one
        assert one.refused <= 0.15, one


@pytest.mark.parametrize(("phi", "n"), [(0.3, 20), (0.3, 100), (0.6, 100), (0.9, 300), (0.9, 1_000)])
def test_intervals_of_the_median_cover_where_samples_depend_on_each_other(phi: float, n: int) -> None:
    (one,) = coverage(f"AR(1) {phi}", n, [0.5], 500 if n < 1_000 else LONG_TRIALS, seed=12)
    assert one.covered is not None
    assert one.covered >= 0.93 - slack(0.93, round(one.trials * (1 - one.refused))), one


@pytest.mark.parametrize("phi", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("n", [20, 50, 100, 300])
def test_few_runs_come_with_a_false_interval_however_short_they_are(phi: float, n: int) -> None:
    """The shortest dependent runs are mostly refused; of those that look independent by chance, many are false."""
    for one in coverage(f"AR(1) {phi}", n, [0.5] if n < 100 else [0.5, 0.95], 500, seed=13):
        assert one.false_share <= 0.05 + slack(0.05, 500), one


@pytest.mark.parametrize("design", ["1+1, calibrated", "3+3"])
@pytest.mark.parametrize("series", runs.ALL)
def test_same_against_same_is_rarely_called_different(series: str, design: str) -> None:
    trials = PAIRS if design == "3+3" else PAIRS // 4
    found = rates(series, design, 60, 0.0, trials, seed=14)
    assert found.claimed <= 0.05 + slack(0.05, trials), found
    assert found.abstained <= 0.20, found


@pytest.mark.parametrize("series", ["normal", "two modes 70/30", "random trend", "AR(1) 0.6"])
def test_a_real_effect_is_shown(series: str) -> None:
    found = rates(series, "5+5", 60, 0.10, 60, seed=15)
    assert found.claimed >= 0.95, found
    assert found.wrong_way == 0, found


def test_an_effect_is_never_told_the_wrong_way_round_by_more_than_half_of_the_false_rate() -> None:
    found = rates("normal", "3+3", 60, 0.02, PAIRS, seed=16)
    assert found.wrong_way <= 0.025, found
