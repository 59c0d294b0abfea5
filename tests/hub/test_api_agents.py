"""What an agent asks before it connects: the broker, and whether its id is free."""

import json
from dataclasses import asdict, replace

from edgeprof.wire import messages as m
from edgeprof.wire.words import WORDS
from tests.hub import fleet
from tests.hub.api_cases import JSON, error_of
from tests.hub.fake_agent import FakeAgent
from tests.hub.live import Live, eventually


def test_two_live_agents_with_one_id_are_told_apart_by_host(live: Live, agent: FakeAgent) -> None:
    hello = m.Hello(
        device_id=agent.device_id, session_id="s-2", name="copy", hostname="copied-host", agent_version="0.1.0"
    )
    status, error = error_of(live, "POST", "/claims", json.dumps(asdict(hello)).encode())
    assert (status, error.code) == (409, "device_id_in_use")
    assert "copied-host" in error.message
    assert "host1" in error.message
    same = replace(hello, session_id=agent.state.session_id)
    with live.http("POST", "/claims", json.dumps(asdict(same)).encode(), JSON) as answer:
        assert answer.status == 200
    agent.vanish()
    eventually(lambda: not live.client.devices()[0].online)
    with live.http("POST", "/claims", json.dumps(asdict(hello)).encode(), JSON) as answer:
        assert json.loads(answer.read()) == {"session_id": "s-2"}


def test_two_agents_that_claim_at_once_do_not_both_get_the_id(live: Live) -> None:
    one = m.Hello(device_id=fleet.device_id(5), session_id="a", name="n", hostname="h1", agent_version="0")
    with live.http("POST", "/claims", json.dumps(asdict(one)).encode(), JSON) as answer:
        assert answer.status == 200
    two = replace(one, session_id="b", hostname="h2")
    assert error_of(live, "POST", "/claims", json.dumps(asdict(two)).encode())[0] == 409


def test_an_agent_of_another_wire_version_is_refused_before_it_connects(live: Live) -> None:
    hello = m.Hello(device_id=fleet.device_id(5), session_id="a", name="n", hostname="h", agent_version="0", wire=2)
    status, error = error_of(live, "POST", "/claims", json.dumps(asdict(hello)).encode())
    assert (status, error.code) == (426, "wire_version")


def test_bootstrap_tells_the_broker(live: Live) -> None:
    with live.http("GET", "/bootstrap") as answer:
        told = json.loads(answer.read())
    assert (told["mqtt_host"], told["mqtt_port"]) == ("127.0.0.1", live.hub.endpoint.port)
    assert (told["hub_id"], told["mqtt_username"]) == (live.hub.hub_id, None)


def test_bootstrap_lists_the_words_that_this_hub_reads(live: Live) -> None:
    with live.http("GET", "/bootstrap") as answer:
        words = json.loads(answer.read())["words"]
    assert {name: tuple(each) for name, each in words.items()} == WORDS
