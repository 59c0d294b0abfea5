"""A small part of benchmarks/time_to_figure.py: shorter windows, whose intervals hold as often."""

import pytest

from benchmarks.idle import idle_share
from benchmarks.time_to_figure import agreement, simulated

TRIALS = 80


@pytest.mark.parametrize("machine", ["lognormal 3 %", "wandering", "two speeds", "busy spells"])
def test_a_shorter_window_holds_the_true_median_as_often_as_the_longer_one_before(machine: str) -> None:
    before, now = (simulated(machine, 0.002, now=now, trials=TRIALS, seed=3) for now in (False, True))
    assert now.mean_s < before.mean_s / 2
    assert now.held >= before.held - 0.05


@pytest.mark.parametrize("machine", ["lognormal 1 %", "lognormal 3 %"])
def test_repeats_of_a_language_model_end_earlier_and_hold_about_as_often(machine: str) -> None:
    before, now = (simulated(machine, 0.8, now=now, trials=TRIALS, seed=4) for now in (False, True))
    assert now.mean_s < 0.75 * before.mean_s
    assert now.held >= 0.9


def test_no_runs_agree_about_nothing() -> None:
    assert agreement([]).pairs == 0


def test_what_the_processors_were_idle_for_is_read_from_the_kernels_own_line() -> None:
    before = "cpu  100 5 20 1000 30 0 5 0 0 0\ncpu0 1 1 1 1\n"
    after = "cpu  110 5 30 1160 50 0 5 0 0 0\ncpu0 9 9 9 9\n"
    assert idle_share(before, after) == 0.8
