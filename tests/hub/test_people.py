"""Accounts, sessions and API tokens through the real application: signing in, expiry, restarts, revocation."""

import http.client
import re
import sqlite3
import threading
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from argon2 import PasswordHasher

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof_hub import config
from edgeprof_hub.config import HubSettings
from edgeprof_hub.context import DATABASE
from edgeprof_hub.events import Change
from edgeprof_hub.people import accounts, passwords
from edgeprof_hub.people.sessions import SESSION_S
from edgeprof_hub.routes import guesses, still_signed_in
from edgeprof_hub.routes.access import COOKIE
from edgeprof_hub.store.audit import AuditQuery
from edgeprof_hub.store.reader import SqliteReader
from edgeprof_hub.store.salvage import salvage
from edgeprof_hub.store.writer import SqliteWriter
from tests.hub import people_cases as cases
from tests.hub.live import serving

DEVICES = "/api/v1/devices"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    cases.add_people(tmp_path)
    return tmp_path


def test_a_name_and_its_password_sign_in_and_nothing_else_does(data: Path) -> None:
    with cases.hub(data) as client:
        text = client.get("/sign-in").text
        assert 'name="name"' in text
        assert 'name="token"' in text
        for name, password in (("ada", "wrong horse battery"), ("nobody", cases.PASSWORD), ("ada", ""), ("", "x")):
            answer = client.post("/sign-in", data={"name": name, "password": password})
            assert (answer.status_code, answer.headers.get("set-cookie")) == (403, None)
            assert "Wrong name or password." in answer.text, "it does not tell which"
        answer = client.post("/sign-in", data={"name": " Ada ", "password": cases.PASSWORD, "next": "/jobs"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/jobs")
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert client.get(DEVICES).status_code == 200
        assert "ada</a> (admin)" in client.get("/settings").text
        assert client.post("/sign-out").status_code == 303
        assert client.get(DEVICES).status_code == 401


def test_the_shared_token_keeps_all_rights_beside_accounts(data: Path) -> None:
    with cases.hub(data) as client:
        assert client.post("/sign-in", data={"token": cases.TOKEN}).status_code == 303
        assert "shared token</a>" in client.get("/").text
        assert client.get("/audit").status_code == 200
        assert cases.another(client).get(DEVICES, headers=cases.bearer(cases.TOKEN)).status_code == 200


def test_without_accounts_and_token_nothing_is_asked_and_the_first_account_closes_the_hub(tmp_path: Path) -> None:
    with cases.hub(tmp_path, token=None) as client:
        assert client.get(DEVICES).status_code == 200
        assert "edgeprof hub user add NAME --role admin" in client.get("/settings/people").text
        refused = client.post(
            "/settings/people/accounts", data={"name": "eve", "role": "admin", "password": cases.PASSWORD}
        )
        assert (refused.status_code, "at its machine" in refused.text) == (400, True)
        cases.add_people(tmp_path, {"ada": "admin"})  # as `edgeprof hub user add` does, beside the running hub
        assert client.get(DEVICES).status_code == 401
        assert client.get("/").headers["location"] == "/sign-in?next=/"
        text = client.get("/sign-in").text
        assert ('name="name"' in text, 'name="token"' in text) == (True, False)
        assert cases.signed_in(client, "ada").get(DEVICES).status_code == 200
        assert client.post("/api/v1/claims", content=b"{}").status_code == 401


def test_accounts_alone_do_not_open_the_hub_to_other_machines(data: Path) -> None:
    with pytest.raises(UsageError) as refused:
        config.check(HubSettings(data=data, host="0.0.0.0"))
    assert refused.value.code == "token_needed"


def test_sessions_outlive_a_restart_and_end_by_the_clock(data: Path) -> None:
    clock = cases.Clock()
    with cases.hub(data, clock=clock) as client:
        account, shared = cases.signed_in(client, "vera"), cases.another(client)
        shared.post("/sign-in", data={"token": cases.TOKEN})
        cookies = [account.cookies[COOKIE], shared.cookies[COOKIE]]
    with cases.hub(data, clock=clock) as client:
        headers = [{"Cookie": f"{COOKIE}={one}"} for one in cookies]
        assert [client.get(DEVICES, headers=one).status_code for one in headers] == [200, 200]
        clock.now_s += SESSION_S - 1
        assert [client.get(DEVICES, headers=one).status_code for one in headers] == [200, 200]
        clock.now_s += 2
        assert [client.get(DEVICES, headers=one).status_code for one in headers] == [401, 401]


def test_a_new_shared_token_ends_the_sessions_of_the_old_one(data: Path) -> None:
    with cases.hub(data) as client:
        client.post("/sign-in", data={"token": cases.TOKEN})
        of_token, of_account = client.cookies[COOKIE], cases.signed_in(client, "vera").cookies[COOKIE]
    with cases.hub(data, token="another-token-than-before") as client:
        assert client.get(DEVICES, headers={"Cookie": f"{COOKIE}={of_token}"}).status_code == 401
        assert client.get(DEVICES, headers={"Cookie": f"{COOKIE}={of_account}"}).status_code == 200


def test_the_database_has_no_secret_that_signs_in(data: Path) -> None:
    with cases.hub(data) as client:
        client.post("/sign-in", data={"token": cases.TOKEN})
        cookie = client.cookies[COOKIE]
        api_token = cases.add_token(data, "ci", "run")
        assert client.get(DEVICES, headers=cases.bearer(api_token)).status_code == 200
    stored = b"".join(file.read_bytes() for file in data.glob(f"{DATABASE}*"))
    for secret in (cookie, api_token, cases.PASSWORD, cases.TOKEN):
        assert secret.encode() not in stored
    assert b"$argon2id$" in stored


def test_a_new_password_signs_the_others_out_and_takes_the_present_one(data: Path) -> None:
    with cases.hub(data) as client:
        here, there = cases.signed_in(client, "vera"), cases.signed_in(client, "vera")
        form = {"current": cases.PASSWORD, "new": cases.NEW_PASSWORD, "again": cases.NEW_PASSWORD}
        for change in ({"current": "wrong"}, {"again": "other"}, {"new": "short", "again": "short"}):
            assert here.post("/settings/people/own-password", data={**form, **change}).status_code == 400
        assert there.get(DEVICES).status_code == 200
        assert here.post("/settings/people/own-password", data=form).status_code == 303
        assert (here.get(DEVICES).status_code, there.get(DEVICES).status_code) == (200, 401)
        assert client.post("/sign-in", data={"name": "vera", "password": cases.PASSWORD}).status_code == 403
        cases.signed_in(client, "vera", cases.NEW_PASSWORD)


def test_roles_hold_at_once_and_a_removed_account_is_out(data: Path) -> None:
    with cases.hub(data) as client:
        admin, otto = cases.signed_in(client, "ada"), cases.signed_in(client, "otto")
        made = admin.post("/settings/people/tokens", data={"name": "by-ada", "scope": "admin", "days": "30"})
        secret = re.search(r"<pre>(ept_[\w-]+)</pre>", made.text)
        assert secret is not None
        assert secret[1] not in admin.get("/settings/people").text, "it is shown once"
        headers = cases.bearer(secret[1])
        assert otto.post("/jobs/retry").status_code == 400, "nothing failed"
        admin.post("/settings/people/accounts/role", data={"name": "otto", "role": "viewer"})
        assert otto.post("/jobs/retry").status_code == 403
        assert client.get("/audit", headers=headers).status_code == 200
        heir = {"name": "heir", "scope": "admin", "days": "30"}
        refused = client.post("/settings/people/tokens", data=heir, headers=headers)
        assert (refused.status_code, "cannot make another" in refused.text) == (400, True)
        admin.post("/settings/people/accounts/role", data={"name": "otto", "role": "admin"})
        otto.post("/settings/people/accounts/role", data={"name": "ada", "role": "viewer"})
        assert admin.get("/audit").status_code == 403
        assert client.get("/audit", headers=headers).status_code == 403, "a token may no more than its maker"
        assert client.get(DEVICES, headers=headers).status_code == 200
        assert otto.post("/settings/people/accounts/remove", data={"name": "ada"}).status_code == 303
        assert admin.get(DEVICES).status_code == 401
        assert client.get(DEVICES, headers=headers).status_code == 401


def test_the_last_admin_stays(data: Path) -> None:
    with cases.hub(data) as client:
        admin = cases.signed_in(client, "ada")
        for act, form in (("role", {"name": "ada", "role": "viewer"}), ("remove", {"name": "ada"})):
            answer = admin.post(f"/settings/people/accounts/{act}", data=form)
            assert (answer.status_code, "only admin" in answer.text) == (400, True)
        for name in ("vera", "otto"):
            assert admin.post("/settings/people/accounts/remove", data={"name": name}).status_code == 303
        assert admin.post("/settings/people/accounts/remove", data={"name": "ada"}).status_code == 400
    writer = SqliteWriter(data / DATABASE)
    writer.change(lambda db: accounts.remove(db, "test", "ada", may_be_last=True))
    writer.close()


def test_an_admin_adds_accounts_and_sets_passwords(data: Path) -> None:
    with cases.hub(data) as client:
        admin, form = cases.signed_in(client, "ada"), {"name": "Max", "role": "operator", "password": cases.PASSWORD}
        for change, word in (
            ({"name": "no spaces"}, "not a valid name"),
            ({"role": "owner"}, "not a role"),
            ({"password": "short"}, "12 to 256"),
            ({"password": "aaaaaaaaaaaaaa"}, "different"),
            ({"name": "vera"}, "already"),
        ):
            answer = admin.post("/settings/people/accounts", data={**form, **change})
            assert (answer.status_code, word in answer.text) == (400, True), change
        assert admin.post("/settings/people/accounts", data=form).status_code == 303
        new = cases.signed_in(client, "max")
        reset = {"name": "max", "password": cases.NEW_PASSWORD}
        assert admin.post("/settings/people/accounts/password", data=reset).status_code == 303
        assert new.get(DEVICES).status_code == 401
        assert admin.post("/settings/people/accounts/password", data={**reset, "name": "nobody"}).status_code == 400


def test_ones_own_sessions_are_listed_and_ended_and_nobody_elses(data: Path) -> None:
    with cases.hub(data) as client:
        first, second, other = (cases.signed_in(client, name) for name in ("vera", "vera", "otto"))
        text = first.get("/settings/people").text
        ids = re.findall(r'name="session" value="(\w{64})"', text)
        assert (len(ids), text.count("(this one)")) == (2, 1)
        foreign = re.findall(r'name="session" value="(\w{64})"', other.get("/settings/people").text)
        first.post("/settings/people/own-sessions/end", data={"session": foreign[0]})
        assert other.get(DEVICES).status_code == 200
        read = cases.bearer(cases.add_token(data, "reader", "read"))
        shared = cases.another(client)
        shared.post("/sign-in", data={"token": cases.TOKEN})
        client.post("/settings/people/own-sessions/end", headers=read, data={"others": "yes"})
        assert shared.get(DEVICES).status_code == 200, "an API token has no sessions of its own"
        first.post("/settings/people/own-sessions/end", data={"others": "yes"})
        assert (first.get(DEVICES).status_code, second.get(DEVICES).status_code) == (200, 401)
        admin = cases.signed_in(client, "ada")
        admin.post("/settings/people/sessions/end", data={"session": foreign[0]})
        assert other.get(DEVICES).status_code == 401


def test_an_api_token_has_its_scope_until_it_expires_or_is_revoked(data: Path) -> None:
    clock = cases.Clock()
    read, run = cases.add_token(data, "reader", "read", days=1), cases.add_token(data, "runner", "run", days=2)
    with cases.hub(data, clock=clock) as client:
        assert client.get(DEVICES, headers=cases.bearer(read)).status_code == 200
        answer = client.post("/api/v1/jobs/retry", headers=cases.bearer(read), json={})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_allowed")
        assert "token:reader, with the role viewer" in answer.json()["error"]["message"]
        assert client.post("/api/v1/jobs/retry", headers=cases.bearer(run), json={}).status_code == 409
        clock.now_s += 86_401
        answer = client.get(DEVICES, headers=cases.bearer(read))
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "token_expired")
        assert client.get(DEVICES, headers=cases.bearer(run)).status_code == 200
        admin = cases.another(client)
        admin.post("/sign-in", data={"token": cases.TOKEN})
        text = admin.get("/settings/people").text
        assert "expired" in text
        assert read not in text
        assert admin.post("/settings/people/tokens/revoke", data={"name": "runner"}).status_code == 303
        answer = client.get(DEVICES, headers=cases.bearer(run))
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "token_wrong")
        for form in ({"name": "x", "scope": "all", "days": "1"}, {"name": "x", "scope": "read", "days": "0"}):
            assert admin.post("/settings/people/tokens", data=form).status_code == 400
        taken = admin.post("/settings/people/tokens", data={"name": "reader", "scope": "read", "days": "1"})
        assert (taken.status_code, "already" in taken.text) == (400, True)


