"""An agent that has joined a hub, over a real broker: it runs that hub's jobs and refuses others by a code."""

from dataclasses import replace
from pathlib import Path

import pytest

from edgeprof.wire.messages import Ack, Job, ModelRef
from edgeprof_hub.signing.job_key import JobKey
from edgeprof_hub.signing.job_signer import JobSigner
from tests.agent import pieces
from tests.agent.agent_process import Start
from tests.agent.minimal_hub import MinimalHub, eventually

pytestmark = pytest.mark.mosquitto
CONTENTS = {"model.onnx": b"tiny" * 100}


@pytest.fixture
def tiny(hub: MinimalHub) -> ModelRef:
    model = pieces.model("tiny", CONTENTS)
    hub.offer(model, CONTENTS)
    return model


def signed(key: JobKey, device_id: str, job: Job) -> Job:
    return JobSigner(key, "h-1").sign(job, device_id, (10, 1))


def test_its_own_hubs_jobs_run_and_others_are_refused_by_their_code(
    hub: MinimalHub, start: Start, tiny: ModelRef, tmp_path: Path
) -> None:
    agent = start()
    key, other = JobKey.open(tmp_path / "hub-key"), JobKey.open(tmp_path / "other-key")
    pin = agent.agent._folder.path / "identity" / "job_key"  # pyright: ignore[reportPrivateUsage]
    pin.parent.mkdir()
    pin.write_text(f"{key.public_hex}\n")
    right, bare, foreign = (pieces.job(tiny) for _ in range(3))
    changed = signed(key, agent.device_id, pieces.job(tiny))
    changed = replace(changed, protocol=replace(changed.protocol, min_runs=1))
    for job in (
        bare,
        signed(other, agent.device_id, foreign),
        changed,
        signed(key, agent.device_id, right),
    ):
        hub.send(agent.device_id, job)
    eventually(lambda: len(hub.results) == 1)
    assert hub.decoded()[0].job_id == right.job_id
    assert [(ack.job_id, ack.status, ack.code) for ack in hub.received_of(Ack)] == [
        (bare.job_id, "refused", "job_unsigned"),
        (foreign.job_id, "refused", "job_signature_wrong"),
        (changed.job_id, "refused", "job_mixed"),
        (right.job_id, "accepted", None),
    ]


def test_a_signed_job_that_comes_twice_is_a_duplicate(
    hub: MinimalHub, start: Start, tiny: ModelRef, tmp_path: Path
) -> None:
    agent = start()
    key = JobKey.open(tmp_path / "hub-key")
    job = signed(key, agent.device_id, pieces.job(tiny))
    hub.send(agent.device_id, job)
    hub.send(agent.device_id, job)
    eventually(lambda: len(hub.received_of(Ack)) == 2)
    assert {ack.code for ack in hub.received_of(Ack)} == {None}
