"""A known load curve is recovered, and a trace that cannot be believed yields no joule and its reason."""

from dataclasses import replace

import pytest

from edgeprof.wire.energy import Calibration, EnergyRun
from edgeprof_agent.energy.analysis import RunContext, energy_run
from edgeprof_agent.sensors.base import FailedReading, Recording, Sample
from edgeprof_agent.worker_protocol.document import EnergyLoad
from tests.energy.curves import IDLE_W, LOAD_W, UNITS_PER_S, S, load_of, recording_of, true_j

AROUND = RunContext(latency_per_s={"inference": float(UNITS_PER_S)})


def analysed(recording: Recording, load: EnergyLoad, calibration: Calibration | None = None) -> EnergyRun:
    return energy_run(recording, load, calibration, AROUND, max(10.0, 100 * recording.period_s))


def gross_error(run: EnergyRun, load: EnergyLoad) -> float:
    """Of all windows together, as a share of the truth."""
    windows = load["phases"][0]["windows"]
    truth = true_j(load, windows[0]["start_ns"], windows[-1]["end_ns"])
    assert run.problem is None, run.problem
    return sum(window.gross_j for window in run.windows) / truth - 1


@pytest.mark.parametrize("hz", [20.0, 4.0, 1.0])
@pytest.mark.parametrize("late_s", [0.0, 0.8, 2.5])
@pytest.mark.parametrize("averaging", [False, True])
def test_a_fast_source_recovers_the_energy_within_two_per_cent(hz: float, late_s: float, averaging: bool) -> None:
    load = load_of(window_s=max(10.0, 100 / hz))
    run = analysed(recording_of(load, hz, late_s=late_s, averaging=averaging, noise_w=0.05, step_w=0.1), load)
    assert abs(gross_error(run, load)) < 0.02
    assert run.uncertainty_share is not None
    assert run.uncertainty_share < 0.06
    for window in run.windows:
        assert window.gross_j / window.units == pytest.approx(LOAD_W / UNITS_PER_S, rel=0.03)
        assert window.net_j == pytest.approx(window.gross_j - IDLE_W * (window.end_s - window.start_s), rel=0.02)


@pytest.mark.parametrize("seed", range(8))
def test_a_slow_source_says_so_and_the_truth_lies_within_what_it_says(seed: int) -> None:
    load = load_of(idle_s=102, window_s=180, after_s=100)
    slow = analysed(recording_of(load, 0.1, late_s=4.0, averaging=True, noise_w=0.1, step_w=0.1, seed=seed), load)
    fast = analysed(recording_of(load, 1.0, late_s=0.4, averaging=True, noise_w=0.1, step_w=0.1, seed=seed), load)
    assert slow.uncertainty_share is not None
    assert fast.uncertainty_share is not None
    assert slow.uncertainty_share > fast.uncertainty_share
    assert abs(gross_error(slow, load)) <= slow.uncertainty_share
    assert set(slow.marks) == {"short_windows", "low_resolution"}


def test_the_lateness_of_a_meter_is_found_from_the_edges() -> None:
    load = load_of(idle_s=60, window_s=30, after_s=30)
    run = analysed(recording_of(load, 1.0, late_s=2.5), load)
    assert run.clock_offset_s is not None
    assert run.clock_offset_error_s is not None
    assert run.clock_offset_s == pytest.approx(2.5, abs=run.clock_offset_error_s)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("late_s", [0.0, 0.4])
def test_a_load_that_is_short_against_the_lateness_that_is_looked_for(seed: int, late_s: float) -> None:
    """Five windows of 2 s: the level of the load must not be taken from the idle stretch after it."""
    load = load_of(idle_s=5, window_s=2, after_s=3)
    run = analysed(recording_of(load, 5.0, late_s=late_s, averaging=True, noise_w=0.02, step_w=0.1, seed=seed), load)
    assert run.problem is None
    assert run.clock_offset_s == pytest.approx(late_s + 0.1, abs=0.35)


def test_a_counter_needs_no_rate() -> None:
    load = load_of()
    run = analysed(recording_of(load, 5.0, integration="counter"), load)
    assert abs(gross_error(run, load)) < 0.005


def test_idle_is_taken_off_once() -> None:
    load = load_of()
    run = analysed(recording_of(load, 20.0), load)
    assert run.idle_before_w == pytest.approx(IDLE_W, abs=0.01)
    assert run.idle_after_w == pytest.approx(IDLE_W, abs=0.01)
    assert run.marks == {}


def at(load: EnergyLoad, share: float) -> int:
    """A moment within the load."""
    start_ns, end_ns = load["idle_before"]["end_ns"], load["idle_after"]["start_ns"]
    return int(start_ns + share * (end_ns - start_ns))


def test_a_meter_that_falls_silent_in_mid_window() -> None:
    load = load_of()
    end_ns = at(load, 0.5)
    run = analysed(recording_of(load, 2.0, change=lambda each: each if each.at_ns < end_ns else None), load)
    assert run.problem is not None
    assert "fell silent" in run.problem
    assert run.windows == ()
    assert run.average_w is None


