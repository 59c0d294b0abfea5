"""The connection: it comes back from everything, fights nobody, and what is in the outbox arrives once."""

import logging
import shutil
import socket
from dataclasses import replace
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from edgeprof.errors import EdgeprofError
from edgeprof.net.backoff import Backoff
from edgeprof.wire.messages import ANNOUNCE, Ack, ModelRef, Refusal, State
from edgeprof_agent.daemon import link
from edgeprof_agent.daemon.folder import StateFolder
from tests.agent import agent_process, pieces
from tests.agent.agent_process import Running, Slow, Start
from tests.agent.minimal_hub import MinimalHub, Mosquitto, eventually, free_port

pytestmark = pytest.mark.mosquitto
CONTENTS = {"model.onnx": b"tiny" * 100}


@pytest.fixture
def tiny(hub: MinimalHub) -> ModelRef:
    model = pieces.model("tiny", CONTENTS)
    hub.offer(model, CONTENTS)
    return model


def test_nothing_is_lost_when_the_broker_is_killed_under_results_in_flight(
    hub: MinimalHub, broker: Mosquitto, start: Start, tiny: ModelRef
) -> None:
    """The broker keeps nothing; each job is sent again until it is acknowledged, as a hub does on a birth."""
    agent = start(resend_after_s=0.5)  # the agent may be back before the hub has subscribed again
    jobs = {each.job_id: each for each in (pieces.job(tiny) for _ in range(60))}

    def send_unacknowledged() -> None:
        known = {ack.job_id for ack in hub.received_of(Ack)}
        for job_id in jobs.keys() - known:
            hub.send(agent.device_id, jobs[job_id])

    send_unacknowledged()
    for results_before_the_kill in (5, 20, 35):
        eventually(lambda: len(hub.results) >= results_before_the_kill)  # noqa: B023
        births = sum(state.online for state in hub.received_of(State))
        broker.kill()
        broker.start()
        eventually(lambda: sum(state.online for state in hub.received_of(State)) > births)  # noqa: B023
        send_unacknowledged()
    eventually(lambda: len(hub.results) == 60 and agent.agent.unreceipted() == 0, within_s=60)
    assert {result.job_id for result in hub.decoded()} == jobs.keys()


def test_a_lost_receipt_brings_the_same_bytes_again(hub: MinimalHub, start: Start, tiny: ModelRef) -> None:
    hub.lose_receipts = 2
    agent = start(resend_after_s=0.1)
    hub.send(agent.device_id, pieces.job(tiny))
    eventually(lambda: bool(hub.results) and agent.agent.unreceipted() == 0)
    (copies,) = hub.results.values()
    assert len(copies) >= 3
    assert len(set(copies)) == 1


def test_a_lost_receipt_is_made_up_for_at_the_next_connection(hub: MinimalHub, start: Start, tiny: ModelRef) -> None:
    hub.lose_receipts = 1
    agent = start()
    hub.send(agent.device_id, pieces.job(tiny))
    eventually(lambda: len(hub.results) == 1)
    cut_off(hub, agent.device_id)
    eventually(lambda: agent.agent.unreceipted() == 0)


def cut_off(hub: MinimalHub, device_id: str) -> None:
    """A second client of the same id: the broker closes the agent's connection."""
    thief = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=device_id, protocol=MQTTProtocolVersion.MQTTv311)
    thief.connect("127.0.0.1", hub.broker_port)
    thief.loop_start()
    eventually(thief.is_connected)
    thief.disconnect()
    thief.loop_stop()


def test_results_made_while_the_hub_is_away_arrive(
    hub: MinimalHub, broker: Mosquitto, start: Start, tiny: ModelRef
) -> None:
    slow = Slow()
    agent = start(slow, resend_after_s=0.5)
    jobs = [pieces.job(tiny) for _ in range(30)]
    for each in jobs:
        hub.send(agent.device_id, each)
    eventually(lambda: len(hub.received_of(Ack)) == 30)
    broker.kill()
    slow.release.set()
    eventually(lambda: agent.agent.unreceipted() == 30)
    broker.start()
    eventually(lambda: agent.agent.unreceipted() == 0)
    assert {result.job_id for result in hub.decoded()} == {each.job_id for each in jobs}


def test_the_broker_may_move_to_another_port(hub: MinimalHub, broker: Mosquitto, start: Start, tmp_path: Path) -> None:
    agent = start()
    claims = len(hub.hellos)
    broker.kill()
    (tmp_path / "second").mkdir()
    second = Mosquitto(tmp_path / "second")
    try:
        moved = MinimalHub(second.port)
        hub.broker_port = second.port
        eventually(lambda: moved.is_online(agent.device_id))
        moved.close()
        assert len(hub.hellos) > claims
        agent.stop()
    finally:
        second.kill()
        broker.start()


