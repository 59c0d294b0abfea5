"""Links as bad ones are: silent, flapping, slow, led to a wrong host, refused. Nothing is lost, nothing hammers."""

import itertools
import logging
import socket
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from edgeprof.net.backoff import Backoff
from edgeprof.wire import codec, topics
from edgeprof.wire.messages import Job, ModelRef
from edgeprof_agent.daemon.sender import WINDOW
from tests.agent import agent_process, pieces
from tests.agent.agent_process import Running, Start
from tests.agent.minimal_hub import SITE, MinimalHub, eventually
from tests.faults.bad_link import BadLink

pytestmark = pytest.mark.mosquitto
CONTENTS = {"model.onnx": b"tiny" * 100}
KEEPALIVE_S = 1


@pytest.fixture
def tiny(hub: MinimalHub) -> ModelRef:
    model = pieces.model("tiny", CONTENTS)
    hub.offer(model, CONTENTS)
    return model


@contextmanager
def over(hub: MinimalHub, link: BadLink, folder: Path, keepalive_s: int = 30) -> Generator[Running]:
    """An agent whose way to the broker, and only that one, is the link."""
    hub.broker_port = link.port
    settings = replace(agent_process.settings(hub.url, folder / "agent", resend_after_s=1.0), keepalive_s=keepalive_s)
    agent = Running(agent_process.make(settings))
    try:
        eventually(lambda: hub.is_online(agent.device_id))
        yield agent
    finally:
        link.delay_s = link.cut_share = 0.0
        link.is_silent = False
        agent.stop()


def run_all(hub: MinimalHub, agent: Running, jobs: list[Job], within_s: float) -> None:
    """Send until each job has its result, as a hub does; and each result came with one content."""

    deadline_s = time.monotonic() + within_s
    while (known := {result.job_id for result in hub.decoded()}) != {job.job_id for job in jobs}:
        assert time.monotonic() < deadline_s, f"{len(known)} of {len(jobs)} jobs have their result"
        for job in jobs:
            if job.job_id not in known:
                hub.send(agent.device_id, job)
        time.sleep(0.5)
    eventually(lambda: agent.agent.unreceipted() == 0)
    assert len(hub.results) == len(jobs)
    assert all(len(set(copies)) == 1 for copies in hub.results.values())


def test_a_peer_that_vanished_without_a_word_is_noticed_by_the_keepalive(
    hub: MinimalHub, tiny: ModelRef, tmp_path: Path
) -> None:
    with BadLink(hub.broker_port) as link, over(hub, link, tmp_path, KEEPALIVE_S) as agent:
        connections = link.accepted
        link.is_silent = True
        began_s = time.monotonic()
        eventually(lambda: link.accepted > connections)
        assert time.monotonic() - began_s < 1.5 * KEEPALIVE_S + 2.5  # the loop turns once a second
        link.is_silent = False
        link.cut()
        run_all(hub, agent, [pieces.job(tiny)], 20)


def test_fifty_flaps_cost_no_result(hub: MinimalHub, tiny: ModelRef, tmp_path: Path) -> None:
    with BadLink(hub.broker_port) as link, over(hub, link, tmp_path) as agent:
        stopping = threading.Event()

        def flap() -> None:
            for _ in range(50):
                link.cut()
                stopping.wait(0.06)

        flaps = threading.Thread(target=flap)
        flaps.start()
        run_all(hub, agent, [pieces.job(tiny) for _ in range(30)], 60)
        flaps.join()
        assert link.accepted > 10
    assert agent.error is None


def test_a_slow_link_that_breaks_at_one_piece_in_ten_costs_no_result(
    hub: MinimalHub, tiny: ModelRef, tmp_path: Path
) -> None:
    with BadLink(hub.broker_port) as link, over(hub, link, tmp_path) as agent:
        link.delay_s, link.cut_share = 0.03, 0.1
        run_all(hub, agent, [pieces.job(tiny) for _ in range(10)], 60)
    assert agent.error is None