def test_a_gap_in_mid_window() -> None:
    load = load_of()
    low_ns, high_ns = at(load, 0.4), at(load, 0.6)
    run = analysed(recording_of(load, 2.0, change=lambda each: None if low_ns < each.at_ns < high_ns else each), load)
    assert "a gap of" in str(run.problem)


def test_a_value_that_never_changes() -> None:
    load = load_of()
    run = analysed(recording_of(load, 2.0, change=lambda each: Sample(each.at_ns, 5.0)), load)
    assert "stuck" in str(run.problem)


def test_a_counter_that_jumps_back() -> None:
    load = load_of()
    middle_ns = at(load, 0.5)
    recording = recording_of(
        load,
        2.0,
        integration="counter",
        change=lambda each: Sample(each.at_ns, each.value - (400 if each.at_ns > middle_ns else 0)),
    )
    assert "jumped back" in str(analysed(recording, load).problem)


def test_a_unit_that_changes() -> None:
    load = load_of()
    middle_ns = at(load, 0.5)

    def change(each: Sample) -> Sample:
        return Sample(each.at_ns, each.value * (1000 if each.at_ns > middle_ns else 1))

    problem = str(analysed(recording_of(load, 2.0, change=change), load).problem)
    assert "unit" in problem


def test_a_sign_that_changes() -> None:
    load = load_of()
    middle_ns = at(load, 0.5)

    def change(each: Sample) -> Sample:
        return Sample(each.at_ns, each.value * (-1 if each.at_ns > middle_ns else 1))

    assert "sign" in str(analysed(recording_of(load, 2.0, change=change), load).problem)


def test_a_broken_reading_in_the_load() -> None:
    load = load_of()
    recording = replace(recording_of(load, 2.0), broken=(FailedReading(at(load, 0.5), "power1_input gives no number"),))
    assert analysed(recording, load).problem == "power1_input gives no number"


def test_a_run_whose_time_ran_out_before_it_idled_again() -> None:
    load = load_of(after_s=0.2)
    assert "time ran out" in str(analysed(recording_of(load, 20.0), load).problem)


def test_a_power_mode_that_changes_forbids_any_figure() -> None:
    load = load_of()
    around = replace(AROUND, problem="the power mode changed")
    assert energy_run(recording_of(load, 20.0), load, None, around, 10.0).problem == "the power mode changed"


def test_a_meter_that_does_not_see_the_load_cannot_be_matched() -> None:
    load = load_of()

    def change(each: Sample) -> Sample:
        return Sample(each.at_ns, IDLE_W + 0.01 * (each.at_ns // S % 2))

    assert "do not show the load" in str(analysed(recording_of(load, 1.0, late_s=0.5, change=change), load).problem)


def test_other_speed_than_in_the_latency_window_is_marked() -> None:
    load = load_of()
    around = replace(AROUND, latency_per_s={"inference": UNITS_PER_S * 1.05})
    run = energy_run(recording_of(load, 20.0), load, None, around, 10.0)
    assert run.throughput_ratio == pytest.approx(1 / 1.05)
    assert "observer_effect" in run.marks


def test_a_calibration_makes_the_readings_those_of_the_reference() -> None:
    load = load_of()
    calibration = Calibration(
        calibration_id="c",
        device_id="d",
        sensor="meter",
        reference="plug",
        reference_scope="wall_ac",
        made_on="2026-11-26",
        slope=1.2,
        offset_w=0.5,
        points=2,
        low_w=3.0,
        high_w=7.5,
        residual_w=None,
        uncertainty_share=0.02,
    )
    plain, calibrated = analysed(recording_of(load, 20.0), load), analysed(recording_of(load, 20.0), load, calibration)
    assert plain.average_w is not None
    assert calibrated.average_w == pytest.approx(1.2 * plain.average_w + 0.5)
    assert calibrated.source.comparable_as == "wall_ac_calibrated"
    assert any("plug" in part.cause and part.share == 0.02 for part in calibrated.uncertainty)


def test_what_nobody_states_is_assumed_and_says_so() -> None:
    load = load_of()
    recording = replace(recording_of(load, 20.0), accuracy=replace(recording_of(load, 20.0).accuracy, share=None))
    parts = analysed(recording, load).uncertainty
    assert [part.share for part in parts if part.assumed] == [0.10]


def test_a_running_module_never_feeds_its_supply() -> None:
    """A sign that is wrong throughout is consistent, and yet no power; a plug may be wired the other way round."""
    load = load_of()
    good = recording_of(load, 20.0)
    samples = tuple(Sample(each.at_ns, -each.value) for each in good.samples)
    module = analysed(replace(good, scope="module_input", samples=samples), load)
    assert "a running module draws power" in str(module.problem)
    assert module.windows == ()
    assert analysed(replace(good, scope="wall_ac", samples=samples), load).problem is None
