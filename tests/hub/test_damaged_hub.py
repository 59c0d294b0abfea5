"""A hub over a damaged database: shown with a sentence, never as if it were whole, and not written to."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import cast
from unittest.mock import Mock

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from edgeprof.errors import EdgeprofError
from edgeprof_hub.app import create_app
from edgeprof_hub.config import HubSettings
from edgeprof_hub.context import DATABASE, HubContext
from edgeprof_hub.store import health
from edgeprof_hub.store.writer import SqliteWriter
from tests.hub import fleet
from tests.hub.damage import BLOB, NAME, URL, check, flip_a_digit, spoil_pages


def spoil_root(folder: Path, table: str) -> None:
    """The first page of a table: whatever reads it finds the file broken, not one row."""
    file = folder / DATABASE
    with closing(sqlite3.connect(file)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with file.open("r+b") as stream:
        stream.seek((page - 1) * 4096)
        stream.write(bytes(4096))


def test_one_digit_is_never_shown_as_what_was_measured(data: Path) -> None:
    result_id = flip_a_digit(data)
    with TestClient(create_app(HubSettings(data=data)), base_url=URL) as client:
        answer = client.get(f"/api/v1/results/{result_id}")
        assert answer.status_code == 503
        assert answer.json()["error"]["code"] == "database_damaged"
        page = client.get(f"/runs/{result_id}")
        assert page.status_code == 503
        assert "does not match its hash" in page.text
        assert "Damaged database" in client.get("/settings").text, "every page says so from then on"
        assert client.delete(f"/api/v1/results/{result_id}").status_code < 300, "a rotten result can be deleted"
    assert check(data).exit_code == 0


@pytest.fixture
def spoiled(data: Path) -> Iterator[TestClient]:
    spoil_pages(data)
    assert health.damage(data / DATABASE)
    with TestClient(create_app(HubSettings(data=data)), base_url=URL, follow_redirects=False) as client:
        yield client


def test_a_damaged_database_is_served_read_only_with_the_sentence_on_every_page(
    spoiled: TestClient, data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = (data / DATABASE).read_bytes()
    for path in ("/", "/settings", "/flash", "/api/v1/compare", "/api/v1/results?limit=1000", "/api/v1/devices"):
        answer = spoiled.get(path)
        assert answer.status_code in (200, 503), path
        if answer.status_code == 503:
            assert "database_damaged" in answer.text or "is damaged" in answer.text
        if "text/html" in answer.headers["content-type"]:
            assert "Damaged database" in answer.text
            assert "hub check --salvage" in answer.text
    assert "Traceback" not in caplog.text
    assert (data / DATABASE).read_bytes() == before


def test_nothing_changes_a_damaged_database_and_agents_wait(spoiled: TestClient) -> None:
    refused = [
        spoiled.get("/api/v1/bootstrap"),
        spoiled.post("/api/v1/campaigns", json={}),
        spoiled.put(f"/api/v1/blobs/{NAME}", content=BLOB),
        spoiled.delete("/api/v1/devices/d-1"),
        spoiled.post("/flash"),
    ]
    for answer in refused:
        assert answer.status_code == 503
        assert answer.json()["error"]["code"] == "database_damaged"
    assert spoiled.get("/api/v1/healthz").json() == {"ok": False, "broker_connected": False, "database_whole": False}


@pytest.mark.parametrize("seed", range(4))
def test_thirty_random_bits_never_end_in_a_traceback(data: Path, seed: int, caplog: pytest.LogCaptureFixture) -> None:
    chance = random.Random(seed)
    file = data / DATABASE
    raw = bytearray(file.read_bytes())
    for _ in range(30):
        raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    file.write_bytes(raw)
    done = check(data)
    assert done.exit_code == 1
    assert done.exception is None or isinstance(done.exception, (SystemExit, EdgeprofError))
    try:
        with TestClient(create_app(HubSettings(data=data)), base_url=URL) as client:
            for path in ("/", "/settings", "/api/v1/compare", "/api/v1/results?limit=1000", "/api/v1/models"):
                answer = client.get(path)
                assert answer.status_code in (200, 503), (path, answer.text[:300], caplog.text[-3000:])
    except EdgeprofError as error:
        code = error.code
    else:
        code = "database_damaged"
    assert code in ("database_unreadable", "database_damaged")
    assert "Traceback" not in caplog.text


def alter_a_copy(data: Path, table: str, column: str, old: bytes, new: bytes) -> None:
    """One byte of what a page reads beside each result."""
    with closing(sqlite3.connect(data / DATABASE)) as connection:
        for (stored,) in connection.execute(f"SELECT {column} FROM {table}").fetchall():
            raw = stored.encode() if isinstance(stored, str) else stored
            if old in raw:
                altered = raw.replace(old, new, 1)
                value = altered.decode() if isinstance(stored, str) else altered
                connection.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (value, stored))
                connection.commit()
                return
    raise AssertionError("nothing to alter")


@pytest.mark.parametrize(
    ("table", "column", "old", "new"),
    [("outcome", "document", b'"value":', b'"value":1'), ("standing", "standing", b"\xcb\x40", b"\xcb\x41")],
)
def test_a_copy_that_rotted_is_neither_shown_nor_ranked(
    data: Path, table: str, column: str, old: bytes, new: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Cells that are not on the page are ranked with those that are."""
    alter_a_copy(data, table, column, old, new)
    with TestClient(create_app(HubSettings(data=data)), base_url=URL) as client:
        devices = [each["name"] for each in client.get("/api/v1/devices").json()]
        answers = [client.get("/api/v1/compare", params={"device": name}) for name in devices]
        damaged = [answer.json()["error"] for answer in answers if answer.status_code == 503]
        assert damaged
        assert all(error["code"] == "database_damaged" for error in damaged)
        assert "does not match its hash" in damaged[0]["message"]
        assert "Damaged database" in client.get("/settings").text
    assert check(data).exit_code == 1
    assert "Traceback" not in caplog.text


