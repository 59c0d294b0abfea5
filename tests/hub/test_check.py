"""A damaged hub: found by `edgeprof hub check` and at the start, shown with a sentence, salvaged into a new folder."""

import json
import os
import random
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import cast
from unittest.mock import Mock

import pytest
from click.testing import CliRunner, Result
from fastapi import FastAPI
from starlette.testclient import TestClient

from edgeprof.errors import EdgeprofError
from edgeprof.wire import codec, identity, rest
from edgeprof.wire import messages as m
from edgeprof_hub.app import create_app
from edgeprof_hub.commands import hub as cli
from edgeprof_hub.config import HubSettings
from edgeprof_hub.context import DATABASE, HubContext
from edgeprof_hub.store import health
from edgeprof_hub.store.writer import SqliteWriter
from tests.hub import fleet, stores

URL = "http://127.0.0.1:8765"
BLOB = b"the bytes of a model"
NAME = identity.sha256_hex(BLOB)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The folder of a stopped hub with a fleet and one file."""
    folder = tmp_path / "hub"
    folder.mkdir()
    writer = SqliteWriter(folder / DATABASE)
    made = fleet.typical()
    made.models.clear()
    made.results = [each for each in made.results for _ in range(40)]
    for number, each in enumerate(made.results):
        made.results[number] = fleet.result(
            int(each.device_id[-1]), _model(each.model_name), fleet.vision_rows(4.0 + number / 1000, 0.1)
        )
    made.models = [_model(name) for name in dict.fromkeys(each.model_name for each in made.results)]
    made.jobs.clear()
    with writer.transaction():
        fleet.fill(writer, made)
    writer.close()
    put(folder, NAME, BLOB)
    return folder


def _model(name: str) -> rest.ModelRecord:
    """A model whose file is the fixture's one."""
    manifest = identity.manifest_of(f"{name}.onnx", [m.FileRef(path=f"{name}.onnx", size=len(BLOB), sha256=NAME)])
    return replace(fleet.model(name, name), model_id=identity.model_id(manifest), manifest=manifest)


def put(folder: Path, name: str, content: bytes) -> Path:
    file = folder / "blobs" / name[:2] / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def check(folder: Path, *options: str) -> Result:
    return CliRunner().invoke(cli.hub, ["check", "--data", str(folder), *options])


def flip_a_digit(folder: Path) -> str:
    """One digit of a stored figure, in the file itself. The id of its result."""
    file = folder / DATABASE
    with closing(sqlite3.connect(file)) as connection:
        result_id, document = connection.execute(
            "SELECT result_id, document FROM result ORDER BY seq LIMIT 1"
        ).fetchone()
    found = re.search(r'"metric":"latency_p50_ms","value":[0-9.]+', document)
    assert found
    raw = file.read_bytes()
    for at in re.finditer(re.escape(found.group().encode()), raw):  # the copy for the page has the same words
        altered = bytearray(raw)
        altered[at.start() + len('"metric":"latency_p50_ms","value":')] ^= 0x01
        file.write_bytes(altered)
        with closing(sqlite3.connect(file)) as connection:
            if connection.execute("SELECT document FROM result ORDER BY seq LIMIT 1").fetchone()[0] != document:
                return str(result_id)
    raise AssertionError("no such digit in the file")


