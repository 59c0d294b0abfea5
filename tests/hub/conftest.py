"""A hub over a fleet, as a browser without JavaScript asks it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from edgeprof_hub.app import create_app
from edgeprof_hub.config import HubSettings
from edgeprof_hub.context import DATABASE
from edgeprof_hub.store.writer import SqliteWriter
from tests.hub import fleet

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
