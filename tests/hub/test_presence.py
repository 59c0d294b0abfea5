"""Who is there: known from what comes live; what a broker or a database kept proves nothing."""

import json
import time
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edgeprof.errors import EdgeprofError
from edgeprof.wire import codec, topics
from edgeprof.wire import messages as m
from edgeprof_hub.broker import claims, presence
from edgeprof_hub.broker.claims import Claims
from edgeprof_hub.broker.client_id import own_client_id
from edgeprof_hub.broker.presence import Presence, Session
from edgeprof_hub.lifecycle import running
from tests.agent.minimal_hub import Mosquitto
from tests.hub import fleet
from tests.hub.fake_agent import FakeAgent
from tests.hub.live import Live, eventually, serving

DEVICE = fleet.device_id(1)
STATE = replace(fleet.state(1, "pi"), place="one-folder")
OLD = fleet.state(1, "pi")
HELLO = m.Hello(
    device_id=DEVICE,
    session_id=STATE.session_id,
    name="pi",
    hostname="host1",
    agent_version="0.1.0",
    place="one-folder",
)
ELSEWHERE = replace(HELLO, session_id="s-copy", hostname="copied-host", place="another-folder")


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_a_session_lasts_from_its_birth_to_its_own_will() -> None:
    known = Presence()
    assert known.current(DEVICE) is None
    known.born(STATE, is_proven=True)
    known.died(DEVICE, "an earlier session")
    session = known.current(DEVICE)
    assert session is not None
    assert (session.session_id, session.place) == (STATE.session_id, "one-folder")
    known.died(DEVICE, STATE.session_id)
    assert known.current(DEVICE) is None


def test_after_a_new_connection_to_the_broker_who_stays_silent_is_gone() -> None:
    clock = Clock()
    known = Presence(clock)
    for number in (1, 2):
        known.born(replace(STATE, device_id=fleet.device_id(number)), is_proven=True)
    assert (known.to_ask(), known.drop_silent()) == ([], [])
    known.doubt_all()
    known.heard(fleet.device_id(1))  # before the question: it may have waited at the broker
    assert known.to_ask() == [fleet.device_id(1), fleet.device_id(2)]
    assert known.to_ask() == []
    known.heard(fleet.device_id(1))
    clock.now_s += presence.ASK_EVERY_S
    assert known.to_ask() == [fleet.device_id(2)]
    clock.now_s += presence.SILENT_S - presence.ASK_EVERY_S
    assert [session.device_id for session in known.drop_silent()] == [fleet.device_id(2)]
    assert known.current(fleet.device_id(1)) is not None


def test_an_older_agent_has_time_to_come_back_before_it_is_asked() -> None:
    clock = Clock()
    known = Presence(clock)
    known.born(OLD, is_proven=True)
    known.doubt_all()
    assert known.to_ask() == []
    clock.now_s += presence.OLD_AGENTS_RETURN_S
    assert known.to_ask() == [DEVICE]
    known.heard(DEVICE)
    clock.now_s += presence.SILENT_S
    assert known.drop_silent() == []


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "SILENT_S", 2.0)
    monkeypatch.setattr(presence, "ASK_EVERY_S", 0.3)
    monkeypatch.setattr(presence, "OLD_AGENTS_RETURN_S", 0.5)
    monkeypatch.setattr(running, "SEND_WAITING_EVERY_S", 0.1)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with serving(tmp_path) as served:
        yield served


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker that outlives the hub."""
    broker = Mosquitto(tmp_path)
    yield broker
    broker.kill()


@pytest.fixture
def restarted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    """A hub with a broker of its own that has known the device, and knows nobody now."""
    monkeypatch.setattr(claims, "HOLD_S", 60.0)
    with serving(tmp_path) as before, agent_of(before):
        pass
    with serving(tmp_path):
        pass  # it ended before the agent came back
    with serving(tmp_path) as served:
        yield served


def serving_at(broker: Mosquitto, folder: Path) -> AbstractContextManager[Live]:
    return serving(folder, broker=f"mqtt://127.0.0.1:{broker.port}")


def claim(live: Live, hello: m.Hello) -> int:
    body = json.dumps(asdict(hello)).encode()
    with live.http("POST", "/claims", body, {"Content-Type": "application/json"}) as answer:
        answer.read()
        return answer.status


def online(live: Live) -> list[bool]:
    return [device.online for device in live.hub.reader.devices()]


@contextmanager
def agent_of(live: Live, hello: m.Hello = HELLO) -> Generator[FakeAgent]:
    """An agent that has claimed its id, and is known with its facts."""
    assert claim(live, hello) == 200
    with FakeAgent(live.hub.endpoint.port, place=hello.place) as agent:
        eventually(lambda: [device.facts for device in live.hub.reader.devices()] not in ([], [None]))
        yield agent


def keep(broker: Mosquitto, name: topics.Upward, payload: bytes, client_id: str = "before") -> None:
    """As the broker saved it before a power cut."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    client.publish(topics.build("home", DEVICE, name), payload, 1, retain=True).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