def spoil_pages(folder: Path) -> None:
    """Two pages in the middle, as a failing disk leaves them."""
    file = folder / DATABASE
    pages = file.stat().st_size // 4096
    with file.open("r+b") as stream:
        for page in (pages // 3, pages // 2):
            stream.seek(page * 4096)
            stream.write(os.urandom(4096))


def test_a_whole_hub_is_said_to_be_whole(data: Path) -> None:
    done = check(data)
    assert done.exit_code == 0, done.output
    assert "320 checked, 0 damaged" in done.stdout
    assert f"{data} is whole." in done.stdout
    found = json.loads(check(data, "--json").stdout)
    assert found["whole"] is True
    assert found["results"] == {"checked": 320, "damaged": [], "not_checkable": 0}
    assert found["blobs"]["checked"] == 1


def test_one_digit_is_found_though_the_database_is_sound(data: Path) -> None:
    result_id = flip_a_digit(data)
    assert health.damage(data / DATABASE) is None, "SQLite's own check cannot see it"
    done = check(data)
    assert done.exit_code == 1
    assert result_id in done.stdout
    assert json.loads(check(data, "--json").stdout)["results"]["damaged"] == [result_id]


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


def test_a_cell_that_shows_another_figure_than_its_result_is_found(data: Path) -> None:
    with closing(sqlite3.connect(data / DATABASE)) as connection:
        altered = "replace(document, '\"value\":', '\"value\":1')"
        connection.execute(f"UPDATE outcome SET document = {altered} WHERE rowid = (SELECT min(rowid) FROM outcome)")
        connection.commit()
    assert len(json.loads(check(data, "--json").stdout)["cells"]["damaged"]) == 1


def test_results_of_an_older_release_are_not_checkable_and_that_is_said(data: Path) -> None:
    with closing(sqlite3.connect(data / DATABASE)) as connection:
        connection.execute("UPDATE result SET document_sha256 = NULL")
        connection.commit()
    done = check(data)
    assert done.exit_code == 0
    assert "320 not checkable" in done.stdout


def test_a_message_of_the_same_release_is_its_own_hash(tmp_path: Path) -> None:
    """Agent and hub write the same bytes, so even a row without a hash of its own can be checked."""
    with stores.opened(tmp_path) as store:
        fleet.fill(store.writer, fleet.Fleet(states=[fleet.state(1, "pi")]))
        result = fleet.result(1, fleet.model("a", "a"), fleet.vision_rows(4.0, 0.1))
        store.writer.save_result(result, identity.sha256_hex(codec.encode(result)), 1.0)
        store.writer.change(lambda connection: connection.execute("UPDATE result SET document_sha256 = NULL"))
    assert json.loads(check(tmp_path, "--json").stdout)["results"]["not_checkable"] == 0


def test_files_are_held_against_their_names(data: Path) -> None:
    other = identity.sha256_hex(b"other")
    put(data, other, b"rotten")
    found = json.loads(check(data, "--json").stdout)
    assert found["blobs"] == {"checked": 2, "damaged": [other], "missing": []}
    assert check(data).exit_code == 1


def test_a_file_that_a_model_needs_is_missed(data: Path) -> None:
    with closing(sqlite3.connect(data / DATABASE)) as connection:
        model_id = connection.execute("SELECT model_id FROM model").fetchone()[0]
        connection.execute("INSERT INTO model_file VALUES (?, 'more', 4, ?)", (model_id, "a" * 64))
        connection.commit()
    assert "a" * 64 in json.loads(check(data, "--json").stdout)["blobs"]["missing"]
    assert check(data).exit_code == 1


def test_spoiled_pages_are_found_and_the_rest_is_salvaged_into_a_hub_that_serves(data: Path, tmp_path: Path) -> None:
    spoil_pages(data)
    new = tmp_path / "new"
    done = check(data, "--salvage", str(new), "--json")
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert found["database"]["whole"] is False
    saved = found["salvaged"]["results"]
    assert 200 <= saved < 320
    assert json.loads(check(new, "--json").stdout)["results"] == {"checked": saved, "damaged": [], "not_checkable": 0}
    assert check(new).exit_code == 0
    with TestClient(create_app(HubSettings(data=new)), base_url=URL) as client:
        assert client.get("/").status_code == 200
        assert client.get("/api/v1/compare").status_code == 200
        assert len(client.get("/api/v1/results?limit=1000").json()) == saved
    assert (new / "blobs" / NAME[:2] / NAME).read_bytes() == BLOB


def test_a_rotten_result_does_not_come_along(data: Path, tmp_path: Path) -> None:
    flip_a_digit(data)
    found = json.loads(check(data, "--salvage", str(tmp_path / "new"), "--json").stdout)
    assert (found["salvaged"]["results"], found["salvaged"]["results_left_behind"]) == (319, 1)
    assert check(tmp_path / "new").exit_code == 0
    said = check(data, "--salvage", str(tmp_path / "other")).stdout
    assert "319 results and " in said
    assert "; 1 damaged result left behind." in said


def test_salvaging_takes_no_folder_that_is_in_use(data: Path, tmp_path: Path) -> None:
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "file").write_text("x")
    done = check(data, "--salvage", str(tmp_path / "used"))
    assert isinstance(done.exception, EdgeprofError)
    assert done.exception.code == "folder_not_empty"


def test_a_folder_without_a_hub_is_named(tmp_path: Path) -> None:
    done = check(tmp_path)
    assert isinstance(done.exception, EdgeprofError)
    assert done.exception.code == "no_hub"
    assert "Checking" not in done.output, "nothing was looked at"


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
    spoil_pages(data)
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