@pytest.mark.parametrize("way", ["name", "own password", "api token", "page"])
def test_guessing_is_slowed_whatever_is_guessed(data: Path, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with cases.hub(data) as client:
        browser = cases.signed_in(client, "vera")

        def guess() -> int:
            if way == "name":
                return client.post("/sign-in", data={"name": "ada", "password": "guess"}).status_code
            if way == "own password":
                return browser.post("/settings/people/own-password", data={"current": "guess"}).status_code
            path = "/" if way == "page" else DEVICES
            return client.get(path, headers=cases.bearer("ept_guess")).status_code

        for _ in range(guesses.FREE_FAILURES):
            assert guess() in (303, 400, 401, 403)
        monkeypatch.setattr(guesses, "MAX_WAIT_S", -1.0)
        assert guess() == 429
        assert browser.get("/").status_code == 200, "who is signed in shows nothing that could be guessed"


def test_an_unknown_name_takes_as_long_as_a_wrong_password() -> None:
    """Both are looked at: an unknown name against a hash that no password has."""
    looked_at: list[str] = []

    class Hasher:
        def verify(self, stored: str, _: str) -> bool:
            looked_at.append(stored)
            return True

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", Hasher())
        assert passwords.is_right("a hash", "x") is True
        assert passwords.is_right(None, "x") is False
    assert looked_at == ["a hash", passwords._NOBODY]  # pyright: ignore[reportPrivateUsage]


def test_more_sign_ins_than_can_be_looked_at_are_refused_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    full = threading.BoundedSemaphore(1)
    full.acquire()
    monkeypatch.setattr(passwords, "_WAITING", full)
    with pytest.raises(EdgeprofError) as refused:
        passwords.is_right(None, "x")
    assert refused.value.code == "too_many_guesses"


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_another_sites_page_changes_nobodys_rights(data: Path, headers: dict[str, str]) -> None:
    with cases.hub(data) as client:
        admin = cases.signed_in(client, "ada")
        for path, form in (
            ("/settings/people/accounts", {"name": "eve", "role": "admin", "password": cases.PASSWORD}),
            ("/settings/people/tokens", {"name": "eve", "scope": "admin", "days": "9"}),
            ("/settings/people/own-sessions/end", {"others": "yes"}),
            ("/sign-in", {"name": "ada", "password": cases.PASSWORD}),
        ):
            answer = admin.post(path, data=form, headers=headers)
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "cross_origin")
        assert [one.name for one in cases.context_of(client).reader.people.accounts()] == ["ada", "otto", "vera"]
        assert cases.context_of(client).reader.people.tokens() == []


