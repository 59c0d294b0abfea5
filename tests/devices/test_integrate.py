from itertools import pairwise

import pytest

from edgeprof_agent.sensors.base import Sample
from edgeprof_agent.sensors.integrate import Energy, integrate

S = 1_000_000_000


def ramp(count: int, watts_per_s: float = 1.0, step_s: float = 0.5) -> list[Sample]:
    """Power that grows from 0 W at 0 s."""
    return [Sample(int(n * step_s * S), n * step_s * watts_per_s) for n in range(count)]


def test_a_ramp_is_integrated_exactly_between_samples() -> None:
    """From 1.25 s to 8.75 s under P = t: (8.75² - 1.25²) / 2 = 37.5 J."""
    outcome = integrate(ramp(21), int(1.25 * S), int(8.75 * S), "trapezoid", 2.0)
    assert isinstance(outcome, Energy)
    assert outcome.energy_j == pytest.approx(37.5, abs=1e-9)


def test_negative_power_counts_as_it_is() -> None:
    samples = [Sample(n * S, -2.0 if n % 2 else 4.0) for n in range(11)]
    outcome = integrate(samples, 0, 10 * S, "trapezoid", 1.0)
    assert isinstance(outcome, Energy)
    assert outcome.energy_j == pytest.approx(10.0)


def test_a_counter_gives_its_difference() -> None:
    samples = [Sample(n * S, 100.0 + 7 * n) for n in range(11)]
    outcome = integrate(samples, int(1.5 * S), int(8.5 * S), "counter", 1.0)
    assert isinstance(outcome, Energy)
    assert outcome.energy_j == pytest.approx(49.0)


def test_how_often_the_source_really_changed_is_counted() -> None:
    """Asked ten times a second, a source that renews itself once a second."""
    samples = [Sample(n * S // 10, 5.0 + n // 10) for n in range(101)]
    outcome = integrate(samples, 0, 10 * S, "trapezoid", 10.0)
    assert isinstance(outcome, Energy)
    assert outcome.changes_hz == pytest.approx(1.0)


def test_the_parts_of_a_window_sum_to_the_whole() -> None:
    samples = ramp(41, 0.7, 0.25)
    cuts = [1 * S, 3 * S + 17, 6 * S, 9 * S]
    whole = integrate(samples, cuts[0], cuts[-1], "trapezoid", 4.0)
    parts = [integrate(samples, start, end, "trapezoid", 4.0) for start, end in pairwise(cuts)]
    assert isinstance(whole, Energy)
    assert whole.energy_j == pytest.approx(sum(part.energy_j for part in parts if isinstance(part, Energy)))


@pytest.mark.parametrize(
    ("samples", "start_s", "end_s", "says"),
    [
        (ramp(21), 1.0, 2.6, "4 samples in a window of 1.60 s, and 5 are needed"),
        (ramp(21), 0.0, 10.5, "does not cover"),
        (ramp(21)[2:], 0.0, 9.0, "does not cover"),
        ([*ramp(8), *ramp(40)[16:]], 1.0, 12.0, "a gap of 4.50 s"),
        ([Sample(n * S // 2, 5.0) for n in range(21)], 1.0, 9.0, "one value"),
        ([], 1.0, 9.0, "0 samples"),
        (ramp(21), 5.0, 5.0, "no length"),
    ],
)
def test_what_cannot_be_known_is_refused_with_its_reason(
    samples: list[Sample], start_s: float, end_s: float, says: str
) -> None:
    outcome = integrate(samples, int(start_s * S), int(end_s * S), "trapezoid", 2.0)
    assert isinstance(outcome, str)
    assert says in outcome


def test_a_sample_out_of_order_is_dropped() -> None:
    samples = ramp(21)
    samples.insert(10, Sample(3 * S, 999.0))
    outcome = integrate(samples, 1 * S, 9 * S, "trapezoid", 2.0)
    assert outcome == integrate(ramp(21), 1 * S, 9 * S, "trapezoid", 2.0)
