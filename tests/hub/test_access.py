"""Who may ask what: every route by every credential, hosts, origins, sessions, and the headers of every answer."""

import http.client
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import pytest
from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute, Route

from edgeprof.errors import UsageError
from edgeprof_hub import config
from edgeprof_hub.app import ROUTERS, create_app
from edgeprof_hub.config import HubSettings
from edgeprof_hub.routes import access
from tests.hub.live import Live, serving

TOKEN = "a-token-for-tests-only"
OPEN = {
    ("GET", "/api/v1/healthz"),
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("GET", "/install.sh"),
    ("GET", "/api/v1/join-plan"),
    ("GET", "/simple/"),
    ("GET", "/simple/x/"),
    ("GET", "/simple/files/x"),
    ("POST", "/api/v1/enrol"),
    ("GET", "/ca.pem"),
}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def routes(app: FastAPI) -> list[tuple[str, str]]:
    """Every verb and path that this application has, with its parameters filled in."""
    found = [(prefix, route) for prefix, router in ROUTERS for route in flat(router.routes)]
    found += [("", route) for route in app.routes]
    return [
        (method, filled(f"{prefix}{route.path}"))
        for prefix, route in found
        if isinstance(route, Route)
        for method in sorted(route.methods or ())
    ]


def filled(path: str) -> str:
    return re.sub(r"\{\w+(:path)?\}", "x", path.replace("{sha256}", "0" * 64))


def flat(found: Sequence[BaseRoute]) -> Iterator[BaseRoute]:
    """Newer FastAPIs keep an included router as one route, older ones copy its routes."""
    for route in found:
        inner = cast("APIRouter | None", getattr(route, "original_router", None))
        if inner is None:
            yield route
        else:
            yield from flat(inner.routes)


ROUTES = routes(create_app(HubSettings(data=Path("unused"), token=TOKEN)))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with serving(tmp_path_factory.mktemp("guarded"), token=TOKEN) as live:
        yield live


@pytest.fixture(scope="module")
def unguarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with serving(tmp_path_factory.mktemp("unguarded")) as live:
        yield live


def ask(
    live: Live, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None
) -> http.client.HTTPResponse:
    """An answer's status and headers; its body is left unread, as it may have no end."""
    connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=10)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        if path != "/api/v1/events":
            answer.read()
        return answer
    finally:
        connection.close()


def sign_in(live: Live, token: str, onward: str = "/") -> http.client.HTTPResponse:
    return ask(live, "POST", "/sign-in", FORM, f"token={token}&next={onward}".encode())


def cookie_of(answer: http.client.HTTPResponse) -> str:
    return answer.getheader("Set-Cookie", "").split(";")[0]


def test_the_application_has_all_the_routes_that_are_promised() -> None:
    assert {
        ("GET", "/api/v1/healthz"),
        ("GET", "/api/v1/bootstrap"),
        ("POST", "/api/v1/claims"),
        ("HEAD", f"/api/v1/blobs/{'0' * 64}"),
        ("PUT", f"/api/v1/artifacts/{'0' * 64}"),
        ("POST", "/api/v1/models"),
        ("DELETE", "/api/v1/devices/x"),
        ("POST", "/api/v1/campaigns/x/cancel"),
        ("POST", "/api/v1/jobs/x/retry"),
        ("GET", "/api/v1/results"),
        ("GET", "/api/v1/compare"),
        ("GET", "/api/v1/events"),
        ("GET", "/"),
        ("POST", "/flash"),
        ("POST", "/sign-out"),
    } <= set(ROUTES)


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
@pytest.mark.parametrize("credential", ["none", "wrong token", "empty token", "basic", "made-up session"])
def test_without_the_token_nothing_but_the_sign_in_is_served(
    guarded: Live, route: tuple[str, str], credential: str
) -> None:
    headers = {
        "none": {},
        "wrong token": {"Authorization": f"Bearer {TOKEN}x"},
        "empty token": {"Authorization": "Bearer "},
        "basic": {"Authorization": f"Basic {TOKEN}"},
        "made-up session": {"Cookie": f"{access.COOKIE}=x"},
    }[credential]
    method, path = route
    answer = ask(guarded, method, path, headers)
    if route in OPEN:
        assert answer.status not in (401, 500)
    elif path.startswith("/api/") or method not in ("GET", "HEAD"):
        assert answer.status == 401
    else:
        assert (answer.status, answer.getheader("Location", "").split("?")[0]) == (303, "/sign-in")


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
def test_with_the_token_every_route_answers_for_itself(guarded: Live, route: tuple[str, str]) -> None:
    answer = ask(guarded, *route, {"Authorization": f"Bearer {TOKEN}"})
    assert answer.status not in ((401, 500) if route in OPEN else (401, 403, 500))
    assert answer.getheader("Location", "").split("?")[0] != "/sign-in" or route == ("POST", "/sign-out")


@pytest.mark.parametrize(
    "path", ["/", "/api/v1/devices", "/api/v1/nothing", "/nothing", "/sign-in", "/static/icon.svg"]
)
def test_every_answer_carries_the_security_headers(guarded: Live, path: str) -> None:
    for headers in ({}, {"Authorization": f"Bearer {TOKEN}"}):
        answer = ask(guarded, "GET", path, headers)
        assert "script-src 'self'" in answer.getheader("Content-Security-Policy", "")
        assert "unsafe" not in answer.getheader("Content-Security-Policy", "")
        assert answer.getheader("X-Content-Type-Options") == "nosniff"


