"""A hub that is killed again and again in the middle of rollouts: each goes on, and no job is made twice."""

import random
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from edgeprof.client.http_client import HubError
from edgeprof.wire.rollouts import Rollout, RolloutPlan
from edgeprof_hub.context import DATABASE
from edgeprof_hub.store.writer import SqliteWriter
from tests.e2e.farm import Farm
from tests.hub import fleet
from tests.hub.rollout_cases import Agent, Behaviour, request, variant
from tests.ports import free_port

pytestmark = pytest.mark.full
KILLS = 20
COUNT = 12
ROLLOUTS = 4


def test_a_hub_that_is_killed_moves_each_rollout_on_and_makes_no_job_twice(empty_farm: Farm) -> None:
    draw = random.Random(19)
    new = [variant(f"cnn {number}", f"family {number}") for number in range(ROLLOUTS)]
    models = {model.model_id: Behaviour() for model in new}
    folder: Path = empty_farm.folder / "hub"
    folder.mkdir()
    writer = SqliteWriter(folder / DATABASE)
    for model in new:
        writer.save_model(model)
    writer.close()
    port = free_port()
    empty_farm.start_hub("--mqtt-port", str(port))
    with ExitStack() as stack:
        agents = [stack.enter_context(_agent(port, number, models)) for number in range(1, COUNT + 1)]
        ids = {each.device_id for each in agents}
        while not ids <= {each.device_id for each in empty_farm.client.devices() if each.facts}:
            time.sleep(0.1)
        plan = RolloutPlan(canary_count=1, stages_percent=(20, 40, 60, 80, 100), gates=False)
        started = [empty_farm.client.start_rollout(request(model, agents, plan)) for model in new]
        for _ in range(KILLS):
            time.sleep(draw.uniform(0.1, 2.5))
            assert empty_farm.hub is not None
            empty_farm.hub.kill()
            empty_farm.start_hub("--mqtt-port", str(port))
        ended = [_ended(empty_farm, each) for each in started]
    assert [(each.state, each.stands) for each in ended] == [("finished", f"{COUNT} devices: {COUNT} succeeded.")] * 4
    for each in ended:
        jobs = [job for group in each.groups for job in empty_farm.client.campaign(group.campaign_id).jobs]
        ran = [job.device_id for job in jobs if not job.config.load_only]
        switched = [job.device_id for job in jobs if job.config.load_only]
        assert sorted(ran) == sorted(fleet.device_id(number) for number in range(1, COUNT + 1))
        assert sorted(switched) == sorted(fleet.device_id(number) for number in range(1, COUNT + 1) if number % 2)
        assert {(job.state, job.attempt) for job in jobs} == {("measured", 1)}
        begun = [group.started_s or 0 for group in each.groups]
        assert begun == sorted(begun)


def _agent(port: int, number: int, models: dict[str, Behaviour]) -> Agent:
    """Every other device switches to what is flashed."""
    return Agent(port, number, models, abilities=("evaluate", "flash") if number % 2 else ("evaluate",))


def _ended(farm: Farm, started: Rollout) -> Rollout:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            found = farm.client.rollout(started.rollout_id)
        except HubError:
            continue
        if found.ended_s is not None:
            return found
        time.sleep(0.2)
    raise AssertionError(f"it stands still: {farm.client.rollout(started.rollout_id).stands}")
