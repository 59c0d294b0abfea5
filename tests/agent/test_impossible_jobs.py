"""Jobs that no hub of ours sends: the agent says why it does not run them, and goes on."""

from dataclasses import replace

import pytest

from edgeprof.wire.messages import Ack, Job, ModelRef
from tests.agent import pieces
from tests.agent.agent_process import Start
from tests.agent.minimal_hub import MinimalHub, eventually

CONTENTS = {"model.onnx": b"tiny" * 100}


@pytest.fixture
def tiny(hub: MinimalHub) -> ModelRef:
    model = pieces.model("tiny", CONTENTS)
    hub.offer(model, CONTENTS)
    return model


def impossible(of: ModelRef) -> list[tuple[Job, str]]:
    job = pieces.job(of)
    config, protocol = job.config, job.protocol
    changed = [
        (replace(job, config=replace(config, threads=-5)), "Threads must be"),
        (replace(job, config=replace(config, threads=10**9)), "Threads must be"),
        (replace(job, protocol=replace(protocol, deadline_s=1e300)), "Time limit must be"),
        (replace(job, protocol=replace(protocol, deadline_s=-1.0)), "Time limit must be"),
        (replace(job, config=replace(config, shapes={"x": (-1, 0)})), "A size of the input 'x'"),
    ]
    return [(replace(each, job_id=f"j-impossible-{number}"), why) for number, (each, why) in enumerate(changed)]


def test_a_job_that_cannot_be_is_refused_with_the_reason(hub: MinimalHub, start: Start, tiny: ModelRef) -> None:
    agent = start()
    jobs = impossible(tiny)
    for job, _ in jobs:
        hub.send(agent.device_id, job)
    good = pieces.job(tiny)
    hub.send(agent.device_id, good)
    eventually(lambda: len(hub.results) == 1)
    answers = {ack.job_id: (ack.status, ack.reason or "") for ack in hub.received_of(Ack)}
    for job, why in jobs:
        status, reason = answers[job.job_id]
        assert status == "refused"
        assert why in reason
    assert hub.decoded()[0].job_id == good.job_id