@pytest.mark.mosquitto
def test_what_the_broker_kept_makes_nobody_online_and_keeps_nobody_out(outside: Mosquitto, tmp_path: Path) -> None:
    keep(outside, "state", codec.encode(STATE))
    keep(outside, "facts", codec.encode(fleet.facts(1)))
    with serving_at(outside, tmp_path / "hub") as live:
        sentinel = FakeAgent(outside.port, number=2)
        with sentinel:
            eventually(lambda: online(live) == [True])  # and so all that came before it is handled
        assert [device.device_id for device in live.hub.reader.devices()] == [sentinel.device_id]
        assert claim(live, ELSEWHERE) == 200


@pytest.mark.mosquitto
@pytest.mark.parametrize("name", ["state", "facts", "ack", "progress", "result"])
def test_nothing_that_is_kept_is_stored(outside: Mosquitto, tmp_path: Path, name: topics.Upward) -> None:
    """Of every class: ours are kept of two only, and anybody may keep more at a broker."""
    with serving_at(outside, tmp_path / "hub") as live, agent_of(live) as agent:
        known = live.hub.reader.devices()
    hub_id = own_client_id(tmp_path / "hub" / "broker")
    keep(outside, "state", b"", client_id=hub_id)  # and so the hub's session there is gone
    old = {
        "state": replace(STATE, name="of last year"),
        "facts": replace(agent.facts, kernel="of last year"),
        "ack": m.Ack(job_id="j-1", attempt=1, status="accepted"),
        "progress": m.Progress(job_id="j-1", attempt=1, stage="measure", fraction=0.5),
        "result": fleet.result(1, fleet.model("cnn", "digits"), fleet.vision_rows(4.0, 0.1)),
    }
    keep(outside, name, codec.encode(old[name]))
    with serving_at(outside, tmp_path / "hub") as live:
        with FakeAgent(outside.port, number=2):
            eventually(lambda: sorted(online(live)) == [False, True])
        now = [device for device in live.hub.reader.devices() if device.device_id == DEVICE]
        assert [(d.name, d.facts, d.last_seen_s) for d in now] == [(d.name, d.facts, d.last_seen_s) for d in known]
        assert live.hub.reader.results() == []


@pytest.mark.mosquitto
def test_an_agent_that_outlived_the_hub_is_asked_and_counts_again(outside: Mosquitto, tmp_path: Path) -> None:
    with FakeAgent(outside.port, place="one-folder") as agent:
        eventually(lambda: agent.is_connected)
        for _ in range(2):
            with serving_at(outside, tmp_path / "hub") as live:
                eventually(lambda: online(live) == [True])
                assert claim(live, ELSEWHERE) == 409
        assert {refusal.code for refusal in agent.got(m.Refusal)} == {m.ANNOUNCE}


