"""Verdicts on figures made for each rule."""

import math
import random
from dataclasses import replace

import pytest

from benchmarks import simulated_runs as runs
from edgeprof.statistics.calibration import LearnedFloor, noise_floor
from edgeprof.statistics.estimate import Estimate, estimate_median
from edgeprof.statistics.verdict import DEFAULT_FLOOR, compare

FLOOR = LearnedFloor(floor=0.05, expected=0.03, low=0.02, high=0.06, within_run=0.0, runs=10, date="2026-11-24")


def sure(value: float) -> Estimate:
    return Estimate(value, value, value)


@pytest.mark.parametrize(("b", "outcome"), [(10.6, "slower"), (9.4, "faster"), (10.4, "no_difference_shown")])
def test_an_effect_is_claimed_above_the_floor_only(b: float, outcome: str) -> None:
    verdict = compare([sure(10)], [sure(b)], FLOOR)
    assert verdict.outcome == outcome
    assert verdict.ratio == pytest.approx(b / 10)
    assert verdict.floor == pytest.approx(0.05)
    assert verdict.basis == "calibration"
    assert verdict.interval_percent == 95
    assert verdict.reason.startswith("the 95 % interval")


def test_swapped_sides_tell_the_same() -> None:
    a, b = Estimate(10, 9.9, 10.3), Estimate(11, 10.7, 11.1)
    one, other = compare([a], [b], FLOOR), compare([b], [a], FLOOR)
    assert (one.outcome, other.outcome) == ("slower", "faster")
    assert one.low is not None
    assert other.high == pytest.approx(1 / one.low)
    assert other.smallest_effect == pytest.approx(one.smallest_effect)


def test_intervals_of_the_sides_are_combined_by_mover() -> None:
    """Reaches 0.03 and 0.04 on the log scale: 0.05 in all (Zou and Donner 2008)."""
    a = Estimate(1, math.exp(-0.03), math.exp(0.03))
    b = Estimate(math.exp(0.2), math.exp(0.16), math.exp(0.24))
    verdict = compare([a], [b], replace(FLOOR, floor=0.0))
    assert verdict.low == pytest.approx(math.exp(0.15))
    assert verdict.high == pytest.approx(math.exp(0.25))


def test_runs_as_uncertain_as_those_of_the_floor_do_not_widen_it() -> None:
    a = Estimate(1, math.exp(-0.03), math.exp(0.03))
    known = replace(FLOOR, within_run=math.expm1(0.03))
    verdict = compare([a], [a], known)
    assert verdict.high == pytest.approx(1.05)
    assert compare([a], [a], FLOOR).high == pytest.approx(math.exp(math.hypot(math.log(1.05), 0.03 * math.sqrt(2))))


def test_one_run_a_side_without_a_calibration_abstains_below_the_default_floor() -> None:
    verdict = compare([sure(10)], [sure(12)])
    assert verdict.outcome == "abstains"
    assert "not known" in verdict.reason
    assert verdict.floor == pytest.approx(DEFAULT_FLOOR)
    assert compare([sure(10)], [sure(13)]).outcome == "slower"


def test_runs_tell_their_own_spread() -> None:
    """Sides that spread alike: Student's t with 4 degrees, 3.298 at 97 %; logarithms 0, 0.01, 0.02 spread by 0.01."""
    times = [math.exp(step / 100) for step in range(3)]
    verdict = compare([sure(time) for time in times], [sure(1.1 * time) for time in times])
    assert (verdict.outcome, verdict.basis) == ("slower", "replicates")
    assert (verdict.interval_percent, verdict.reason) == (97, "the 97 % interval excludes 1")
    assert verdict.ratio == pytest.approx(1.1)
    reach = 3.29763 * 0.01 * math.sqrt(2 / 3)
    assert verdict.low == pytest.approx(1.1 * math.exp(-reach))
    assert verdict.high == pytest.approx(1.1 * math.exp(reach))