def test_a_copy_of_an_older_release_is_shown_and_gets_its_hash_with_the_next_result(data: Path) -> None:
    with closing(sqlite3.connect(data / DATABASE)) as connection:
        connection.execute("UPDATE outcome SET document_sha256 = NULL")
        connection.execute("UPDATE standing SET standing_sha256 = NULL")
        connection.commit()
    with TestClient(create_app(HubSettings(data=data)), base_url=URL) as client:
        assert client.get("/api/v1/compare").status_code == 200
        client.delete(f"/api/v1/results/{client.get('/api/v1/results?limit=1').json()[0]['result']['result_id']}")
    assert check(data).exit_code == 0
    with closing(sqlite3.connect(data / DATABASE)) as connection:
        for table, column in (("outcome", "document"), ("standing", "standing")):
            (known,) = connection.execute(f"SELECT count({column}_sha256) FROM {table}").fetchone()
            assert known == 1


def test_a_broken_file_that_the_start_did_not_see_is_not_written_to_once_it_is_met(
    data: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The check at a start looks for a few seconds only, and a disk may fail later."""
    spoil_root(data, "result")
    monkeypatch.setattr(health, "damage", Mock(return_value=None))
    with TestClient(create_app(HubSettings(data=data)), base_url=URL, follow_redirects=False) as client:
        assert client.get("/api/v1/results?limit=1000").status_code == 503
        assert client.get("/api/v1/healthz").json()["database_whole"] is False
        assert "Damaged database" in client.get("/settings").text
        for answer in (
            client.get("/api/v1/bootstrap"),
            client.post("/api/v1/campaigns", json={}),
            client.put("/api/v1/groups/one", json={"device_ids": []}),
            client.post("/flash"),
        ):
            assert answer.status_code == 503
            assert answer.json()["error"]["code"] == "database_damaged"
        writer = context_of(client).writer
        with pytest.raises(EdgeprofError, match="is damaged"):
            writer.call(lambda store: store.mark_all_offline())
        writer.post(lambda store: store.mark_all_offline())
    assert "Nothing more is written" in caplog.text
    assert "Traceback" not in caplog.text


def test_one_row_that_rotted_stops_no_change(data: Path) -> None:
    flip_a_digit(data)
    with TestClient(create_app(HubSettings(data=data)), base_url=URL) as client:
        assert client.get("/api/v1/results?limit=1000").status_code == 503
        assert client.get("/api/v1/healthz").json()["database_whole"] is False
        assert client.get("/api/v1/bootstrap").status_code == 200
        device = client.get("/api/v1/devices").json()[0]["device_id"]
        assert client.patch(f"/api/v1/devices/{device}", json={"name": "another"}).status_code < 300


def context_of(client: TestClient) -> HubContext:
    return cast(HubContext, cast(FastAPI, client.app).state.hub)


def test_a_damaged_database_of_an_older_release_is_shown_without_its_upgrade(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written to it, so it lacks the hashes of what the page shows."""
    with closing(sqlite3.connect(data / DATABASE)) as connection:
        connection.execute("ALTER TABLE outcome DROP COLUMN document_sha256")
        connection.execute("ALTER TABLE standing DROP COLUMN standing_sha256")
        connection.commit()
    monkeypatch.setattr(health, "damage", Mock(return_value="a page is not readable"))
    with TestClient(create_app(HubSettings(data=data)), base_url=URL) as client:
        for device in client.get("/api/v1/devices").json():
            assert client.get("/api/v1/compare", params={"device": device["name"]}).status_code == 200
    assert check(data).exit_code == 0


def test_the_jobs_of_a_damaged_database_of_an_older_release_are_listed_without_their_durations(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(data / DATABASE)) as connection:
        model_id, device_id = connection.execute("SELECT model_id, device_id FROM cell LIMIT 1").fetchone()
    writer = SqliteWriter(data / DATABASE)
    job = replace(fleet.job(1, fleet.model("net", "net")), device_id=device_id, model_id=model_id)
    writer.create_campaign([job])
    writer.close()
    with closing(sqlite3.connect(data / DATABASE)) as connection:
        connection.execute("DROP INDEX job_ran")
        for column in ("began_s", "ran_s"):
            connection.execute(f"ALTER TABLE job DROP COLUMN {column}")
        connection.commit()
    monkeypatch.setattr(health, "damage", Mock(return_value="a page is not readable"))
    with TestClient(create_app(HubSettings(data=data)), base_url=URL) as client:
        (entry,) = client.get("/api/v1/jobs").json()["entries"]
        assert (entry["job"]["job_id"], entry["ran_s"]) == (job.job_id, None)
        assert client.get("/jobs").status_code == 200