@pytest.mark.mosquitto
def test_a_birth_that_waited_longer_than_its_agent_lived_counts_for_a_while_only(
    outside: Mosquitto, tmp_path: Path
) -> None:
    """A broker with the hub's session delivers it like any other, without the mark of what was kept."""
    with serving_at(outside, tmp_path / "hub"):
        pass
    keep(outside, "state", codec.encode(STATE))
    with serving_at(outside, tmp_path / "hub") as live:
        eventually(lambda: online(live) == [True])
        assert claim(live, ELSEWHERE) == 409
        eventually(lambda: online(live) == [False])
        assert claim(live, ELSEWHERE) == 200


def test_the_same_place_is_let_in_at_once_and_no_other_is(live: Live) -> None:
    with agent_of(live):
        assert claim(live, ELSEWHERE) == 409
        assert claim(live, replace(HELLO, session_id="s-next")) == 200
        assert claim(live, replace(ELSEWHERE, place="")) == 409


def test_who_claims_a_live_device_again_and_again_never_gets_it(live: Live) -> None:
    with agent_of(live) as agent:
        until_s = time.monotonic() + 2 * presence.SILENT_S
        while time.monotonic() < until_s:
            assert claim(live, ELSEWHERE) == 409
            time.sleep(0.05)
        assert agent.got(m.Refusal)
        assert online(live) == [True]


def test_a_session_whose_will_was_lost_gives_way_to_a_claim(live: Live) -> None:
    with agent_of(live):
        pass  # its farewell was never sent, and a clean end of a connection sends no will
    assert online(live) == [True]
    assert claim(live, ELSEWHERE) == 409
    eventually(lambda: claim(live, ELSEWHERE) == 200)
    assert online(live) == [False]


def test_an_older_agent_is_not_disturbed_by_the_claims_of_others(live: Live) -> None:
    with agent_of(live, replace(HELLO, place="")) as agent:
        until_s = time.monotonic() + presence.SILENT_S
        while time.monotonic() < until_s:
            assert claim(live, ELSEWHERE) == 409
            time.sleep(0.05)
        assert agent.got(m.Refusal) == []


def test_a_deleted_device_that_is_online_comes_back_without_its_past_and_keeps_its_id(live: Live) -> None:
    model = fleet.model("cnn", "digits")
    live.hub.writer.call(lambda store: store.save_model(model))
    with agent_of(live) as agent:
        agent.post(fleet.result(1, model, fleet.vision_rows(4.0, 0.1)))
        agent.wait_until_empty()
        live.client.delete("devices", DEVICE)
        assert claim(live, ELSEWHERE) == 409
        eventually(lambda: [device.facts for device in live.hub.reader.devices()] == [agent.facts])
        assert (online(live), live.hub.reader.results()) == ([True], [])
        assert claim(live, ELSEWHERE) == 409


def test_after_its_start_the_hub_lets_a_device_in_at_its_last_place_only(restarted: Live) -> None:
    assert online(restarted) == [False]
    assert claim(restarted, ELSEWHERE) == 409
    assert claim(restarted, replace(ELSEWHERE, place="")) == 409
    assert claim(restarted, replace(HELLO, session_id="s-next")) == 200


def test_after_a_goodbye_nobody_is_waited_for(restarted: Live) -> None:
    assert claim(restarted, ELSEWHERE) == 409
    with FakeAgent(restarted.hub.endpoint.port, number=2) as other:
        other.publish("state", codec.encode(replace(STATE, online=False)), device_id=DEVICE)
        eventually(lambda: claim(restarted, ELSEWHERE) == 200)
        eventually(lambda: not running.last_sessions(restarted.hub.reader))


def test_the_hub_waits_for_a_last_session_for_a_while_only() -> None:
    last = Session(device_id=DEVICE, session_id="s-last", hostname="host1", place="one-folder")
    held = Claims(Presence(), [last], started_s=100.0)
    with pytest.raises(EdgeprofError, match="holds the id for that agent for 35 s"):
        held.take(ELSEWHERE, 134.9)
    held.take(replace(ELSEWHERE, device_id=fleet.device_id(2)), 101.0)
    held.take(ELSEWHERE, 135.0)
    older = Claims(Presence(), [replace(last, place="")], started_s=100.0)
    older.take(ELSEWHERE, 101.0)
