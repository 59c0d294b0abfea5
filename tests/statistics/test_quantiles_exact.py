"""Percentiles against published and exactly computable values."""

import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeprof.statistics.quantiles import quantile, quantile_interval, samples_needed


@pytest.mark.parametrize(("p", "needed"), [(0.5, 6), (0.95, 59), (0.99, 299)])
def test_the_number_of_samples_an_interval_takes(p: float, needed: int) -> None:
    """6 for a median; 59 and 299 are the classic 95/95 and 95/99 sample sizes (Wilks 1941)."""
    assert samples_needed(p) == needed
    ordered = [float(index) for index in range(needed)]
    assert quantile_interval(ordered[:-1], p) is None
    assert quantile_interval(ordered, p) is not None


def test_a_median_interval_is_the_narrowest_that_covers() -> None:
    """Of 10 samples, ranks 2 and 9: P(2 <= B <= 8) = 1 - 2 * 11/1024 = 0.979; ranks 3 and 8 reach only 0.891."""
    assert quantile_interval([float(rank) for rank in range(1, 11)], 0.5) == (2.0, 9.0)


def test_quantiles_agree_with_the_standard_library() -> None:
    samples = sorted(random.Random(5).gauss(10, 2) for _ in range(401))
    cuts = statistics.quantiles(samples, n=100, method="inclusive")
    assert quantile(samples, 0.5) == pytest.approx(statistics.median(samples))
    assert quantile(samples, 0.95) == pytest.approx(cuts[94])
    assert quantile(samples, 0.99) == pytest.approx(cuts[98])


@given(st.integers(6, 5000), st.sampled_from([0.5, 0.95, 0.99]))
def test_an_interval_holds_its_quantile_and_lies_within_the_samples(n: int, p: float) -> None:
    ordered = [float(index) for index in range(n)]
    interval = quantile_interval(ordered, p)
    assert (interval is None) == (n < samples_needed(p))
    if interval is not None:
        low, high = interval
        assert 0 <= low <= quantile(ordered, p) <= high <= n - 1


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    """Of 400 runs of 100 exponential samples each, about 95 % must enclose the true p95 (2.996)."""
    source = random.Random(20261123)
    hits = 0
    for _ in range(400):
        interval = quantile_interval(sorted(source.expovariate(1) for _ in range(100)), 0.95)
        assert interval is not None
        hits += interval[0] <= 2.9957 <= interval[1]
    assert hits >= 370
