"""A broker that hangs is started again, and nobody can take the hub's place at it."""

import os
import signal
import socket
import threading
import time
from pathlib import Path

import psutil
import pytest

from edgeprof.wire import topics
from edgeprof_hub.broker import probe, supervised
from edgeprof_hub.broker.client_id import FILE, own_client_id
from edgeprof_hub.broker.supervised import Supervisor
from tests.hub import fleet
from tests.hub.fake_agent import FakeAgent
from tests.hub.live import Live, eventually, serving

TOKEN = "a-token-for-tests-only"
BROKERS = ["embedded", pytest.param("mosquitto", marks=pytest.mark.mosquitto)]


def answers(live: Live, password: str | None = TOKEN, user: str = "edgeprof") -> bool:
    return probe.answers("127.0.0.1", live.hub.endpoint.port, user, password, 2.0)


def broker_process(live: Live) -> psutil.Process:
    """The child that listens at the broker's port."""
    port = live.hub.endpoint.port
    for child in psutil.Process().children(recursive=True):
        if any(each.laddr.port == port and each.status == psutil.CONN_LISTEN for each in child.net_connections()):
            return child
    raise AssertionError("no broker")


@pytest.mark.parametrize("broker", BROKERS)
def test_a_broker_is_asked_by_its_own_protocol(tmp_path: Path, broker: str) -> None:
    with serving(tmp_path, TOKEN, broker) as live:
        assert answers(live)
        name, password = live.hub.endpoint.username, live.hub.endpoint.password
        assert answers(live, password, name or "")


def test_a_port_that_is_open_and_says_nothing_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = int(mute.getsockname()[1])
        assert not probe.answers("127.0.0.1", port, None, None, 0.2)
    assert not probe.answers("127.0.0.1", port, None, None, 0.2)


@pytest.mark.parametrize("broker", BROKERS)
def test_a_broker_that_hangs_is_started_again_and_no_result_is_lost(
    tmp_path: Path, broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervised, "ASK_EVERY_S", 0.3)
    monkeypatch.setattr(supervised, "ANSWER_WITHIN_S", 0.3)
    with serving(tmp_path, TOKEN, broker) as live:
        hung = broker_process(live)
        os.kill(hung.pid, signal.SIGSTOP)
        try:
            eventually(lambda: not hung.is_running() or hung.status() == psutil.STATUS_ZOMBIE)
        finally:
            if hung.is_running():
                hung.send_signal(signal.SIGCONT)
        eventually(lambda: answers(live) and live.hub.link.is_connected)
        time.sleep(0.5)  # and has subscribed: the broker has forgotten that
        with FakeAgent(live.hub.endpoint.port, 1, TOKEN) as agent:
            agent.post(fleet.result(1, fleet.model("cnn", "digits"), fleet.vision_rows(4.0, 0.1)))
            agent.wait_until_empty()
        assert len(live.hub.reader.results()) == 1


def test_one_silence_is_no_reason_to_start_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervised, "ASK_EVERY_S", 0.0)
    monkeypatch.setattr(supervised, "CHECK_S", 0.01)
    said = iter([False, False, True] * 20)
    asked = threading.Semaphore(0)
    starts: list[int] = []

    class Alive:
        def is_running(self) -> bool:
            return True

        def stop(self) -> None: ...

    def start() -> Alive:
        starts.append(1)
        return Alive()

    def ask() -> bool:
        asked.release()
        return next(said, True)

    supervisor = Supervisor("test", start, ask)
    supervisor.start()
    for _ in range(40):
        assert asked.acquire(timeout=10)
    supervisor.stop()
    assert len(starts) == 1


def test_the_hubs_client_id_is_secret_and_stays(tmp_path: Path) -> None:
    first = own_client_id(tmp_path / "broker")
    assert own_client_id(tmp_path / "broker") == first
    assert own_client_id(tmp_path / "other") != first
    assert (tmp_path / "broker" / FILE).stat().st_mode & 0o777 == 0o600
    assert not topics.is_name(first) or len(first) > 30
    (tmp_path / "broker" / FILE).write_text("rotten\n")
    assert own_client_id(tmp_path / "broker") not in (first, "rotten")


def test_what_the_hub_tells_an_agent_is_no_way_to_its_place(tmp_path: Path) -> None:
    with serving(tmp_path, TOKEN) as live:
        with live.http("GET", "/bootstrap") as answer:
            told = answer.read().decode()
        secret = own_client_id(tmp_path / "broker")
        assert secret.removeprefix("hub-") not in told
        assert live.hub.hub_id not in secret
