"""The audit log: who did what, in the order of time, and nobody can take an entry back."""

import csv
import io
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from edgeprof_hub.context import DATABASE
from edgeprof_hub.people import audit
from edgeprof_hub.people.refusals import EVERY_S, Refusals
from edgeprof_hub.store import audit as table
from edgeprof_hub.store.audit import AuditEntry, AuditQuery
from edgeprof_hub.store.writer import SqliteWriter
from tests.hub import fleet, stores
from tests.hub import people_cases as cases


def entries(client: TestClient, query: AuditQuery | None = None) -> list[AuditEntry]:
    cases.context_of(client).writer.call(lambda _: None)  # what nobody waited for is written by then
    return cases.context_of(client).reader.audit.entries(query or AuditQuery())


@pytest.fixture
def made() -> fleet.Fleet:
    return fleet.typical()


@pytest.fixture
def data(tmp_path: Path, made: fleet.Fleet) -> Path:
    cases.add_people(tmp_path)
    writer = SqliteWriter(tmp_path / DATABASE)
    fleet.fill(writer, made)
    writer.close()
    return tmp_path


def test_what_people_do_is_logged_with_what_it_is_about(data: Path, made: fleet.Fleet) -> None:
    device, model = fleet.device_id(1), made.models[0]
    with cases.hub(data) as client:
        otto, ada = cases.signed_in(client, "otto"), cases.signed_in(client, "ada")
        flashed = otto.post("/flash", data={"model": model.model_id, "device": device})
        campaign = flashed.headers["location"].rpartition("/")[2]
        otto.post(f"/campaigns/{campaign}/cancel")
        otto.post(f"/devices/{device}/name", data={"name": "kitchen"})
        otto.post("/groups", data={"group_name": "first", "device": device})
        run = cases.bearer(cases.add_token(data, "ci", "run"))
        answer = client.post(
            "/api/v1/campaigns", headers=run, json={"model_ids": [model.model_id], "device_ids": [device]}
        )
        assert answer.status_code == 201
        result = made.results[0].result_id
        assert ada.delete(f"/api/v1/results/{result}").status_code == 204
        ada.post("/settings/scenario", data={"usual": "yes"})
        ada.post("/settings/people/accounts/role", data={"name": "vera", "role": "operator"})
        ada.post("/settings/people/tokens/revoke", data={"name": "ci"})
        found = entries(client)
    lines = [(one.actor, one.action, one.subject) for one in reversed(found) if one.actor != "test"]
    assert lines == [
        ("otto", "sign_in", ""),
        ("ada", "sign_in", ""),
        ("otto", "flash", campaign),
        ("otto", "campaign.cancel", campaign),
        ("otto", "device.edit", device),
        ("otto", "group.set", "first"),
        ("token:ci", "flash", answer.json()["campaign_id"]),
        ("ada", "result.delete", result),
        ("ada", "settings.scenario", ""),
        ("ada", "account.role", "vera"),
        ("ada", "token.revoke", "ci"),
    ]
    details = {one.action: one.detail for one in found}
    assert details["flash"].startswith("1 job: ")
    assert (details["device.edit"], details["account.role"]) == ("name kitchen", "viewer to operator")
    assert not any(one.failed for one in found)


def test_what_changed_nothing_is_not_logged(data: Path, made: fleet.Fleet) -> None:
    with cases.hub(data) as client:
        otto = cases.signed_in(client, "otto")
        before = len(entries(client))
        otto.get("/")
        otto.post("/flash")  # nothing chosen
        otto.post("/campaigns/nothing/cancel")
        otto.post("/families", data={"act": "rename", "family": made.models[0].family, "into": "New name"})
        asked = {"act": "rename", "family": made.models[0].family, "into": "New name", "dry_run": True}
        assert otto.post("/api/v1/families/change", json=asked).status_code == 200
        assert len(entries(client)) == before


def test_an_agent_s_own_traffic_is_not_in_the_log(data: Path) -> None:
    with cases.hub(data) as client:
        shared = cases.bearer(cases.TOKEN)
        before = len(entries(client))
        sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        assert client.put(f"/api/v1/artifacts/{sha256}", headers=shared, content=b"").status_code == 201
        assert client.get("/api/v1/bootstrap", headers=shared).status_code == 200
        assert len(entries(client)) == before