def test_sides_that_spread_differently_have_fewer_degrees() -> None:
    """Welch: where one side does not spread, only the other's n - 1 = 2 degrees are left, t = 5.643 at 97 %."""
    times = [math.exp(step / 100) for step in range(3)]
    verdict = compare([sure(time) for time in times], [sure(2.0)] * 3)
    assert verdict.high == pytest.approx(2 / times[1] * math.exp(5.64278 * 0.01 / math.sqrt(3)))


def test_lucky_runs_do_not_undercut_the_calibration() -> None:
    a, b = [sure(10), sure(10.0001), sure(10.0002)], [sure(10.2), sure(10.2001), sure(10.2002)]
    assert compare(a, b).outcome == "slower"
    both = compare(a, b, FLOOR)
    assert (both.outcome, both.basis) == ("no_difference_shown", "replicates_and_calibration")


def test_runs_that_are_all_alike_leave_open_what_their_samples_do() -> None:
    a, b = Estimate(10, 9, 11), Estimate(10.5, 9.5, 11.5)
    assert compare([a, a], [b, b]).outcome == "no_difference_shown"


def test_a_side_without_a_run_abstains() -> None:
    assert compare([], [sure(1)]).outcome == "abstains"


def test_the_smallest_effect_is_shown_in_four_of_five_cases() -> None:
    """Between runs normal with a known spread; the floor exactly its 95 % range."""
    spread, draw = 0.02, random.Random(1)
    floor = replace(FLOOR, floor=math.expm1(1.96 * math.sqrt(2) * spread))
    smallest = compare([sure(1)], [sure(1)], floor).smallest_effect
    assert smallest is not None
    pairs = [(draw.lognormvariate(0, spread), draw.lognormvariate(math.log1p(smallest), spread)) for _ in range(2_000)]
    shown = sum(compare([sure(a)], [sure(b)], floor).outcome == "slower" for a, b in pairs)
    assert shown / len(pairs) == pytest.approx(0.8, abs=0.03)


def test_a_noise_floor_needs_five_runs() -> None:
    with pytest.raises(ValueError, match="at least 5 runs"):
        noise_floor([sure(1)] * 4, "2026-11-24")


def test_a_noise_floor_of_equal_runs_is_none() -> None:
    assert noise_floor([sure(3)] * 5, "2026-11-24").floor == 0


def test_nine_of_ten_calibrations_leave_at_most_one_false_verdict_in_twenty() -> None:
    """The floor is a tolerance limit: at least 90 % of the floors learned are at or above the true 95 % range."""
    spread, draw = 0.02, random.Random(2)
    true_range = math.expm1(1.96 * math.sqrt(2) * spread)
    floors = [noise_floor([sure(draw.lognormvariate(0, spread)) for _ in range(10)], "") for _ in range(2_000)]
    assert sum(one.floor >= true_range for one in floors) / len(floors) == pytest.approx(0.90, abs=0.02)
    assert sum(one.low <= true_range <= one.high for one in floors) / len(floors) == pytest.approx(0.95, abs=0.015)


def test_an_estimate_of_a_drifting_run_reaches_over_its_drift() -> None:
    steady, drifting = runs.normal(random.Random(3), 2_000), runs.trend(random.Random(3), 2_000)
    one, other = estimate_median(steady), estimate_median(drifting)
    assert isinstance(one, Estimate)
    assert isinstance(other, Estimate)
    assert other.high / other.low > 1.02 > one.high / one.low
    assert any("drift" in note or "never settled" in note for note in other.notes)


def test_an_estimate_needs_positive_samples_and_enough_of_them() -> None:
    assert estimate_median([1.0, 2.0, -1.0] * 10) == "has samples that are not positive numbers"
    assert estimate_median([1.0, math.nan] * 10) == "has samples that are not positive numbers"
    assert estimate_median([1.0, 2.0]) == "needs 6 samples for a 95 % interval; this run has 2"