def test_an_agent_that_starts_before_its_hub_waits_quietly(
    broker: Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        caplog.set_level(logging.INFO, "edgeprof_agent.daemon.link")
        agent = Running(agent_process.make(agent_process.settings(url, tmp_path / "agent")))
        eventually(lambda: "offline" in caplog.text)
        agent.stop()
    assert agent.error is None
    assert caplog.text.count("offline") == 1


def test_a_hub_that_comes_up_later_is_found(hub: MinimalHub, start: Start) -> None:
    port, hub.broker_port = hub.broker_port, free_port()
    agent = start(wait=False)
    eventually(lambda: len(hub.hellos) > 2)
    hub.broker_port = port
    eventually(lambda: hub.is_online(agent.device_id))


def test_a_claimed_id_is_waited_out_from_the_first_start_on(
    hub: MinimalHub, start: Start, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other session may be what a power cut has left behind at the hub."""
    monkeypatch.setattr(link, "STALE", Backoff(0.02, 0.05))
    hub.claim_refusal = "d-1 is in use by the agent on alpha; this one is on beta."
    agent = start(wait=False)
    eventually(lambda: hub.refused_claims > 3)
    assert caplog.text.count("in use by the agent on alpha") == 1
    hub.claim_refusal = None
    eventually(lambda: hub.is_online(agent.device_id))


def test_a_refused_agent_begins_no_job_and_ends_none(
    hub: MinimalHub, start: Start, tiny: ModelRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "STALE", Backoff(0.02, 0.05))
    first = start(slow := Slow())
    jobs = [pieces.job(tiny) for _ in range(3)]
    for each in jobs:
        hub.send(first.device_id, each)
    eventually(lambda: len(hub.received_of(Ack)) == 3 and len(slow.started) == 1)
    first.stop()
    eventually(lambda: len(hub.results) == 1)
    hub.claim_refusal = "d-1 is in use by the agent on alpha; this one is on beta."
    for _ in range(2):
        refusals = hub.refused_claims
        refused = start(second := Slow(), wait=False)
        eventually(lambda: hub.refused_claims > refusals + 2)  # noqa: B023
        assert (second.started, refused.agent.unreceipted()) == ([], 0)
        refused.stop()
    hub.claim_refusal = None
    start()
    eventually(lambda: len(hub.results) == 3)
    outcomes = {result.job_id: result.status for result in hub.decoded()}
    assert outcomes == {jobs[0].job_id: "failed", jobs[1].job_id: "measured", jobs[2].job_id: "measured"}


def test_an_agent_that_lost_its_id_ends_its_run_and_begins_no_other(
    hub: MinimalHub, broker: Mosquitto, start: Start, tiny: ModelRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "STALE", Backoff(0.02, 0.05))
    agent = start(slow := Slow(), resend_after_s=0.5)
    for each in [pieces.job(tiny) for _ in range(2)]:
        hub.send(agent.device_id, each)
    eventually(lambda: len(hub.received_of(Ack)) == 2 and len(slow.started) == 1)
    hub.claim_refusal = "d-1 is in use by the agent on alpha; this one is on beta."
    broker.kill()
    broker.start()
    eventually(lambda: hub.refused_claims > 0)
    slow.release.set()
    eventually(lambda: agent.agent.unreceipted() == 1)
    assert len(slow.started) == 1
    hub.claim_refusal = None
    eventually(lambda: len(hub.results) == 2)


def test_the_hubs_question_is_answered_and_ends_nothing(hub: MinimalHub, start: Start) -> None:
    agent = start()
    births = len(hub.received_of(State))
    hub.send(agent.device_id, Refusal(code=ANNOUNCE, message="Are you there?"))
    eventually(lambda: len(hub.received_of(State)) > births)
    birth, answer = hub.received_of(State)[-2:]
    assert answer == replace(birth, is_answer=True)
    assert len(hub.hellos) == 1


def test_a_place_is_one_folder_on_one_running_machine(hub: MinimalHub, start: Start, tmp_path: Path) -> None:
    first = start()
    first.stop()
    again = start()
    assert again.agent.identity.place == first.agent.identity.place
    assert again.agent.identity.session_id != first.agent.identity.session_id
    assert hub.hellos[-1].place == hub.received_of(State)[-1].place == again.agent.identity.place
    again.stop()
    shutil.copytree(tmp_path / "agent", tmp_path / "copied card")
    copied = start(data="copied card")
    assert copied.device_id == first.device_id
    assert copied.agent.identity.place not in ("", first.agent.identity.place)


def test_a_place_changes_with_the_machines_boot(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "state")
    boots = [tmp_path / name for name in ("one", "two")]
    for file in boots:
        file.write_text(f"{file.name}\n")
    assert len({folder.place(file) for file in (*boots, *boots)}) == 2
    assert folder.place(tmp_path / "none") == ""
    folder.release()


def test_a_claimed_id_at_a_reconnect_is_waited_out(
    hub: MinimalHub, broker: Mosquitto, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    agent = start()
    hub.claim_refusal = "d-1 is in use by the agent on alpha; this one is on beta."
    broker.kill()
    broker.start()
    eventually(lambda: "in use by the agent on alpha" in caplog.text)
    agent.stop()
    assert agent.error is None


def test_a_hub_of_another_wire_version_is_refused_with_a_sentence(hub: MinimalHub, start: Start) -> None:
    hub.wire_max = 0
    agent = start(wait=False)
    agent.join()
    assert isinstance(agent.error, EdgeprofError)
    assert "Install the same edgeprof release" in agent.error.message


def test_a_stopped_agent_says_so_itself(hub: MinimalHub, start: Start) -> None:
    agent = start()
    agent.stop()
    eventually(lambda: not hub.is_online(agent.device_id))
    assert hub.received_of(State)[-1].session_id == agent.agent.identity.session_id
