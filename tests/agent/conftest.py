"""A broker and a hub for each test, and agents that are always stopped."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edgeprof_agent.daemon.runner import Evaluate, Measure
from edgeprof_agent.measuring.measure import GATE
from edgeprof_agent.telemetry.gate import Passed
from tests.agent import agent_process
from tests.agent.agent_process import Running, Start
from tests.agent.minimal_hub import MinimalHub, Mosquitto, eventually


@pytest.fixture(autouse=True)
def no_wait_for_cooling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests follow each other in one process, and a real machine grows warm from them."""

    def pass_at_once(*_: object) -> Passed:
        return Passed()

    monkeypatch.setattr(GATE, "wait", pass_at_once)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path)
    yield broker
    broker.kill()


@pytest.fixture
def hub(broker: Mosquitto) -> Iterator[MinimalHub]:
    hub = MinimalHub(broker.port)
    yield hub
    hub.close()


@pytest.fixture
def start(hub: MinimalHub, tmp_path: Path) -> Iterator[Start]:
    """Starts an agent and waits until the hub has seen it."""
    running: list[Running] = []

    def start(
        measure: Measure = agent_process.quick,
        resend_after_s: float = 30.0,
        outbox_budget: int = 10_000,
        data: str = "agent",
        wait: bool = True,
        evaluate: Evaluate = agent_process.no_evaluation,
    ) -> Running:
        settings = agent_process.settings(hub.url, tmp_path / data, resend_after_s, outbox_budget)
        one = Running(agent_process.make(settings, measure, evaluate))
        running.append(one)
        if wait:
            eventually(lambda: hub.is_online(one.device_id))
        return one

    yield start
    for one in running:
        one.stop()
