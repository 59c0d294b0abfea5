"""0 of 20 prepared bad models pass the canary, and 20 good ones do: on a real hub, over MQTT, by its own verdicts."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from edgeprof.wire import rest
from edgeprof.wire.rollouts import Rollout, RolloutPlan
from edgeprof_hub.rollout import ticking
from tests.hub import rollout_cases
from tests.hub.live import Live, serving
from tests.hub.rollout_cases import (
    GATE,
    WRONG,
    Agent,
    Behaviour,
    answered,
    keep,
    outcome_of,
    ran,
    request,
    variant,
)

DEVICES = range(1, 6)

BAD: dict[str, Behaviour] = {
    "crash at load": Behaviour(fails=("load", "crash")),
    "crash at the first inference": Behaviour(fails=("first_inference", "crash")),
    "crash in the window": Behaviour(fails=("measure", "crash")),
    "crash in the third run alone": Behaviour(fails=("measure", "crash"), fails_on=3),
    "crash while it answers": Behaviour(fails=("evaluate", "crash"), fails_only="evaluation"),
    "killed by nobody known": Behaviour(fails=("measure", "killed_unknown")),
    "ends without a result": Behaviour(fails=("report", "no_result")),
    "memory over its limit": Behaviour(fails=("load", "out_of_memory")),
    "larger than the device's memory": Behaviour(fails=("load", "does_not_fit")),
    "hangs to the time limit": Behaviour(fails=("measure", "timeout")),
    "hangs while it answers": Behaviour(fails=("evaluate", "timeout"), fails_only="evaluation"),
    "refused by the runtime": Behaviour(fails=("load", "load_error")),
    "operator that is not there": Behaviour(fails=("load", "operator_unsupported")),
    "cannot be run with its inputs": Behaviour(fails=("first_inference", "inference_error")),
    "no room on the disk": Behaviour(fails=("fetch", "no_space")),
    "another file than the manifest says": Behaviour(fails=("verify", "hash_mismatch")),
    "refused by the agent": Behaviour(refuses="the job is not for this device"),
    "twice as slow": Behaviour(2.0),
    "30 % slower, in two speeds": Behaviour(1.3, series="two modes 70/30"),
    "fast, with wrong answers": Behaviour(0.5, right=WRONG),
}
SERIES = (
    *("normal", "heavy tail", "AR(1) 0.3", "AR(1) 0.6", "AR(1) 0.9"),
    *("wandering", "GARCH", "trend", "random trend", "two modes 70/30"),
)
"""In which three runs of 200 samples can show 10 %. Wider ones wait for a person: `benchmarks.rollout_canary`."""
GOOD: dict[str, Behaviour] = {
    f"{name}, {factor:g} of the time": Behaviour(factor, series=name) for name in SERIES for factor in (1.0, 0.8)
}


@pytest.fixture(scope="module")
def canaries(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Rollout]]:
    """Every prepared model sent to five devices of two kinds, with the default plan; the rollouts as they ended."""
    before, ticking.TICK_EVERY_S = ticking.TICK_EVERY_S, 0.02
    with serving(tmp_path_factory.mktemp("hub")) as live, ExitStack() as stack:
        models: dict[str, Behaviour] = {}
        agents = [stack.enter_context(_agent(live, number, models)) for number in DEVICES]
        rollout_cases.online(live, agents)
        for name, does in {**BAD, **GOOD}.items():
            models |= {_source(name).model_id: Behaviour(), variant(name, name).model_id: does}
            keep(live.hub, _source(name), variant(name, name), gates=(GATE,), has_set=True)
            ran(live.hub, _source(name), DEVICES)
            answered(live.hub, _source(name), 1)
        yield {name: _sent(live, agents, name) for name in {**BAD, **GOOD}}
    ticking.TICK_EVERY_S = before


def _source(name: str) -> rest.ModelRecord:
    """The float model of a family: what ran before, and what the gate is held against."""
    return variant(f"{name} fp32", name, "fp32")


def _agent(live: Live, number: int, models: dict[str, Behaviour]) -> Agent:
    pi4 = {"dt_model": "Raspberry Pi 4 Model B Rev 1.4", "dt_compatible": ("raspberrypi,4-model-b", "brcm,bcm2711")}
    return Agent(live.hub.endpoint.port, number, models, live.hub, **(pi4 if number % 2 else {}))


def _sent(live: Live, agents: list[Agent], name: str) -> Rollout:
    return outcome_of(live, live.client.start_rollout(request(variant(name, name), agents, RolloutPlan())))


def test_there_are_twenty_of_each() -> None:
    assert (len(BAD), len(GOOD)) == (20, 20)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_model_does_not_pass_the_canary(canaries: dict[str, Rollout], name: str) -> None:
    found = canaries[name]
    assert found.state == "stopped", found.stands
    assert [group.state for group in found.groups] == ["failed", "waiting"]
    assert all(not device.outcome for device in found.devices if device.group > 0)


@pytest.mark.parametrize("name", GOOD)
def test_a_good_model_passes_the_canary_and_goes_everywhere(canaries: dict[str, Rollout], name: str) -> None:
    found = canaries[name]
    assert (found.state, found.stands) == ("finished", f"{len(DEVICES)} devices: {len(DEVICES)} succeeded.")
    assert all(device.gate_sentences and device.compared for device in found.devices if device.group == 0)
