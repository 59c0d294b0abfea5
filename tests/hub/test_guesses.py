"""Guesses at the token: slowed for their address, logged once, and never in the way of the right one."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from edgeprof.errors import UsageError
from edgeprof_hub import config
from edgeprof_hub.app import create_app
from edgeprof_hub.config import HubSettings
from edgeprof_hub.routes import guesses
from edgeprof_hub.routes.access import host_name
from edgeprof_hub.routes.guesses import FREE_FAILURES, MAX_ADDRESSES, MAX_WAIT_S, TURN_S, WINDOW_S, Guesses

TOKEN = "a-token-for-tests-only"
RIGHT = {"Authorization": f"Bearer {TOKEN}"}
WRONG = {"Authorization": "Bearer another-token-than-this"}


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[TestClient]:
    app = create_app(HubSettings(data=tmp_path, token=TOKEN))
    with TestClient(app, base_url="http://127.0.0.1:8765", follow_redirects=False) as client:
        yield client


def test_a_few_mistakes_cost_nothing(hub: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guesses, "TURN_S", 600.0)  # one wait would end the test
    for _ in range(FREE_FAILURES - 1):
        assert hub.get("/api/v1/devices", headers=WRONG).status_code == 401
    assert hub.get("/api/v1/devices", headers=RIGHT).status_code == 200


@pytest.mark.parametrize("way", ["header", "form"])
def test_guessing_is_slowed_and_logged_once_and_the_right_token_still_works(
    hub: TestClient, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    def guess() -> int:
        if way == "header":
            return hub.get("/api/v1/devices", headers=WRONG).status_code
        return hub.post("/sign-in", data={"token": "another-token-than-this"}).status_code

    with caplog.at_level(logging.WARNING):
        for _ in range(FREE_FAILURES):
            guess()
        began_s = time.monotonic()
        assert [guess() for _ in range(4)] == [401 if way == "header" else 403] * 4
        assert time.monotonic() - began_s >= 4 * TURN_S * 0.9
    assert caplog.text.count("token.guessed") == 1
    assert "another-token" not in caplog.text
    assert hub.get("/api/v1/devices", headers=RIGHT).status_code == 200
    assert hub.post("/sign-in", data={"token": TOKEN}).status_code == 303
    assert hub.get("/api/v1/healthz").status_code == 200
    assert hub.get("/").status_code == 200, "a session is no guess"


def test_more_than_can_be_looked_at_are_refused_unseen(hub: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guesses, "MAX_WAIT_S", -1.0)
    for _ in range(FREE_FAILURES):
        hub.get("/api/v1/devices", headers=WRONG)
    for headers in (WRONG, RIGHT):
        answer = hub.get("/api/v1/devices", headers=headers)
        assert answer.status_code == 429
        assert answer.json()["error"]["code"] == "too_many_guesses"
        assert answer.headers["retry-after"] == "10"


def test_each_address_waits_for_itself_and_not_for_ever() -> None:
    clock = Clock()
    book = Guesses(clock)
    for _ in range(FREE_FAILURES):
        book.failed("192.0.2.1")
    assert book.wait_s("192.0.2.2") == 0.0
    waits = [book.wait_s("192.0.2.1") for _ in range(60)]
    assert waits[:3] == [pytest.approx(TURN_S * n) for n in (1, 2, 3)]
    queued = [wait for wait in waits if wait is not None]
    assert len(queued) == round(MAX_WAIT_S / TURN_S) + 1
    assert waits[-1] is None
    clock.now_s += WINDOW_S + 1
    assert book.wait_s("192.0.2.1") == 0.0


def test_devices_with_an_old_token_do_not_slow_their_neighbours() -> None:
    """Eight of them behind one router, each asking once a minute."""
    clock = Clock()
    book = Guesses(clock)
    for _ in range(100):
        book.failed("192.0.2.1")
        assert book.wait_s("192.0.2.1") == 0.0
        clock.now_s += WINDOW_S / 8


def test_the_book_stays_small() -> None:
    book = Guesses(Clock())
    for number in range(3 * MAX_ADDRESSES):
        for _ in range(FREE_FAILURES):
            book.failed(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert sum(book.wait_s(f"10.0.{n >> 8}.{n & 255}") != 0.0 for n in range(3 * MAX_ADDRESSES)) == MAX_ADDRESSES


@pytest.mark.parametrize("token", ["short", "aaaaaaaaaaaaaaaaaaaa", "abababababababababab"])
def test_a_token_that_is_guessed_at_once_is_refused(tmp_path: Path, token: str) -> None:
    with pytest.raises(UsageError) as raised:
        config.check(HubSettings(data=tmp_path, token=token))
    assert raised.value.code == "weak_token"


@pytest.mark.parametrize("host", ["127.0.0.1#evil", "127.0.0.1/evil", "user@127.0.0.1", "127.0.0.1?x", "127.0.0.1\\x"])
def test_a_host_that_is_more_than_a_name_is_none(host: str) -> None:
    assert host_name(host) == ""
    assert host_name("127.0.0.1:80") == "127.0.0.1"
    assert host_name("[::1]:80") == "::1"