def test_a_session_begins_with_the_token_and_ends_with_the_sign_out(guarded: Live) -> None:
    answer = sign_in(guarded, TOKEN)
    assert (answer.status, answer.getheader("Location")) == (303, "/")
    attributes = answer.getheader("Set-Cookie", "").lower()
    assert "httponly" in attributes
    assert "samesite=strict" in attributes
    cookie = {"Cookie": cookie_of(answer)}
    assert ask(guarded, "GET", "/api/v1/devices", cookie).status == 200
    assert ask(guarded, "GET", "/", cookie).status == 200
    assert ask(guarded, "POST", "/sign-out", cookie).status == 303
    assert ask(guarded, "GET", "/api/v1/devices", cookie).status == 401


def test_a_wrong_token_begins_no_session(guarded: Live) -> None:
    answer = sign_in(guarded, "wrong")
    assert (answer.status, answer.getheader("Set-Cookie")) == (403, None)


@pytest.mark.parametrize("onward", ["//evil.example", "https://evil.example", "/%5Cevil.example", "evil", "/%0Aevil"])
def test_the_sign_in_leads_to_this_hub_only(guarded: Live, onward: str) -> None:
    assert sign_in(guarded, TOKEN, onward).getheader("Location") == "/"


def test_the_sign_in_leads_back_to_where_one_wanted_to_go(guarded: Live) -> None:
    assert ask(guarded, "GET", "/runs/r-1").getheader("Location") == "/sign-in?next=/runs/r-1"
    assert sign_in(guarded, TOKEN, "/runs/r-1").getheader("Location") == "/runs/r-1"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "169.254.169.254", "[", "", "127.0.0.1.evil.example"]
)
def test_without_a_token_a_rebound_name_is_refused(unguarded: Live, host: str) -> None:
    assert ask(unguarded, "GET", "/api/v1/devices", {"Host": host}).status == 421


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:1", "[::1]:8765", "LOCALHOST"])
def test_this_machines_own_names_are_served(unguarded: Live, host: str) -> None:
    assert ask(unguarded, "GET", "/api/v1/devices", {"Host": host}).status == 200


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}],
)
def test_a_page_of_another_site_changes_nothing(unguarded: Live, guarded: Live, headers: dict[str, str]) -> None:
    path = "/api/v1/campaigns"
    assert ask(unguarded, "POST", path, headers, b"{}").status == 403
    assert ask(guarded, "POST", path, {**headers, "Authorization": f"Bearer {TOKEN}"}, b"{}").status == 403


def test_the_hubs_own_page_may_change_things(unguarded: Live) -> None:
    own = {"Origin": f"http://127.0.0.1:{unguarded.port}"}
    assert ask(unguarded, "POST", "/api/v1/campaigns", own, b"{}").status == 422


def test_a_body_that_goes_on_and_on_is_cut(unguarded: Live) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(40):
            yield b" " * 65_536

    connection = http.client.HTTPConnection("127.0.0.1", unguarded.port, timeout=10)
    connection.request("POST", "/api/v1/campaigns", endless(), {"Content-Type": "application/json"})
    assert connection.getresponse().status == 413
    connection.close()


@pytest.mark.parametrize(
    ("host", "token", "code"),
    [
        ("0.0.0.0", None, "token_needed"),
        ("::", None, "token_needed"),
        ("hub.example", None, "token_needed"),
        ("127.0.0.1", "short", "weak_token"),
        ("127.0.0.1", "with\nline breaks in it", "bad_token"),
    ],
)
def test_settings_that_would_leave_the_hub_open_are_refused(
    tmp_path: Path, host: str, token: str | None, code: str
) -> None:
    with pytest.raises(UsageError) as caught:
        config.check(HubSettings(data=tmp_path, host=host, token=token))
    assert caught.value.code == code


def test_a_made_token_is_private_random_and_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EDGEPROF_TOKEN", raising=False)
    assert config.find_token(tmp_path, None) is None
    file = config.make_token(tmp_path)
    first = config.find_token(tmp_path, None)
    assert first is not None
    assert (len(first) >= 40, file.stat().st_mode & 0o777) == (True, 0o600)
    config.make_token(tmp_path)
    assert config.find_token(tmp_path, None) != first
    monkeypatch.setenv("EDGEPROF_TOKEN", "from-the-environment")
    assert config.find_token(tmp_path, None) == "from-the-environment"
    (tmp_path / "mine").write_text("  from-a-file-of-mine \n")
    assert config.find_token(tmp_path, tmp_path / "mine") == "from-a-file-of-mine"


@pytest.mark.parametrize("contents", [b"", b"\n", b"\xff\xfe"])
def test_a_token_file_without_a_token_is_refused(tmp_path: Path, contents: bytes) -> None:
    (tmp_path / "mine").write_bytes(contents)
    with pytest.raises(UsageError, match="token file"):
        config.find_token(tmp_path, tmp_path / "mine")
