"""A hub with its broker, its database and its web server, in this process, on free ports."""

import http.client
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from edgeprof.client.http_client import HubClient
from edgeprof_hub import http_bounds
from edgeprof_hub.app import create_app
from edgeprof_hub.config import HubSettings
from edgeprof_hub.context import HubContext
from edgeprof_hub.lifecycle.running import running
from tests.ports import free_port

PATIENCE_S = 30.0


@dataclass(frozen=True)
class Live:
    hub: HubContext
    app: FastAPI
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def client(self) -> HubClient:
        return HubClient(self.url, self.hub.settings.token)

    def app_get(self, path: str) -> str:
        """A page, as text."""
        with urllib.request.urlopen(self.url + path, timeout=PATIENCE_S) as answer:
            return answer.read().decode()

    @contextmanager
    def http(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Generator[http.client.HTTPResponse]:
        """A request as it is, with the token if there is one."""
        token = self.hub.settings.token
        own = {"Authorization": f"Bearer {token}"} if token else {}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.request(method, f"/api/v1{path}", body, {**own, **(headers or {})})
            yield connection.getresponse()
        finally:
            connection.close()


@contextmanager
def serving(
    data: Path,
    token: str | None = None,
    broker: str = "",
    mqtt_port: int | None = None,
    webhooks: tuple[str, ...] = (),
) -> Generator[Live]:
    """A hub that answers over HTTP and is connected to its broker."""
    settings = HubSettings(data=data, token=token, broker=broker, mqtt_port=mqtt_port or free_port(), webhooks=webhooks)
    with running(settings) as hub, socket.create_server(("127.0.0.1", 0)) as listener:
        app = create_app(settings, hub)
        protocol = http_bounds.bounded(http_bounds.Limits())
        server = uvicorn.Server(uvicorn.Config(app, http=protocol, log_config=None, timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            eventually(lambda: server.started and hub.link.is_connected)
            yield Live(hub, app, int(listener.getsockname()[1]))
        finally:
            hub.events.close()
            server.should_exit = True
            thread.join()


def eventually(holds: Callable[[], object]) -> None:
    """Until something holds, or the test's patience ends."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.01)
