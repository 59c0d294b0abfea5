"""What systemd is told, on a real datagram socket: readiness, the watchdog's food, and when there is none."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from edgeprof.sd_notify import Notifier
from edgeprof_agent.daemon.session import Inbound
from edgeprof_hub.server import HubServer
from tests.agent import agent_process
from tests.hub.live import free_port, serving

HEARD_WITHIN_S = 10.0
SILENCE_S = 0.5
PERIOD_US = 40_000
"""A limit at whose half, 20 ms, a service feeds: 25 times within SILENCE_S."""


class Manager:
    """The end of the socket at which systemd listens."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self.environment = {"NOTIFY_SOCKET": address.replace("\0", "@"), "WATCHDOG_USEC": str(PERIOD_US)}

    def next(self, within_s: float = HEARD_WITHIN_S) -> str:
        """Empty: nothing came."""
        self._socket.settimeout(within_s)
        try:
            return self._socket.recv(4096).decode()
        except TimeoutError:
            return ""

    def empty(self) -> None:
        while self.next(0.05):
            pass

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["file", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    name = f"\0edgeprof-test-{os.getpid()}" if request.param == "abstract" else str(tmp_path / "notify")
    opened = Manager(name)
    yield opened
    opened.close()


def test_states_arrive_and_children_do_not_inherit_the_way(manager: Manager) -> None:
    environment = {**manager.environment, "WATCHDOG_PID": str(os.getpid()), "HOME": "/root"}
    notifier = Notifier(environment)
    assert environment == {"HOME": "/root"}
    assert notifier.period_s == PERIOD_US / 2e6
    notifier.ready()
    notifier.alive()
    notifier.stopping()
    assert [manager.next() for _ in range(3)] == ["READY=1", "WATCHDOG=1", "STOPPING=1"]


@pytest.mark.parametrize(
    "watchdog",
    [{}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}],
    ids=["none", "off", "no number", "of another process"],
)
def test_without_a_watchdog_nothing_feeds_it(manager: Manager, watchdog: dict[str, str]) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": manager.environment["NOTIFY_SOCKET"], **watchdog})
    assert notifier.period_s is None
    assert not notifier.is_due()
    notifier.alive()
    notifier.ready()
    assert manager.next() == "READY=1"


def test_without_systemd_and_with_one_that_is_gone_a_service_goes_on(tmp_path: Path) -> None:
    for environment in ({}, {"WATCHDOG_USEC": "1000000"}, {"NOTIFY_SOCKET": str(tmp_path / "gone")}):
        notifier = Notifier(environment)
        assert notifier.period_s is None
        notifier.ready()


def test_a_loop_that_turns_often_feeds_once_a_period() -> None:
    notifier = Notifier({"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": str(10**9)})
    assert [notifier.is_due() for _ in range(3)] == [True, False, False]


def test_an_agent_feeds_while_it_takes_messages_and_starves_while_one_hangs(manager: Manager, tmp_path: Path) -> None:
    agent = agent_process.make(agent_process.settings(f"http://127.0.0.1:{free_port()}", tmp_path / "state"))
    running = agent_process.Running(agent, Notifier(dict(manager.environment)))
    assert [manager.next() for _ in range(4)] == ["READY=1", *["WATCHDOG=1"] * 3]
    hanging, go_on = threading.Event(), threading.Event()

    def hang() -> None:
        hanging.set()
        go_on.wait()

    agent.on_message(Inbound("receipt", b"unreadable", ack=hang))
    assert hanging.wait(HEARD_WITHIN_S)
    manager.empty()
    assert manager.next(SILENCE_S) == ""
    go_on.set()
    assert manager.next() == "WATCHDOG=1"
    agent.stop()
    while (state := manager.next()) == "WATCHDOG=1":
        pass
    assert state == "STOPPING=1"
    running.join()


def test_a_hub_feeds_by_its_loop_and_its_writer(manager: Manager, tmp_path: Path) -> None:
    with serving(tmp_path / "data") as live:
        notifier = Notifier(dict(manager.environment))
        server = HubServer(uvicorn.Config("unused:app"), live.hub, notifier, lambda: None)
        asyncio.run(server.on_tick(1))
        assert manager.next() == "WATCHDOG=1"
        go_on = threading.Event()
        live.hub.writer.post(lambda _: go_on.wait())
        threading.Event().wait(PERIOD_US / 1e6)
        asyncio.run(server.on_tick(2))
        assert manager.next(SILENCE_S) == ""
        go_on.set()
        assert manager.next() == "WATCHDOG=1"


def test_the_services_themselves(manager: Manager, tmp_path: Path) -> None:
    port = str(free_port())
    commands = (
        ["hub", "serve", "--data", str(tmp_path / "hub"), "--port", port],
        ["agent", "run", "--hub", f"http://127.0.0.1:{port}", "--data", str(tmp_path / "agent")],
    )
    for arguments in commands:
        with subprocess.Popen(
            [sys.executable, "-m", "edgeprof", *arguments],
            env={**os.environ, **manager.environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            assert manager.next(60) == "READY=1"
            assert [manager.next() for _ in range(2)] == ["WATCHDOG=1"] * 2
            process.send_signal(signal.SIGTERM)
            while (state := manager.next()) == "WATCHDOG=1":
                pass
            assert state == "STOPPING=1"
            process.wait(30)
        manager.empty()
