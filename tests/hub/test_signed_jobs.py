"""Jobs as the hub sends them: signed, with a version each, withdrawn when cancelled; a refusal shows its code."""

import json
import time
from pathlib import Path

from edgeprof.signing import statement
from edgeprof.wire import codec, rest
from edgeprof.wire import messages as m
from edgeprof_hub.store import signatures
from edgeprof_hub.store.writer import SqliteWriter
from tests.hub import fleet
from tests.hub.api_cases import add_digits
from tests.hub.fake_agent import FakeAgent
from tests.hub.live import Live, eventually

NOW_MS = 1_800_000_000_000


def start(live: Live, agent: FakeAgent, record: rest.ModelRecord) -> rest.JobRecord:
    request = rest.CampaignRequest(model_ids=(record.model_id,), device_ids=(agent.device_id,))
    return live.client.start_campaign(request).jobs[0]


def jobs(agent: FakeAgent) -> list[m.Job]:
    return agent.got(m.Job)


def test_a_job_arrives_signed_for_its_device(live: Live, agent: FakeAgent) -> None:
    record = add_digits(live)
    start(live, agent, record)
    eventually(lambda: len(jobs(agent)) == 1)
    (job,) = jobs(agent)
    assert live.hub.job_key is not None
    key = live.hub.settings.data / "identity" / "job-key"
    assert key.stat().st_mode & 0o777 == 0o600
    expected = statement.Expectation(
        keys=[bytes.fromhex(live.hub.job_key.public_hex)],
        device_id=agent.device_id,
        hub_id=live.hub.hub_id,
        floor=0,
        now_s=time.time(),
    )
    found = statement.checked(job, codec.encode(job), expected)
    assert (found.job_id, found.model_id, found.hub_id) == (job.job_id, record.model_id, live.hub.hub_id)
    assert found.floor == found.version


def test_a_cancelled_job_is_below_the_next_ones_floor(live: Live, agent: FakeAgent) -> None:
    record = add_digits(live)
    first = start(live, agent, record)
    eventually(lambda: len(jobs(agent)) == 1)
    live.client.cancel_job(first.job_id)
    start(live, agent, record)
    eventually(lambda: len(jobs(agent)) == 2)
    old, new = (json.loads(job.signed.statement) for job in jobs(agent) if job.signed)
    assert old["version"] < new["floor"] == new["version"]


def test_the_code_of_a_refusal_is_shown(live: Live, agent: FakeAgent) -> None:
    job = start(live, agent, add_digits(live))
    eventually(lambda: len(jobs(agent)) == 1)
    agent.send(m.Ack(job_id=job.job_id, attempt=1, status="refused", reason="Too old.", code="job_expired"))
    eventually(lambda: live.client.campaign(job.campaign_id).jobs[0].state == "failed")
    assert live.client.campaign(job.campaign_id).jobs[0].note == "Too old. [job_expired]"
    assert "job_expired" in live.app_get(f"/campaigns/{job.campaign_id}")


def test_versions_grow_over_attempts_and_over_a_clock_that_went_back(tmp_path: Path) -> None:
    writer = SqliteWriter(tmp_path / "hub.sqlite")
    made = fleet.typical()
    fleet.fill(writer, made)
    record = made.models[0]
    made_jobs = [fleet.job(1, record) for _ in range(2)]
    for each in made_jobs:
        writer.create_campaign([each])
    connection = writer._connection  # pyright: ignore[reportPrivateUsage]
    one, two = (each.job_id for each in made_jobs)
    first = signatures.version(connection, one, 1, NOW_MS)
    assert first == (NOW_MS, NOW_MS)
    assert signatures.version(connection, one, 1, NOW_MS + 5) == first
    later, floor = signatures.version(connection, two, 1, 5)
    assert (later, floor) == (NOW_MS + 1, NOW_MS)
    writer.save_job_state(one, 1, "cancelled", "", None, "")
    assert signatures.version(connection, two, 1, 5) == (NOW_MS + 1, NOW_MS + 1)
    writer.restart_job(one, 1)
    assert signatures.version(connection, one, 2, 5) == (NOW_MS + 2, NOW_MS + 1)
    writer.close()
