"""The counts of the A/A benchmark: exact bounds, and power from scaled estimates."""

import math
import random

import pytest

from benchmarks.aa_counts import EFFECTS, Pair, Side, called_effects, counted, upper_bound
from edgeprof.statistics.calibration import LearnedFloor
from edgeprof.statistics.estimate import Estimate, estimate_median

FLOOR = LearnedFloor(floor=0.06, expected=0.04, low=0.02, high=0.09, within_run=0.001, runs=20, date="2026-11-25")


def pair(outcome: str, called: tuple[float, ...] = (), marks: tuple[str, ...] | None = None) -> Pair:
    side = Side(median_ms=1.0, low_ms=0.99, high_ms=1.01, marks=marks)
    return Pair(model="m", number=1, a=side, b=side, outcome=outcome, ratio=1.0, low=0.9, high=1.1, called=called)


def test_the_bound_is_clopper_and_pearsons() -> None:
    assert upper_bound(0, 59) == pytest.approx(1 - 0.05 ** (1 / 59))
    assert upper_bound(0, 59) < 0.05 < upper_bound(0, 58)  # the known sample size for 95/95
    assert upper_bound(5, 210) == pytest.approx(0.0495, abs=0.0002)
    assert upper_bound(3, 3) == 1.0


@pytest.mark.parametrize(("hits", "trials"), [(1, 10), (4, 70), (6, 210)])
def test_at_the_bound_so_few_hits_have_five_percent(hits: int, trials: int) -> None:
    rate = upper_bound(hits, trials)
    below = sum(math.comb(trials, k) * rate**k * (1 - rate) ** (trials - k) for k in range(hits + 1))
    assert below == pytest.approx(0.05, rel=1e-6)


def test_pairs_are_counted_by_their_outcome() -> None:
    pairs = [
        pair("faster", (1.25,)),
        pair("slower", (1.10, 1.25)),
        pair("no_difference_shown", (1.25,), ("busy",)),
        pair("abstains", marks=()),
    ]
    count = counted("m", pairs)
    assert (count.pairs, count.false, count.abstained, count.marked) == (4, 2, 1, 1)
    assert count.power == {"5%": 0.0, "10%": 0.25, "25%": 0.75}


def test_an_effect_is_called_where_it_is_clear_of_the_floor() -> None:
    run = Estimate(1.0, 0.999, 1.001)
    assert called_effects(run, run, FLOOR) == (1.10, 1.25)


@pytest.mark.parametrize("drift", [0.0, 0.1])
def test_the_estimate_of_multiplied_samples_is_the_multiplied_estimate(drift: float) -> None:
    draw = random.Random(7)
    samples = [math.exp(draw.gauss(0, 0.05) + drift * at / 500) for at in range(500)]
    plain = estimate_median(samples)
    assert isinstance(plain, Estimate)
    for effect in EFFECTS:
        slower = estimate_median([sample * effect for sample in samples])
        assert isinstance(slower, Estimate)
        assert (slower.value, slower.low, slower.high) == pytest.approx(
            (plain.value * effect, plain.low * effect, plain.high * effect)
        )
