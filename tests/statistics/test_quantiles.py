"""Percentiles against published and exactly computable values; what dependence does to them."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.simulated_runs import autoregressive, trend, wandering
from edgeprof.statistics import autocorrelation
from edgeprof.statistics.autocorrelation import autocorrelation_time
from edgeprof.statistics.quantiles import (
    PERCENTILES,
    Percentile,
    TooFewSamples,
    apart_of,
    fewest_to_rule_out,
    percentile,
    percentiles,
    quantile_interval,
    samples_needed,
    shown_from,
)


@pytest.mark.parametrize(("p", "needed"), [(0.5, 6), (0.9, 29), (0.95, 59), (0.99, 299), (0.999, 2995)])
def test_the_number_of_samples_an_interval_takes(p: float, needed: int) -> None:
    """59 and 299 are the classic 95/95 and 95/99 sample sizes (Wilks 1941)."""
    assert samples_needed(p) == needed
    ordered = [float(index) for index in range(needed)]
    assert quantile_interval(ordered[:-1], p) is None
    assert quantile_interval(ordered, p) is not None


def test_a_median_of_few_samples_has_the_exact_ranks() -> None:
    """Of 10 samples, ranks 2 and 9: P(2 <= B <= 8) = 1 - 2 * 11/1024 = 0.979; ranks 3 and 8 reach only 0.891."""
    found = percentile([3, 1, 9, 4, 8, 2, 10, 6, 5, 7], 0.5)
    assert found == Percentile(0.5, 5.5, 2, 9, 10, 10, assumes_independence=True)


def test_a_percentile_is_refused_with_the_count_it_takes() -> None:
    draw = random.Random(1)
    found = percentile([draw.random() for _ in range(50)], 0.99)
    assert isinstance(found, TooFewSamples)
    assert found.needed >= 299
    assert found.reason.startswith(f"needs {found.needed} samples for a 95 % interval; this run has 50")


def test_no_sample_is_refused_and_no_error() -> None:
    assert percentiles([]) == tuple(TooFewSamples(p, 0, 0, samples_needed(p)) for p in PERCENTILES)


def test_equal_samples_have_an_interval_of_no_width() -> None:
    found = percentile([7.0] * 100, 0.95)
    assert isinstance(found, Percentile)
    assert (found.low, found.value, found.high) == (7, 7, 7)


def test_samples_that_follow_each_other_are_worth_fewer() -> None:
    """The correlation of signs of an AR(1) is 2/pi asin(phi^k) (Van Vleck 1966), so that tau is 11.9 for phi = 0.9."""
    draw = random.Random(2)
    taus = [autocorrelation_time(autoregressive(0.9)(draw, 20_000), 10.0) for _ in range(8)]
    assert sum(taus) / len(taus) == pytest.approx(11.9, rel=0.1)


def test_a_dependent_run_is_refused_with_a_larger_count() -> None:
    found = percentile(autoregressive(0.9)(random.Random(3), 300), 0.99)
    assert isinstance(found, TooFewSamples)
    assert found.needed > 1_000
    assert "worth" in found.reason


def test_a_run_that_alternates_is_not_worth_more_than_its_samples() -> None:
    found = percentile([1.0, 2.0] * 100, 0.5)
    assert isinstance(found, Percentile)
    assert found.effective_n == found.n == 200


@given(samples=st.lists(st.floats(0.001, 1e6), min_size=1, max_size=120), p=st.sampled_from(PERCENTILES))
def test_an_interval_holds_its_percentile_and_lies_within_the_samples(samples: list[float], p: float) -> None:
    found = percentile(samples, p)
    assert found.effective_n <= len(samples)
    if isinstance(found, Percentile):
        assert min(samples) <= found.low <= found.value <= found.high <= max(samples)
    else:
        assert found.needed > found.effective_n


@pytest.mark.parametrize(("p", "n"), [(0.5, 50), (0.9, 500), (0.95, 500), (0.99, 500), (0.999, 4992)])
def test_independence_is_assumed_below_the_number_that_rules_dependence_out(p: float, n: int) -> None:
    assert fewest_to_rule_out(p) == n
    samples = [index * 0.618034 % 1 for index in range(n)]
    found = [percentile(samples[:count], p) for count in (n - 1, n)]
    assert [one.assumes_independence for one in found if isinstance(one, Percentile)] == [True, False]


def test_a_slow_wander_under_noise_is_seen() -> None:
    """A quarter of the variance with a correlation of 0.98: every autocorrelation is small, their sum is not.

    Signs have 2/pi asin(0.25 * 0.98^k), so that tau is 16.7; the uncertainty of tau itself is on top.
    """
    draw = random.Random(4)
    taus = [autocorrelation_time(wandering(draw, 20_000), 10.0) for _ in range(8)]
    assert 14 < sum(taus) / len(taus) < 35


def test_a_wander_in_a_run_of_100_000_samples_takes_few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A drift keeps the window open for thousands of lags; an agent on a small board must not visit them all."""
    visited = list[int]()
    covariance = autocorrelation._covariance  # pyright: ignore[reportPrivateUsage]

    def counted(bits: int, n: int, ones: int, lag: int) -> float:
        visited.append(lag)
        return covariance(bits, n, ones, lag)

    monkeypatch.setattr(autocorrelation, "_covariance", counted)
    percentiles(trend(random.Random(5), 100_000))
    assert max(visited) > 2_000
    assert len(visited) < 2_000


