"""Accounts and API tokens over REST: what an admin's program does, what others are refused, and what is logged."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from edgeprof_hub.store.audit import AuditQuery
from tests.hub import people_cases as cases

ACCOUNTS, TOKENS = "/api/v1/accounts", "/api/v1/api-tokens"
SHARED = cases.bearer(cases.TOKEN)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[TestClient]:
    cases.add_people(tmp_path)
    with cases.hub(tmp_path) as client:
        client.headers.update(SHARED)
        yield client


def logged(hub: TestClient) -> list[tuple[str, str, str]]:
    entries = cases.context_of(hub).reader.audit.entries(AuditQuery(limit=100))
    return [(one.actor, one.action, one.subject) for one in reversed(entries) if one.actor != "test"]


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_an_account_is_added_changed_and_removed_and_each_is_logged(hub: TestClient) -> None:
    wanted = {"name": " Eve ", "role": "viewer", "password": cases.PASSWORD}
    made = hub.post(ACCOUNTS, json=wanted)
    assert made.status_code == 201
    assert (made.json()["name"], made.json()["role"]) == ("eve", "viewer")
    browser = cases.signed_in(hub, "eve")
    assert hub.patch(f"{ACCOUNTS}/eve", json={"role": "operator"}).status_code == 204
    assert browser.get("/flash").status_code == 200, "the role holds at once"
    assert hub.patch(f"{ACCOUNTS}/eve", json={"password": cases.NEW_PASSWORD}).status_code == 204
    assert browser.get("/api/v1/devices").status_code == 401, "signed out"
    cases.signed_in(hub, "eve", cases.NEW_PASSWORD)
    listed = hub.get(ACCOUNTS)
    assert [(one["name"], one["role"]) for one in listed.json()] == [
        ("ada", "admin"),
        ("eve", "operator"),
        ("otto", "operator"),
        ("vera", "viewer"),
    ]
    assert "argon2" not in listed.text
    assert hub.delete(f"{ACCOUNTS}/eve").status_code == 204
    done = [entry for entry in logged(hub) if entry[1].startswith("account.")]
    actions = ["account.add", "account.role", "account.password", "account.remove"]
    assert done == [("shared token", action, "eve") for action in actions]


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("POST", ACCOUNTS, {"name": "ada", "role": "viewer", "password": cases.PASSWORD}, (409, "account_exists")),
        ("POST", ACCOUNTS, {"name": "eve", "role": "viewer", "password": "tiny"}, (422, "weak_password")),
        ("POST", ACCOUNTS, {"name": "a/b", "role": "viewer", "password": cases.PASSWORD}, (422, "bad_account_name")),
        ("POST", ACCOUNTS, {"name": "eve", "role": "owner", "password": cases.PASSWORD}, (422, "invalid_request")),
        ("PATCH", f"{ACCOUNTS}/ada", {"role": "viewer"}, (409, "last_admin")),
        ("PATCH", f"{ACCOUNTS}/vera", {"role": "admin", "password": "tiny"}, (422, "weak_password")),
        ("PATCH", f"{ACCOUNTS}/vera", {}, (422, "invalid_request")),
        ("PATCH", f"{ACCOUNTS}/eve", {"role": "viewer"}, (404, "no_account")),
        ("DELETE", f"{ACCOUNTS}/ada", None, (409, "last_admin")),
        ("DELETE", f"{ACCOUNTS}/eve", None, (404, "no_account")),
        ("POST", TOKENS, {"name": "ci", "scope": "read", "days": 0}, (422, "invalid_request")),
        ("DELETE", f"{TOKENS}/ci", None, (404, "no_token")),
    ],
)
def test_what_cannot_be_is_refused_by_its_code_and_changes_nothing(
    hub: TestClient, method: str, path: str, body: dict[str, object] | None, expected: tuple[int, str]
) -> None:
    before = hub.get(ACCOUNTS).json(), hub.get(TOKENS).json()
    answer = hub.request(method, path, json=body)
    assert code_of(answer) == expected
    assert "tiny" not in answer.text
    assert cases.PASSWORD not in answer.text
    assert (hub.get(ACCOUNTS).json(), hub.get(TOKENS).json()) == before


def test_a_token_is_shown_once_works_and_ends(hub: TestClient) -> None:
    made = hub.post(TOKENS, json={"name": "ci", "scope": "read", "days": 7})
    assert made.status_code == 201
    secret = made.json()["token"]
    program = cases.another(hub)
    assert program.get("/api/v1/devices", headers=cases.bearer(secret)).status_code == 200
    listed = hub.get(TOKENS)
    assert secret not in listed.text
    (one,) = listed.json()
    assert (one["name"], one["scope"], one["owner"]) == ("ci", "read", None)
    assert one["expires_at_s"] == pytest.approx(made.json()["expires_at_s"])
    assert code_of(hub.post(TOKENS, json={"name": "ci", "scope": "run"})) == (409, "token_exists")
    assert hub.delete(f"{TOKENS}/ci").status_code == 204
    assert program.get("/api/v1/devices", headers=cases.bearer(secret)).status_code == 401


def test_an_admins_token_manages_accounts_and_makes_no_token(hub: TestClient) -> None:
    secret = hub.post(TOKENS, json={"name": "ops", "scope": "admin"}).json()["token"]
    program = cases.another(hub)
    program.headers.update(cases.bearer(secret))
    assert program.patch(f"{ACCOUNTS}/vera", json={"role": "operator"}).status_code == 204
    assert code_of(program.post(TOKENS, json={"name": "more", "scope": "read"})) == (403, "not_allowed")


@pytest.mark.parametrize("scope", ["read", "run"])
def test_a_lesser_token_sees_and_changes_nobody(hub: TestClient, scope: str) -> None:
    secret = hub.post(TOKENS, json={"name": "ci", "scope": scope}).json()["token"]
    program = cases.another(hub)
    program.headers.update(cases.bearer(secret))
    assert code_of(program.get(ACCOUNTS)) == (403, "not_allowed")
    assert code_of(program.get(TOKENS)) == (403, "not_allowed")
    assert code_of(program.delete(f"{ACCOUNTS}/vera")) == (403, "not_allowed")


def test_a_hub_that_asks_nobody_makes_no_first_account(tmp_path: Path) -> None:
    with cases.hub(tmp_path, token=None) as client:
        wanted = {"name": "eve", "role": "admin", "password": cases.PASSWORD}
        assert code_of(client.post(ACCOUNTS, json=wanted)) == (409, "first_account")
        assert client.get(ACCOUNTS).json() == []
