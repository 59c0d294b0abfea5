"""Energy over the windows of a run: those that could be integrated, if they hold most of the time."""

import pytest

from edgeprof.wire.messages import Power
from edgeprof_agent.measuring.meter import together
from edgeprof_agent.worker.document import Window

SHORT = "rapl: 3 readings lie in the window, 5 are needed"


def window(seconds: float, units: int) -> Window:
    return {"start_ns": 0, "end_ns": int(seconds * 1e9), "units": units}


def power(energy_j: float, window_s: float, hz: float = 20.0) -> Power:
    return Power(
        source="s",
        scope="platform",
        integration="counter",
        energy_j=energy_j,
        window_s=window_s,
        sample_hz_asked=20.0,
        sample_hz_got=hz,
    )


def test_a_short_continuation_takes_nothing_from_the_long_window() -> None:
    found = together([window(2, 100), window(0.1, 5)], [power(10, 2), SHORT])
    assert not isinstance(found, str)
    assert (found.power.energy_j, found.power.window_s, found.units) == (10, 2, 100)


def test_windows_that_can_be_integrated_add_up() -> None:
    found = together([window(2, 100), window(2, 90)], [power(10, 2, 20), power(9, 2, 10)])
    assert not isinstance(found, str)
    assert (found.power.energy_j, found.power.window_s, found.units) == (19, 4, 190)
    assert found.power.sample_hz_got == pytest.approx(15)


def test_too_little_of_the_time_is_no_figure_and_says_so() -> None:
    found = together([window(1, 100), window(1, 90)], [power(10, 1), SHORT])
    assert found == f"{SHORT}; that leaves 50% of the measured time, 80% are needed"
    assert together([window(0.1, 5)], [SHORT]) == SHORT
    assert isinstance(together([], []), str)