def test_sparse_lags_sum_to_what_all_lags_do(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = trend(random.Random(6), 20_000)
    sparse = autocorrelation_time(samples, 10.0)
    monkeypatch.setattr(autocorrelation, "_EVERY_LAG_TO", 20_000)
    assert sparse == pytest.approx(autocorrelation_time(samples, 10.0), rel=0.05)


@pytest.mark.parametrize(("p", "least"), [(0.5, 2), (0.9, 10), (0.95, 20), (0.99, 100), (0.999, 1000)])
def test_a_percentile_of_the_run_is_shown_from_one_over_one_minus_p_samples_on(p: float, least: int) -> None:
    assert shown_from(p) == least
    ordered = [float(index) for index in range(least)]
    for n, is_shown in ((least - 1, False), (least, True)):
        found = percentile(ordered[:n], p)
        value = found.value if isinstance(found, TooFewSamples) or is_shown else None
        assert (value is not None) == is_shown


def test_a_run_that_never_settles_keeps_its_percentiles_as_facts() -> None:
    """Two speeds, a second each: worth few independent samples, and yet its p99 is what 1 % of its samples exceeded."""
    draw = random.Random(6)
    samples = [(1.0 + (index // 5_000) % 2) * (1 + 0.01 * draw.random()) for index in range(40_000)]
    found = percentiles(samples)
    assert all(isinstance(one, TooFewSamples) and one.value is not None for one in found[3:])
    assert found[3].value == pytest.approx(2.0196, abs=0.001)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("n", [200, 2_000, 20_000])
def test_a_percentile_further_out_never_needs_fewer_samples(seed: int, n: int) -> None:
    """Stalls that end in the upper tenth make the p90 dependent and leave the p99 looking independent."""
    draw = random.Random(seed)
    samples, level = list[float](), 0.0
    for _ in range(n):
        level = 0.999 * level + 0.04 * draw.gauss(0, 1)
        samples.append(10 + draw.random() + max(0.0, level) + (draw.random() < 0.02) * 50)
    found = percentiles(samples)
    needed = [one.needed if isinstance(one, TooFewSamples) else 0 for one in found[1:]]
    assert needed == sorted(needed)
    assert percentiles(samples, PERCENTILES[::-1]) == found[::-1]


def test_neighbours_within_20_ms_are_one_independent_sample_to_the_median_and_to_it_alone() -> None:
    """A model of 20 us taken for half a second: 25 ticks of 20 ms, whatever its 25,000 samples look like."""
    draw = random.Random(7)
    samples = [draw.lognormvariate(0, 0.03) for _ in range(25_000)]
    apart = apart_of(len(samples), 0.5)
    assert apart == 1_000
    plain, wide = percentile(samples, 0.5), percentile(samples, 0.5, apart)
    assert isinstance(plain, Percentile)
    assert isinstance(wide, Percentile)
    assert (wide.value, wide.effective_n) == (plain.value, 25)
    assert wide.low < plain.low < plain.high < wide.high
    assert percentile(samples, 0.99, apart) == percentile(samples, 0.99)


def test_a_median_is_refused_by_no_distance_and_slow_samples_stand_apart_already() -> None:
    alike = [10.0 + index % 7 for index in range(70)]
    found = percentile(alike, 0.5, apart_of(70, 0.0007))
    assert isinstance(found, Percentile)
    assert (found.low, found.high) == (10.0, 16.0)
    assert apart_of(10, 3.0) == apart_of(10, 0.0) == 1.0
