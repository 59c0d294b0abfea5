"""A damaged hub's folder: found by `edgeprof hub check`, salvaged into a new one."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from starlette.testclient import TestClient

from edgeprof.errors import EdgeprofError
from edgeprof.wire import codec, identity
from edgeprof_hub.app import create_app
from edgeprof_hub.config import HubSettings
from edgeprof_hub.context import DATABASE
from edgeprof_hub.store import health
from tests.hub import fleet, stores
from tests.hub.damage import BLOB, NAME, URL, check, flip_a_digit, put, spoil_pages


def test_a_whole_hub_is_said_to_be_whole(data: Path) -> None:
    done = check(data)
    assert done.exit_code == 0, done.output
    assert "320 checked, 0 damaged" in done.stdout
    assert f"{data} is whole." in done.stdout
    found = json.loads(check(data, "--json").stdout)
    assert found["whole"] is True
    assert found["results"] == {"checked": 320, "damaged": [], "not_checkable": 0}
    assert found["blobs"]["checked"] == 1


def test_a_file_of_an_evaluation_set_that_is_gone_is_found(data: Path) -> None:
    with closing(sqlite3.connect(data / DATABASE)) as connection:
        set_values = ("s", '["shapes"]', "ocr", "vision", "", 1, 1, "", "", "{}", "{}", 0.0)
        connection.execute(f"INSERT INTO evaluation_set VALUES ({','.join('?' * 12)})", set_values)
        connection.execute("INSERT INTO evaluation_set_file VALUES ('s', ?)", ["5" * 64])
        connection.commit()
    assert json.loads(check(data, "--json").stdout)["blobs"]["missing"] == ["5" * 64]


def test_one_digit_is_found_though_the_database_is_sound(data: Path) -> None:
    result_id = flip_a_digit(data)
    assert health.damage(data / DATABASE) is None, "SQLite's own check cannot see it"
    done = check(data)
    assert done.exit_code == 1
    assert result_id in done.stdout
    assert json.loads(check(data, "--json").stdout)["results"]["damaged"] == [result_id]


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


def test_a_folder_that_cannot_be_made_is_named_and_the_database_not_blamed(data: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for name in ("file", "file/new"):
        done = check(data, "--salvage", str(tmp_path / name))
        assert isinstance(done.exception, EdgeprofError)
        assert done.exception.code == "file_unwritable"
        assert str(tmp_path / name) in done.exception.message


def test_salvaging_copies_every_table(data: Path, tmp_path: Path) -> None:
    """Also one that a later release adds, and those without row numbers."""
    with closing(sqlite3.connect(data / DATABASE)) as connection:
        device = connection.execute("SELECT device_id FROM device").fetchone()[0]
        connection.execute("INSERT INTO device_group VALUES ('kitchen', ?)", (device,))
        connection.execute("INSERT INTO scenario (name, query) VALUES ('busy', 'per_day=5000')")
        connection.commit()
    assert check(data, "--salvage", str(tmp_path / "new")).exit_code == 0
    with closing(sqlite3.connect(data / DATABASE)) as old, closing(sqlite3.connect(tmp_path / "new" / DATABASE)) as new:
        tables = [row[0] for row in old.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        counts = [
            [base.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables] for base in (old, new)
        ]
    assert dict(zip(tables, counts[0], strict=True)) == dict(zip(tables, counts[1], strict=True))


def test_a_folder_without_a_hub_is_named(tmp_path: Path) -> None:
    done = check(tmp_path)
    assert isinstance(done.exception, EdgeprofError)
    assert done.exception.code == "no_hub"
    assert "Checking" not in done.output, "nothing was looked at"
