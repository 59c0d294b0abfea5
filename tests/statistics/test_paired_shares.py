"""McNemar's mid-p, Tango's interval, Holm and the smallest difference, against published examples and SciPy."""

import importlib
import math
from typing import Any

import pytest

from edgeprof.statistics.many_comparisons import holm
from edgeprof.statistics.paired_power import is_shown, power, smallest_difference
from edgeprof.statistics.paired_shares import PairedShares, mcnemar_p, tango_interval
from edgeprof.statistics.shares import wilson

scipy_stats: Any = importlib.import_module("scipy.stats")

BENTUR = (21, 1, 7)
"""Airway hyper-responsiveness before and after: Fagerland, Lydersen and Laake 2014, table 1."""
CAVO = (161, 6, 16)
"""Complete response before and after: the same authors' book, as its R package `contingencytables` tests it."""


@pytest.mark.parametrize(("counts", "p"), [(BENTUR, 0.0391), (CAVO, 0.034690)])
def test_the_mid_p_is_the_published_one(counts: tuple[int, int, int], p: float) -> None:
    assert mcnemar_p(*counts[1:]) == pytest.approx(p, abs=5e-5)


@pytest.mark.parametrize(("counts", "ends"), [(BENTUR, (-0.517, -0.026)), (CAVO, (-0.1240, -0.0054))])
def test_the_interval_is_the_published_one(counts: tuple[int, int, int], ends: tuple[float, float]) -> None:
    digits = 5e-4 if counts is BENTUR else 5e-5
    assert tango_interval(*counts) == pytest.approx(ends, abs=digits)


def test_the_mid_p_is_half_a_term_below_the_exact_p() -> None:
    for gained, lost in [(0, 5), (3, 9), (40, 61), (500, 431), (2, 4_000)]:
        exact = float(scipy_stats.binomtest(gained, gained + lost).pvalue)
        term = float(scipy_stats.binom.pmf(min(gained, lost), gained + lost, 0.5))
        assert mcnemar_p(gained, lost) == pytest.approx(exact - term, rel=1e-9, abs=1e-300)


def test_equal_flips_and_no_flips_show_nothing() -> None:
    assert mcnemar_p(0, 0) == mcnemar_p(7, 7) == 1.0
    low, high = tango_interval(100, 0, 0)
    assert low == pytest.approx(-0.0370, abs=5e-5)
    assert low == pytest.approx(-high)


def test_swapping_the_sides_swaps_the_ends() -> None:
    for n, gained, lost in [(10, 0, 10), (50, 3, 0), (200, 30, 12)]:
        low, high = tango_interval(n, gained, lost)
        assert tango_interval(n, lost, gained) == pytest.approx((-high, -low), abs=1e-12)
        assert -1 <= low <= (gained - lost) / n <= high <= 1
        assert mcnemar_p(gained, lost) == mcnemar_p(lost, gained)


def test_more_confidence_is_a_wider_interval() -> None:
    pair = PairedShares(n=300, gained=10, lost=25)
    low, high = pair.interval()
    wider = pair.interval(0.99)
    assert wider[0] < low < pair.difference < high < wider[1]
    assert pair.difference == pytest.approx(-0.05)
    assert pair.discordance == pytest.approx(35 / 300)


def test_a_difference_is_claimed_only_where_test_and_interval_agree() -> None:
    assert is_shown(100, 0, 5)
    assert not is_shown(100, 0, 4), "four flips one way: the interval excludes 0, the test does not (6.25 %)"
    assert not is_shown(100, 6, 6)


def test_wilson_has_the_published_ends_at_two_confidences() -> None:
    """Newcombe 1998, table I: 81 of 263 and 0 of 20."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    narrow, wide = wilson(81, 263, 0.9), wilson(81, 263, 0.99)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_holm_keeps_the_order_and_never_falls() -> None:
    assert holm([]) == []
    assert holm([0.2]) == [0.2]
    assert holm([0.04, 0.001, 0.03, 0.005]) == pytest.approx([0.06, 0.004, 0.06, 0.015])
    assert holm([0.9, 0.8]) == [1.0, 1.0]


@pytest.mark.parametrize(("n", "discordance", "points"), [(100, 0.0, 6.7), (100, 0.1, 8.3), (1_000, 0.02, 1.3)])
def test_the_smallest_difference_of_a_set(n: int, discordance: float, points: float) -> None:
    assert 100 * (smallest_difference(n, discordance) or math.inf) == pytest.approx(points, abs=0.1)


def test_a_handful_of_items_shows_nothing() -> None:
    assert smallest_difference(4, 0.5) is None
    assert (smallest_difference(6, 0.0) or 0) > 0.85


def test_more_items_show_less_and_more_discordance_shows_more() -> None:
    by_n = [smallest_difference(n, 0.1) or 1 for n in (50, 100, 500, 2_000, 20_000)]
    assert by_n == sorted(by_n, reverse=True)
    by_discordance = [smallest_difference(1_000, share) or 1 for share in (0.0, 0.01, 0.05, 0.2, 0.5)]
    assert by_discordance == sorted(by_discordance)


def test_sum_and_formula_of_power_meet() -> None:
    """Either side of 400 expected discordant items."""
    below, above = smallest_difference(3_990, 0.1), smallest_difference(4_010, 0.1)
    assert below is not None
    assert above is not None
    assert below == pytest.approx(above, rel=0.02)


@pytest.mark.parametrize("n", [50, 100, 300, 1_000])
@pytest.mark.parametrize("discordance", [0.005, 0.02, 0.05, 0.1, 0.2])
def test_equal_models_are_told_apart_in_at_most_5_percent(n: int, discordance: float) -> None:
    """The exact sum over all outcomes; the power at a difference of 0 is the rate of false alarms."""
    assert power(n, discordance, 0.0) <= 0.05
