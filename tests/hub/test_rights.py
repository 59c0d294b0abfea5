"""Every address against every role: what changes something is in the table, and is refused to who may not use it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.routing import Route
from starlette.testclient import TestClient

from edgeprof_hub.app import ROUTERS, create_app
from edgeprof_hub.config import HubSettings
from edgeprof_hub.people import rights
from edgeprof_hub.people.roles import SCOPES, Right, Scope
from edgeprof_hub.store.audit import AuditQuery
from tests.hub import people_cases as cases
from tests.hub.test_access import filled, flat

STATIC = ("GET", "/static/{file:path}")


def templates(app: FastAPI) -> set[tuple[str, str]]:
    """Every verb and path of the application, as its routes spell it."""
    found = [(prefix, route) for prefix, router in ROUTERS for route in flat(router.routes)]
    found += [("", route) for route in app.routes]
    return {
        (method, f"{prefix}{route.path}")
        for prefix, route in found
        if isinstance(route, Route)
        for method in route.methods or ()
    }


ROUTES = templates(create_app(HubSettings(data=Path("unused"), token=cases.TOKEN)))
CHANGING = sorted(route for route in ROUTES if route[0] not in rights.SAFE_METHODS)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rights")
    cases.add_people(folder)
    return folder


@pytest.fixture(scope="module")
def hub(data: Path) -> Iterator[TestClient]:
    with cases.hub(data) as client:
        yield client


def test_each_address_that_changes_something_is_in_the_table_and_the_table_has_no_other() -> None:
    assert len(CHANGING) > 60
    assert [route for route in CHANGING if route not in rights.NEEDS] == []
    assert set(rights.NEEDS) - ROUTES == {STATIC}


def test_an_address_that_nobody_listed_needs_an_admin() -> None:
    assert rights.of("POST", "/something-new").need.right is Right.ADMIN
    assert rights.of("POST", "/something-new").need.action
    assert rights.of("GET", "/something-new").need.right is Right.VIEWER


def test_an_address_of_any_length_is_looked_at_and_only_a_short_one_is_kept() -> None:
    kept = rights._known.cache_info().currsize  # pyright: ignore[reportPrivateUsage]
    assert rights.of("POST", f"/jobs/{'x' * 1000}/cancel").need.action == "job.cancel"
    assert rights._known.cache_info().currsize == kept  # pyright: ignore[reportPrivateUsage]


def test_only_ones_own_things_are_changed_by_a_viewer() -> None:
    below = {route for route in CHANGING if rights.NEEDS[route].right < Right.OPERATOR}
    assert below == {*rights.OWN, ("POST", "/sign-in"), ("POST", "/api/v1/enrol")}


@pytest.mark.parametrize("credential", ["page", "token"])
@pytest.mark.parametrize("role", ["viewer", "operator", "admin"])
def test_each_role_is_refused_what_needs_more(hub: TestClient, data: Path, role: str, credential: str) -> None:
    name = {"viewer": "vera", "operator": "otto", "admin": "ada"}[role]
    scopes: dict[str, Scope] = {"viewer": "read", "operator": "run", "admin": "admin"}
    scope = scopes[role]
    right = SCOPES[scope]
    headers = cases.bearer(cases.add_token(data, f"all-{scope}", scope)) if credential == "token" else {}
    wrong: list[str] = []
    for method, path in CHANGING:
        if (method, path) in {*rights.OWN, *rights.OPEN}:
            continue
        browser = cases.another(hub) if credential == "token" else browser_of(hub, name)
        answer = browser.request(method, filled(path), headers=headers)
        is_refused = answer.status_code == 403
        if is_refused != (rights.NEEDS[method, path].right > right):
            wrong.append(f"{method} {path}: {answer.status_code}")
        if is_refused and path.startswith("/api/"):
            assert answer.json()["error"]["code"] == "not_allowed"
        elif is_refused:
            assert "Not allowed" in answer.text
    assert wrong == []


_BROWSERS: dict[str, TestClient] = {}


def browser_of(hub: TestClient, name: str) -> TestClient:
    """Signed in once: a password is made to take its time."""
    key = f"{id(hub.app)} {name}"
    if key not in _BROWSERS:
        _BROWSERS[key] = cases.signed_in(hub, name)
    return _BROWSERS[key]


def test_reading_needs_a_viewer_but_for_what_is_listed(hub: TestClient) -> None:
    viewer = browser_of(hub, "vera")
    reading = sorted(path for method, path in ROUTES if method == "GET" and path != "/api/v1/events")
    refused = {path for path in reading if viewer.get(filled(path)).status_code == 403}
    assert refused == {"/audit", "/flash", "/api/v1/accounts", "/api/v1/api-tokens"}
    stranger = cases.another(hub)
    read = {path for path in reading if stranger.get(filled(path)).status_code not in (401, 303)}
    joins = {"/ca.pem", "/install.sh", "/api/v1/join-plan", "/simple/", "/simple/{project}/", "/simple/files/{name}"}
    assert read == {"/api/v1/healthz", "/sign-in"} | joins


def test_no_role_and_no_scope_passes_for_a_device(hub: TestClient, data: Path) -> None:
    tokens = [cases.add_token(data, f"device-{scope}", scope) for scope in SCOPES]
    for method, path in rights.AGENTS:
        for token in tokens:
            answer = cases.another(hub).request(method, filled(path), headers=cases.bearer(token), content=b"{}")
            assert (answer.status_code, "shared token" in answer.text) == (403, True)
        answer = browser_of(hub, "ada").request(method, filled(path), content=b"{}")
        assert answer.status_code == 403
        answer = cases.another(hub).request(method, filled(path), headers=cases.bearer(cases.TOKEN), content=b"{}")
        assert answer.status_code not in (401, 403)


def test_what_was_refused_is_in_the_log_and_changed_nothing(hub: TestClient) -> None:
    viewer = browser_of(hub, "vera")
    viewer.post("/groups/delete", data={"name": "kitchen"})
    cases.context_of(hub).writer.call(lambda _: None)  # what nobody waited for is written by then
    logged = cases.context_of(hub).reader.audit.entries(AuditQuery(actor="vera"))
    assert {entry.action for entry in logged} == {"sign_in", "refused"}
    assert {entry.failed for entry in logged if entry.action == "refused"} == {True}
