"""A plug whose bridge sends each attribute as a message of its own: a figure or a reason, never an error."""

import pytest

from edgeprof.wire.energy import EnergyRun
from edgeprof_agent.energy.analysis import RunContext, energy_run
from edgeprof_agent.sensors.base import Accuracy, Recording, Sample
from edgeprof_agent.worker_protocol.document import EnergyLoad
from tests.energy.curves import S, load_of

IDLE_W, LOAD_W = 4.0, 14.0
CONTEXT = RunContext(latency_per_s={"inference": 50.0})


def bursts(load: EnergyLoad, phase_s: float, round_s: float, gap_s: float) -> tuple[Sample, ...]:
    """Three messages a round, of which only the last one has the power that was just read."""
    zero_ns, until_ns = load["idle_before"]["start_ns"], load["idle_after"]["end_ns"]
    found: list[Sample] = []
    known_w, rounds, at_s = IDLE_W, 0, phase_s - round_s
    while zero_ns + at_s * S < until_ns:
        for part in range(3):
            at_ns = zero_ns + round((at_s + part * gap_s) * S)
            if part == 2:
                rounds += 1
                is_loaded = load["idle_before"]["end_ns"] <= at_ns < load["idle_after"]["start_ns"]
                known_w = (LOAD_W if is_loaded else IDLE_W) + 0.1 * (rounds % 3)
            if zero_ns <= at_ns <= until_ns:
                found.append(Sample(at_ns, known_w))
        at_s += round_s
    return tuple(found)


def analysed(load: EnergyLoad, samples: tuple[Sample, ...], period_s: float) -> EnergyRun:
    recording = Recording(
        name="desk",
        scope="wall_ac",
        source="a plug",
        version=None,
        integration="held",
        accuracy=Accuracy(),
        hz_asked=None,
        period_s=period_s,
        late=True,
        samples=samples,
        broken=(),
    )
    return energy_run(recording, load, None, CONTEXT, 10.0)


@pytest.mark.parametrize("gap_s", [0.04, 0.3, 1.0])
@pytest.mark.parametrize("round_s", [5.0, 10.0, 17.0])
def test_each_phase_of_a_round_gives_a_figure_or_a_reason(round_s: float, gap_s: float) -> None:
    load = load_of(after_s=10.0)
    for tenth in range(int(10 * round_s)):
        run = analysed(load, bursts(load, tenth / 10, round_s, gap_s), gap_s)
        assert (run.problem is None) == bool(run.windows)


def test_lateness_that_uses_up_an_idle_stretch_is_told_with_its_figures() -> None:
    load = load_of(after_s=4.0)
    end_ns = load["idle_after"]["start_ns"]
    start_ns = load["idle_before"]["start_ns"]
    late_ns = int(3.6 * S)
    samples = tuple(
        Sample(at_ns, LOAD_W if load["idle_before"]["end_ns"] + late_ns <= at_ns < end_ns + late_ns else IDLE_W)
        for at_ns in range(start_ns, load["idle_after"]["end_ns"], S // 5)
    )
    run = analysed(load, samples, 0.2)
    assert run.problem is not None
    assert "s late, which leaves" in run.problem
    assert run.windows == ()
