"""Hundreds of agents cut off and back at once, without jitter, on one hub: `benchmarks/simulated_agents.py`, small."""

import doctest
from pathlib import Path

import pytest

from benchmarks import simulated_agents, simulated_mqtt
from benchmarks.older_build import Build

AGENTS, RESULTS = 300, 600


@pytest.mark.mosquitto
def test_a_storm_of_reconnecting_agents_is_absorbed() -> None:
    outcome = simulated_agents.once(Build(Path(__file__).parents[2]), AGENTS, RESULTS)
    assert (outcome.sent, outcome.stored) == (AGENTS + RESULTS, AGENTS + RESULTS)
    assert (outcome.lost, outcome.duplicated, outcome.conflicts, outcome.dead_letters) == (0, 0, 0, 0)


def test_packets_are_those_of_the_standard() -> None:
    assert doctest.testmod(simulated_mqtt).failed == 0
