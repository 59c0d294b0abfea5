"""Joules between two moments: exact on curves whose integral is known."""

from itertools import pairwise

import pytest

from edgeprof.wire.energy import Integration
from edgeprof_agent.energy.integrate import changes, energy_between, in_order, shifted, watts
from edgeprof_agent.sensors.base import Sample

S = 1_000_000_000


def ramp(count: int, watts_per_s: float = 1.0, step_s: float = 0.5) -> list[Sample]:
    """Power that grows from 0 W at 0 s."""
    return [Sample(int(n * step_s * S), n * step_s * watts_per_s) for n in range(count)]


def test_a_ramp_is_integrated_exactly_between_samples() -> None:
    """From 1.25 s to 8.75 s under P = t: (8.75² - 1.25²) / 2 = 37.5 J."""
    assert energy_between(ramp(21), int(1.25 * S), int(8.75 * S), "trapezoid") == pytest.approx(37.5, abs=1e-9)


def test_a_held_value_holds_until_the_next_one() -> None:
    """2 W from 0 s, 6 W from 3 s: from 1 s to 5 s it is 2 * 2 + 2 * 6."""
    samples = [Sample(0, 2.0), Sample(3 * S, 6.0), Sample(8 * S, 1.0)]
    assert energy_between(samples, 1 * S, 5 * S, "held") == pytest.approx(16.0)


def test_negative_power_counts_as_it_is() -> None:
    samples = [Sample(n * S, -2.0 if n % 2 else 4.0) for n in range(11)]
    assert energy_between(samples, 0, 10 * S, "trapezoid") == pytest.approx(10.0)


def test_a_counter_gives_its_difference() -> None:
    samples = [Sample(n * S, 100.0 + 7 * n) for n in range(11)]
    assert energy_between(samples, int(1.5 * S), int(8.5 * S), "counter") == pytest.approx(49.0)


def test_a_counters_steps_are_mean_powers() -> None:
    """It is read twice as often as it steps: 3 J each second are 3 W, however often it was asked."""
    samples = [Sample(n * S // 2, 3.0 * (n // 2)) for n in range(11)]
    assert {round(sample.value, 9) for sample in watts(samples, "counter")} == {3.0}


def test_how_often_the_source_really_changed_is_counted() -> None:
    """Asked ten times a second, a source that renews itself once a second."""
    samples = [Sample(n * S // 10, 5.0 + n // 10) for n in range(101)]
    assert changes(samples, 0, 10 * S) == 10


@pytest.mark.parametrize("integration", ["trapezoid", "held", "counter"])
def test_the_parts_of_a_window_sum_to_the_whole(integration: Integration) -> None:
    samples = ramp(41, 0.7, 0.25)
    cuts = [1 * S, 3 * S + 17, 6 * S, 9 * S]
    whole = energy_between(samples, cuts[0], cuts[-1], integration)
    parts = [energy_between(samples, start, end, integration) for start, end in pairwise(cuts)]
    assert whole == pytest.approx(sum(parts))


def test_a_span_that_is_not_covered_is_an_error() -> None:
    with pytest.raises(ValueError, match="do not cover"):
        energy_between(ramp(21), 0, 11 * S, "trapezoid")


def test_a_sample_out_of_order_is_dropped() -> None:
    samples = ramp(21)
    samples.insert(10, Sample(3 * S, 999.0))
    assert in_order(samples) == ramp(21)


def test_lateness_is_undone() -> None:
    late = [Sample(sample.at_ns + 3 * S, sample.value) for sample in ramp(21)]
    assert shifted(late, -3 * S) == ramp(21)