def test_failures_are_logged_without_what_was_typed(data: Path) -> None:
    with cases.hub(data) as client:
        client.post("/sign-in", data={"name": "ada", "password": "hunter2 hunter2"})
        client.post("/sign-in", data={"name": "hunter2 hunter2", "password": ""})
        client.post("/sign-in", data={"token": "hunter2 hunter2"})
        client.get("/api/v1/devices", headers=cases.bearer("hunter2"))
        found = entries(client, AuditQuery(failed=True))
    assert [(one.actor, one.action) for one in reversed(found)] == [
        ("ada", "sign_in.failed"),
        ("unknown name", "sign_in.failed"),
        ("shared token", "sign_in.failed"),
        ("unknown", "token.refused"),
    ]
    assert not any("hunter2" in repr(one) for one in found)
    assert {one.address for one in found} == {"testclient"}


def test_a_flood_of_failures_is_one_entry_a_minute_with_their_number(data: Path) -> None:
    now_s = 0.0
    with cases.hub(data) as client:
        hub, refusals = cases.context_of(client), Refusals(lambda: now_s)
        for _ in range(50):
            refusals.note(hub, "unknown", "token.refused", "192.0.2.1", "a wrong token")
        refusals.note(hub, "unknown", "token.refused", "192.0.2.2", "a wrong token")
        now_s = EVERY_S
        refusals.note(hub, "unknown", "token.refused", "192.0.2.1", "a wrong token")
        found = [(one.address, one.detail) for one in entries(client, AuditQuery(failed=True))]
    assert found == [
        ("192.0.2.1", "a wrong token; 49 more before it"),
        ("192.0.2.2", "a wrong token"),
        ("192.0.2.1", "a wrong token"),
    ]


def test_entries_cannot_be_changed_or_deleted_and_only_failures_give_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "STORED_FAILURES", 3)
    with stores.opened(tmp_path) as store:
        store.writer.change(lambda db: audit.record(db, "ada", "flash", "c1"))
        for number in range(6):
            store.writer.change(lambda db, number=number: audit.record(db, "eve", "refused", str(number), failed=True))
        store.writer.change(lambda db: audit.record(db, "ada", "flash", "c2"))
        assert [one.subject for one in store.reader.audit.entries(AuditQuery())] == ["c2", "5", "4", "3", "c1"]
        with closing(sqlite3.connect(tmp_path / DATABASE)) as connection:
            for statement in ("UPDATE audit SET actor = 'eve'", "DELETE FROM audit WHERE subject = 'c1'"):
                with pytest.raises(sqlite3.IntegrityError, match="never"):
                    connection.execute(statement)


def test_an_entry_that_is_rolled_back_with_its_change_is_gone(tmp_path: Path) -> None:
    def half(db: sqlite3.Connection) -> None:
        audit.record(db, "ada", "flash", "c1")
        raise ValueError("the change fails")

    with stores.opened(tmp_path) as store:
        with pytest.raises(ValueError, match="fails"):
            store.writer.change(half)
        assert store.reader.audit.entries(AuditQuery()) == []


def test_the_page_filters_pages_and_gives_csv(tmp_path: Path) -> None:
    with stores.opened(tmp_path) as store:
        for number in range(120):
            who = "ada" if number % 2 else "otto"
            store.writer.change(
                lambda db, number=number, who=who: audit.record(db, who, "flash", f"c{number}", "=HYPERLINK(1)")
            )
        store.writer.change(lambda db: audit.record(db, "eve\x1b[1m", "refused", "<b>x</b>\nnext", failed=True))
    with cases.hub(tmp_path) as client:
        client.post("/sign-in", data={"token": cases.TOKEN})
        text = client.get("/audit").text
        assert text.count("<tr>") == 101
        assert "&lt;b&gt;x&lt;/b&gt; next" in text
        older = client.get("/audit?before=22").text
        assert older.count("<tr>") == 22
        assert client.get("/audit?actor=ada").text.count("<tr>") == 61
        assert client.get("/audit?text=C119").text.count("<tr>") == 2
        assert client.get("/audit?failed=1").text.count("<tr>") == 2
        assert "No entry matches" in client.get("/audit?action=nothing").text
        rows = list(csv.DictReader(io.StringIO(client.get("/audit?actor=ada&as=csv").text)))
    assert len(rows) == 60
    assert (rows[0]["subject"], rows[0]["detail"], rows[0]["failed"]) == ("c119", "'=HYPERLINK(1)", "0")
