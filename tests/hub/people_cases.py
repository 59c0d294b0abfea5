"""Hubs with accounts and API tokens, and browsers that are signed in."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from fastapi import FastAPI
from starlette.testclient import TestClient

from edgeprof_hub.app import create_app
from edgeprof_hub.config import HubSettings
from edgeprof_hub.context import DATABASE, HubContext
from edgeprof_hub.people import accounts, api_tokens
from edgeprof_hub.people.roles import Role, Scope
from edgeprof_hub.store.writer import SqliteWriter

URL = "http://127.0.0.1:8765"
TOKEN = "a-token-for-tests-only"
PASSWORD = "correct horse battery"
NEW_PASSWORD = "staple staple staple"
PEOPLE: dict[str, Role] = {"vera": "viewer", "otto": "operator", "ada": "admin"}
HASHED = accounts.new_password(PASSWORD, "nobody")
"""One for all: each hash is made to take its time."""


class Clock:
    """Unix time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now_s = time.time()

    def __call__(self) -> float:
        return self.now_s


def add_people(data: Path, people: dict[str, Role] | None = None) -> None:
    """Accounts with the same password, in the folder of a hub that does not run."""
    data.mkdir(exist_ok=True)
    writer = SqliteWriter(data / DATABASE)
    for name, role in (PEOPLE if people is None else people).items():
        writer.change(lambda db, name=name, role=role: accounts.add(db, "test", name, role, HASHED))
    writer.close()


def add_token(data: Path, name: str, scope: Scope, days: int = 90, owner: str | None = None) -> str:
    """An API token, in the folder of a hub, which may run."""
    writer = SqliteWriter(data / DATABASE)
    made = writer.change(lambda db: api_tokens.add(db, "test", name, scope, days, owner=owner, now_s=time.time()))
    writer.close()
    return made


@contextmanager
def hub(data: Path, token: str | None = TOKEN, clock: Callable[[], float] = time.time) -> Generator[TestClient]:
    """A hub over this folder, and a stranger's browser."""
    app = create_app(HubSettings(data=data, token=token), clock=clock)
    with TestClient(app, base_url=URL, follow_redirects=False) as client:
        yield client


def context_of(client: TestClient) -> HubContext:
    """The running hub behind it."""
    return cast(HubContext, cast(FastAPI, client.app).state.hub)


def another(client: TestClient) -> TestClient:
    """Another browser at the same running hub."""
    return TestClient(client.app, base_url=URL, follow_redirects=False)


def signed_in(client: TestClient, name: str, password: str = PASSWORD) -> TestClient:
    """Another browser, signed in."""
    browser = another(client)
    answer = browser.post("/sign-in", data={"name": name, "password": password})
    assert answer.status_code == 303, answer.text
    return browser


def bearer(token: str) -> dict[str, str]:
    """The header of a program."""
    return {"Authorization": f"Bearer {token}"}