def test_a_viewer_is_shown_no_button_that_is_refused(data: Path) -> None:
    with cases.hub(data) as client:
        buttons = re.compile(r"<button(?! hidden)")
        people = {name: cases.signed_in(client, name) for name in cases.PEOPLE}
        for path in ("/jobs", "/settings", "/settings/people", "/sets", "/families"):
            seen = {name: len(buttons.findall(browser.get(path).text)) for name, browser in people.items()}
            assert seen["vera"] <= seen["otto"] <= seen["ada"], path
        viewer, operator = people["vera"], people["otto"]
        assert 'href="/flash"' not in viewer.get("/settings").text.partition("</nav>")[0]
        assert 'href="/flash"' in operator.get("/settings").text.partition("</nav>")[0]
        assert re.search(r'action="/settings/scenario".*?<button hidden disabled', operator.get("/settings").text, re.S)
        for person in (viewer, operator):
            assert "Add account" not in person.get("/settings/people").text
        texts = [one.get("/").text for one in (operator, viewer, operator)]
        assert texts[0] == texts[2] != texts[1], "one page in the cache, three answers"


def test_a_password_hashed_with_older_parameters_is_hashed_again_when_it_is_next_used(tmp_path: Path) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(cases.PASSWORD)
    cases.add_people(tmp_path, {})
    writer = SqliteWriter(tmp_path / DATABASE)
    writer.change(lambda db: accounts.add(db, "test", "ada", "admin", old))
    writer.close()
    with cases.hub(tmp_path) as client:
        cases.signed_in(client, "ada")
        cases.context_of(client).writer.call(lambda _: None)
        stored = cases.context_of(client).reader.people.account("ada")
        assert stored is not None
        assert not passwords.is_outdated(stored.password)
        cases.signed_in(client, "ada")


