"""Hubs: over a fleet as a browser without JavaScript asks it, over HTTP with an agent, and one that has stopped."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from edgeprof_hub.app import create_app
from edgeprof_hub.config import HubSettings
from edgeprof_hub.context import DATABASE
from edgeprof_hub.store.writer import SqliteWriter
from tests.hub import damage, fleet
from tests.hub.fake_agent import FakeAgent
from tests.hub.live import Live, eventually, serving

URL = "http://127.0.0.1:8765"

Open = Callable[[fleet.Fleet], TestClient]


@pytest.fixture
def open_hub(tmp_path: Path) -> Iterator[Open]:
    """Starts a hub that holds a fleet."""
    with ExitStack() as stack:

        def start(made: fleet.Fleet, token: str | None = None) -> TestClient:
            writer = SqliteWriter(tmp_path / DATABASE)
            fleet.fill(writer, made)
            writer.close()
            app = create_app(HubSettings(data=tmp_path, token=token))
            return stack.enter_context(TestClient(app, base_url=URL, follow_redirects=False))

        yield start


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    """A hub over HTTP and MQTT."""
    with serving(tmp_path / "data") as served:
        yield served


@pytest.fixture
def agent(live: Live) -> Iterator[FakeAgent]:
    """An agent that the hub knows."""
    with FakeAgent(live.hub.endpoint.port) as connected:
        eventually(lambda: [device.facts for device in live.client.devices()] not in ([], [None]))
        yield connected


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The folder of a stopped hub."""
    return damage.stopped_hub(tmp_path / "hub")
