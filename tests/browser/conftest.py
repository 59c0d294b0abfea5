"""A real hub with a known fleet on a free port, and a real Chromium to look at it."""

import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, sync_playwright

from edgeprof_hub.app import create_app
from edgeprof_hub.config import HubSettings
from edgeprof_hub.context import DATABASE
from edgeprof_hub.store.writer import SqliteWriter
from tests.conftest import find_program
from tests.hub import fleet
from tests.ports import free_port

QUIET = ("--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update")
ARGUMENTS = ("--no-sandbox", "--disable-sync", *QUIET)
START_S = 30.0

StartHub = Callable[[fleet.Fleet], str]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """For a module only: Playwright keeps an event loop running in this thread, which other tests need free."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_program("chromium"), args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def start_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartHub]:
    """Starts a hub that holds a fleet; gives its URL."""
    with ExitStack() as stack:
        yield lambda made: stack.enter_context(_serving(tmp_path_factory.mktemp("hub"), made))


@contextmanager
def _serving(data: Path, made: fleet.Fleet) -> Generator[str]:
    writer = SqliteWriter(data / DATABASE)
    fleet.fill(writer, made)
    writer.close()
    fleet.keep_artifacts(data, made)
    with serving(data) as url:
        yield url


@contextmanager
def serving(data: Path) -> Generator[str]:
    """A hub over a folder that has everything already; gives its URL."""
    port = free_port()
    with running(create_app(HubSettings(data=data, port=port)), port) as url:
        yield url


@contextmanager
def running(app: FastAPI, port: int) -> Generator[str]:
    """The application behind a real server; gives its URL."""
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end_s = time.monotonic() + START_S
    while not server.started and time.monotonic() < end_s:
        time.sleep(0.05)
    assert server.started, "the hub did not start"
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(START_S)