def test_a_stored_role_of_a_newer_release_gives_no_right(data: Path) -> None:
    with closing(sqlite3.connect(data / DATABASE)) as connection, connection:
        connection.execute("UPDATE account SET role = 'auditor' WHERE name = 'otto'")
    with cases.hub(data) as client:
        assert cases.signed_in(client, "otto").get(DEVICES).status_code == 403


def test_an_open_stream_ends_with_its_session(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(still_signed_in, "LOOKED_UP_EVERY_S", 0.0)
    with serving(data, token=cases.TOKEN) as live, ExitStack() as stack:
        watching, leaving = (
            stack.enter_context(closing(http.client.HTTPConnection("127.0.0.1", live.port, timeout=30)))
            for _ in range(2)
        )
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        leaving.request("POST", "/sign-in", f"name=vera&password={quote_plus(cases.PASSWORD)}", form)
        answer = leaving.getresponse()
        cookie = {"Cookie": answer.getheader("Set-Cookie", "").split(";")[0]}
        answer.read()
        watching.request("GET", "/api/v1/events", headers=cookie)
        stream = stack.enter_context(watching.getresponse())
        assert (stream.status, stream.readline(), stream.readline()) == (200, b"retry: 2000\n", b"\n")
        change = Change("device", "d-1")
        live.hub.events.publish([change])
        assert (stream.readline(), stream.readline()[:5], stream.readline()) == (b"event: changed\n", b"data:", b"\n")
        leaving.request("POST", "/sign-out", headers=cookie)
        assert leaving.getresponse().status == 303
        live.hub.events.publish([change])
        assert stream.read() == b"", "what came after the sign-out is not told"


def test_a_hub_whose_database_must_not_be_changed_still_lets_people_in(data: Path) -> None:
    with cases.hub(data) as client:
        health = cases.context_of(client).health
        health.is_read_only, health.message = True, "broken"
        browser = cases.signed_in(client, "vera")
        assert browser.get(DEVICES).status_code == 200
        assert browser.post("/jobs/retry").status_code == 403
        assert client.post("/sign-in", data={"name": "vera", "password": "wrong"}).status_code == 403
        assert cases.context_of(client).reader.people.sessions(0) == []
        assert browser.post("/sign-out").status_code == 303
        assert browser.get(DEVICES).status_code == 401


def test_a_database_from_before_accounts_that_is_only_read_has_none(data: Path) -> None:
    with closing(sqlite3.connect(data / DATABASE)) as connection:
        for table in ("page_session", "api_token", "account"):
            connection.execute(f"DROP TABLE {table}")
    reader = SqliteReader(data / DATABASE)
    assert reader.people.has_accounts() is False
    assert (reader.people.account("ada"), reader.people.token("0"), reader.people.session("0")) == (None, None, None)
    reader.close()


def test_what_is_salvaged_of_a_damaged_database_keeps_everybodys_access(data: Path, tmp_path: Path) -> None:
    cases.add_token(data, "ci", "run", owner="ada")
    salvage(data / DATABASE, tmp_path / "new.sqlite")
    reader = SqliteReader(tmp_path / "new.sqlite")
    assert [one.name for one in reader.people.accounts()] == ["ada", "otto", "vera"]
    assert [one.name for one in reader.people.tokens()] == ["ci"]
    assert len(reader.audit.entries(AuditQuery())) == 4
    reader.close()
