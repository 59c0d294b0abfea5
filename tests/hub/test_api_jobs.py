"""Jobs over HTTP and MQTT: sent, repeated, cancelled and tried again, with a result in the table."""

from dataclasses import replace

import pytest

from edgeprof.wire import identity, rest
from edgeprof.wire import messages as m
from edgeprof_hub.broker import dispatch
from tests.hub import fleet
from tests.hub.api_cases import DIGITS, add_digits, error_of
from tests.hub.fake_agent import FakeAgent
from tests.hub.live import Live, eventually


def start(live: Live, agent: FakeAgent) -> rest.JobRecord:
    model = add_digits(live)
    request = rest.CampaignRequest(model_ids=(model.model_id,), device_ids=(agent.device_id,))
    return live.client.start_campaign(request).jobs[0]


def state_of(live: Live, job: rest.JobRecord) -> rest.JobRecord:
    found = live.hub.reader.job(job.job_id)
    assert found is not None
    return found


def outcome(job: m.Job, agent: FakeAgent) -> m.Result:
    model = fleet.model("digits", "digits")
    result = fleet.result(1, model, fleet.vision_rows(4.0, 0.1))
    return replace(
        result,
        job_id=job.job_id,
        attempt=job.attempt,
        device_id=agent.device_id,
        model_id=job.model.model_id,
        config=job.config,
        config_key=job.config_key,
    )


def test_a_job_goes_to_its_device_and_its_result_into_the_table(live: Live, agent: FakeAgent) -> None:
    job = start(live, agent)
    eventually(lambda: agent.got(m.Job))
    sent = agent.got(m.Job)[0]
    assert (sent.job_id, sent.config.runtime, sent.model.manifest.entry) == (job.job_id, "onnxruntime", DIGITS.name)
    assert sent.config_key == identity.config_key(sent.config)
    agent.send(m.Ack(job_id=job.job_id, attempt=1, status="accepted"))
    eventually(lambda: state_of(live, job).state == "accepted")
    agent.send(m.Progress(job_id=job.job_id, attempt=1, stage="warmup", fraction=0.5))
    eventually(lambda: (state_of(live, job).state, state_of(live, job).stage) == ("running", "warmup"))
    result = outcome(sent, agent)
    agent.post(result)
    agent.wait_until_empty()
    assert live.client.campaign(job.campaign_id).jobs[0].state == "measured"
    table = live.client.compare()
    assert [(cell.device_id, cell.state, cell.result_id) for cell in table.cells] == [
        (agent.device_id, "measured", result.result_id)
    ]
    live.client.delete("results", result.result_id)
    assert live.client.compare().cells == ()


def test_a_refused_job_fails_with_the_devices_reason(live: Live, agent: FakeAgent) -> None:
    job = start(live, agent)
    agent.send(m.Ack(job_id=job.job_id, attempt=1, status="refused", reason="the outbox is full"))
    eventually(lambda: (state_of(live, job).state, state_of(live, job).note) == ("failed", "the outbox is full"))


def test_a_job_waits_for_its_device_and_is_repeated_at_every_birth(live: Live, agent: FakeAgent) -> None:
    agent.vanish()
    eventually(lambda: not live.client.devices()[0].online)
    job = start(live, agent)
    assert state_of(live, job).state == "queued"
    with FakeAgent(live.hub.endpoint.port) as again:
        eventually(lambda: again.got(m.Job))
        again.send(m.Ack(job_id=job.job_id, attempt=1, status="accepted"))
        eventually(lambda: state_of(live, job).state == "accepted")
        again.send(again.state)
        eventually(lambda: len(again.got(m.Job)) == 2)
    assert {(sent.job_id, sent.attempt) for sent in again.got(m.Job)} == {(job.job_id, 1)}


def test_a_job_that_is_not_answered_in_time_is_sent_again(
    live: Live, agent: FakeAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = start(live, agent)
    eventually(lambda: agent.got(m.Job))
    live.hub.writer.call(live.hub.dispatch.send_waiting)
    assert len(agent.got(m.Job)) == 1
    monkeypatch.setattr(dispatch, "ANSWER_WITHIN_S", 0.0)
    live.hub.writer.call(live.hub.dispatch.send_waiting)
    eventually(lambda: len(agent.got(m.Job)) >= 2)
    agent.send(m.Ack(job_id=job.job_id, attempt=1, status="duplicate"))
    eventually(lambda: state_of(live, job).state == "accepted")


def test_a_cancel_reaches_the_device_also_when_it_was_away(live: Live, agent: FakeAgent) -> None:
    job = start(live, agent)
    eventually(lambda: agent.got(m.Job))
    eventually(lambda: state_of(live, job).state == "sent")
    agent.vanish()
    eventually(lambda: not live.client.devices()[0].online)
    with live.http("POST", f"/jobs/{job.job_id}/cancel") as answer:
        assert answer.status == 200
    assert error_of(live, "POST", f"/jobs/{job.job_id}/cancel") == (
        409,
        rest.ErrorBody(code="job_ended", message="This job has already ended."),
    )
    with FakeAgent(live.hub.endpoint.port) as again:
        eventually(lambda: m.Cancel(job_id=job.job_id, attempt=1) in again.got(m.Cancel))
        assert again.got(m.Job) == []


def test_a_job_that_was_sent_since_it_was_looked_at_is_cancelled_on_the_device_too(
    live: Live, agent: FakeAgent
) -> None:
    job = start(live, agent)
    eventually(lambda: agent.got(m.Job))
    eventually(lambda: state_of(live, job).state == "sent")
    stale = live.hub.writer.submit(lambda store: live.hub.dispatch.cancel(store, [job.job_id]))
    assert (job.state, stale.result()) == ("queued", [job.job_id])
    eventually(lambda: agent.got(m.Cancel) == [m.Cancel(job_id=job.job_id, attempt=1)])


def test_a_cancel_names_the_attempt_that_it_ends(live: Live, agent: FakeAgent) -> None:
    job = start(live, agent)
    live.client.cancel_campaign(job.campaign_id)
    with live.http("POST", f"/jobs/{job.job_id}/retry"):
        pass
    eventually(lambda: state_of(live, job).state == "sent")
    live.client.cancel_campaign(job.campaign_id)
    eventually(lambda: m.Cancel(job_id=job.job_id, attempt=2) in agent.got(m.Cancel))


def test_an_ended_job_is_tried_again_as_its_next_attempt(live: Live, agent: FakeAgent) -> None:
    job = start(live, agent)
    assert error_of(live, "POST", f"/jobs/{job.job_id}/retry")[1].code == "job_not_ended"
    live.client.cancel_campaign(job.campaign_id)
    with live.http("POST", f"/jobs/{job.job_id}/retry") as answer:
        assert answer.status == 200
    eventually(lambda: [sent.attempt for sent in agent.got(m.Job)][-1:] == [2])


def test_a_deleted_device_has_its_open_jobs_cancelled_and_comes_back_without_them(live: Live, agent: FakeAgent) -> None:
    job = start(live, agent)
    eventually(lambda: state_of(live, job).state == "sent")
    live.client.delete("devices", agent.device_id)
    eventually(lambda: agent.got(m.Cancel))
    eventually(lambda: [device.online for device in live.client.devices()] == [True])
    assert state_of(live, job).state == "cancelled"
    agent.vanish()
    eventually(lambda: not live.client.devices()[0].online)
    with FakeAgent(live.hub.endpoint.port) as again:
        eventually(lambda: [device.online for device in live.client.devices()] == [True])
        assert again.got(m.Job) == []