@pytest.mark.parametrize("answer", ["html", "silence", "other json"])
def test_a_name_that_leads_nowhere_and_then_to_a_wrong_host_is_waited_out(
    hub: MinimalHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    asked: list[str] = []
    resolve = socket.getaddrinfo
    port = int(hub.url.rpartition(":")[2])

    def odd(host: str, *rest: Any, **more: Any) -> Any:
        if host != "hub.example":
            return resolve(host, *rest, **more)
        asked.append(host)
        if len(asked) <= 3:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve("127.0.0.1", wrong.server_port if len(asked) <= 6 else port, type=socket.SOCK_STREAM)

    with _wrong_host(answer) as wrong:
        monkeypatch.setattr(socket, "getaddrinfo", odd)
        settings = agent_process.settings(f"http://hub.example:{port}", tmp_path / "agent")
        agent = Running(agent_process.make(settings))
        try:
            eventually(lambda: hub.is_online(agent.device_id))
        finally:
            agent.stop()
    assert agent.error is None
    assert len(asked) > 6


@contextmanager
def _wrong_host(answer: str) -> Generator[ThreadingHTTPServer]:
    """A web server that is no hub."""

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = {"html": b"<html>router login</html>", "other json": b'{"status": "ok"}', "silence": b""}[answer]
            if answer != "silence":
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Other)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_broker_that_refuses_is_asked_slowly_and_the_reason_is_logged_once(
    hub: MinimalHub, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[float] = []

    def refuse(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            asked.append(time.monotonic())
            with connection:
                connection.recv(4096)
                connection.sendall(b"\x20\x02\x00\x05")  # CONNACK: not authorised

    caplog.set_level(logging.INFO, "edgeprof_agent.daemon.link")
    right = hub.broker_port
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=refuse, args=(listener,), daemon=True).start()
        hub.broker_port = listener.getsockname()[1]
        settings = agent_process.settings(hub.url, tmp_path / "agent")
        agent = Running(agent_process.make(replace(settings, retry=Backoff(0.2, 0.4))))
        try:
            eventually(lambda: len(asked) >= 4)
            assert min(later - earlier for earlier, later in itertools.pairwise(asked)) > 0.1
            assert caplog.text.count("Not authorized") == 1, caplog.text
            hub.broker_port = right
            eventually(lambda: hub.is_online(agent.device_id))
        finally:
            agent.stop()
        listener.shutdown(socket.SHUT_RDWR)
    assert agent.error is None


def test_a_hub_that_takes_nothing_is_not_flooded(hub: MinimalHub, start: Start, tiny: ModelRef) -> None:
    """A stuck subscriber: the agent has so many results on their way as its window, and the others on its disk."""
    hub.lose_receipts = 1_000_000
    agent = start()
    for _ in range(3 * WINDOW):
        hub.send(agent.device_id, pieces.job(tiny))
    eventually(lambda: agent.agent.unreceipted() == 3 * WINDOW)
    eventually(lambda: len(hub.results) == WINDOW)
    time.sleep(0.3)
    assert len(hub.results) == WINDOW
    hub.lose_receipts = 0
    for result_id in list(hub.results):
        hub.receipt(result_id)
    eventually(lambda: agent.agent.unreceipted() == 0)


def test_a_retained_job_of_long_ago_is_not_run_again(hub: MinimalHub, start: Start, tiny: ModelRef) -> None:
    agent = start()
    job = pieces.job(tiny)
    hub.publish_retained(topics.build(SITE, agent.device_id, "job"), codec.encode(job))
    eventually(lambda: len(hub.results) == 1 and agent.agent.unreceipted() == 0)
    agent.stop()
    again = start()
    other = pieces.job(tiny)
    hub.send(again.device_id, other)
    eventually(lambda: len(hub.results) == 2 and again.agent.unreceipted() == 0)
    assert [result.job_id for result in hub.decoded()] == [job.job_id, other.job_id]
