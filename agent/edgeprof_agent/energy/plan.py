"""How long to idle and to load, from what the sources can resolve. Pure.

A window lasts 10 s (MLPerf Tiny's rule: mlcommons/tiny benchmark/runner) or 100 of the source's periods, whichever is
longer: an edge is known to about one period, so that one costs 1 %. A source so slow that five such windows exceed the
limit gets shorter ones, and what that costs is in its uncertainty; below ten periods a window says nothing.
"""

from collections.abc import Mapping
from typing import NamedTuple

from edgeprof.wire.messages import RunProtocol
from edgeprof_agent.worker_protocol.document import EnergyAsk

WINDOWS = 5
MIN_WINDOW_S = 10.0
WINDOW_PERIODS = 100
MIN_PERIODS = 10
IDLE_BEFORE_S, IDLE_AFTER_S = 30.0, 10.0
IDLE_PERIODS = 10
CATCH_UP_S = 2.0
"""Of the first idle: the sources come up, and the measured window's heat goes."""


class EnergyPlan(NamedTuple):
    """What the worker is asked, and which sources are too slow for it, with the reason."""

    ask: EnergyAsk | None
    too_slow: dict[str, str]

    def total_s(self, phases: int) -> float:
        """The time that it takes, without the runs that overshoot a window."""
        if self.ask is None:
            return 0.0
        load_s = phases * self.ask["windows"] * self.ask["window_s"]
        return self.ask["idle_before_s"] + load_s + self.ask["idle_after_s"]


def plan_of(periods_s: Mapping[str, float], protocol: RunProtocol, phases: int) -> EnergyPlan:
    """`periods_s`: of each source by name, the time between two of its values."""
    most_s = protocol.energy_limit_s / (WINDOWS * phases)
    fitting = {name: period for name, period in periods_s.items() if MIN_PERIODS * period <= most_s}
    too_slow = {
        name: (
            f"one value every {period:g} s is too slow: an energy window needs {MIN_PERIODS} values, and "
            f"{WINDOWS * phases} windows within --energy-limit-s {protocol.energy_limit_s:g} leave {most_s:.0f} s "
            "each"
        )
        for name, period in periods_s.items()
        if name not in fitting
    }
    if not fitting or not protocol.energy:
        return EnergyPlan(None, too_slow)
    slowest_s = max(fitting.values())
    window_s = max(min(MIN_WINDOW_S, most_s), min(WINDOW_PERIODS * slowest_s, most_s))
    ask: EnergyAsk = {
        "idle_before_s": max(IDLE_BEFORE_S, IDLE_PERIODS * slowest_s) + CATCH_UP_S,
        "idle_after_s": max(IDLE_AFTER_S, IDLE_PERIODS * slowest_s),
        "window_s": window_s,
        "windows": WINDOWS,
    }
    return EnergyPlan(ask, too_slow)
