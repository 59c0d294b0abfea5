"""What a data folder is after a stop, and what a hub says at its start about one that is not as it was left."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from edgeprof.client.http_client import HubClient
from edgeprof.errors import EdgeprofError
from edgeprof.wire import rest
from edgeprof_hub.config import HubSettings
from edgeprof_hub.context import DATABASE
from edgeprof_hub.lifecycle.running import running
from edgeprof_hub.store import health
from edgeprof_hub.store.writer import SqliteWriter
from tests.hub import fleet, live
from tests.ports import free_port


def start(data: Path) -> None:
    with running(HubSettings(data=data, mqtt_port=free_port())):
        pass


def refusal(data: Path) -> EdgeprofError:
    with pytest.raises(EdgeprofError) as raised:
        start(data)
    return raised.value


def filled(data: Path) -> Path:
    """A database with a fleet."""
    data.mkdir(exist_ok=True)
    writer = SqliteWriter(data / DATABASE)
    with writer.transaction():
        fleet.fill(writer, fleet.typical())
    writer.close()
    return data / DATABASE


def test_after_a_clean_stop_the_database_is_one_whole_file(tmp_path: Path) -> None:
    with live.serving(tmp_path) as served:
        served.hub.writer.call(lambda store: fleet.fill(store, fleet.typical()))
        assert len(served.client.devices()) == 2
        assert served.app_get("/")
    assert sorted(file.name for file in tmp_path.glob(f"{DATABASE}*")) == [DATABASE]
    copy = tmp_path / "copy.sqlite"
    copy.write_bytes((tmp_path / DATABASE).read_bytes())
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT count(*) FROM result").fetchone()[0] == len(fleet.typical().results)


def test_a_folder_in_the_databases_place_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / DATABASE).mkdir()
    error = refusal(tmp_path)
    assert error.code == "database_unreadable"
    assert f"{tmp_path / DATABASE} is a folder" in error.message


@pytest.mark.parametrize("left", ["gone", "empty"])
def test_files_of_a_hub_without_its_database_are_no_new_hub(tmp_path: Path, left: str) -> None:
    blob = tmp_path / "blobs" / "ab" / ("ab" * 32)
    blob.parent.mkdir(parents=True)
    blob.write_bytes(b"model")
    if left == "empty":
        (tmp_path / DATABASE).touch()
    error = refusal(tmp_path)
    assert error.code == "database_missing"
    assert "1 model file is still here" in error.message
    assert blob.exists()


def test_a_log_without_its_database_is_no_new_hub(tmp_path: Path) -> None:
    (tmp_path / f"{DATABASE}-wal").write_bytes(b"x" * 100)
    error = refusal(tmp_path)
    assert error.code == "database_missing"
    assert (tmp_path / f"{DATABASE}-wal").read_bytes() == b"x" * 100, "SQLite would have deleted it"


def test_an_empty_folder_is_a_new_hub(tmp_path: Path) -> None:
    start(tmp_path)
    start(tmp_path)


def test_a_full_disk_at_the_start_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite's own error: the database may not grow by a page."""
    filled(tmp_path)
    with closing(sqlite3.connect(tmp_path / DATABASE, isolation_level=None)) as connection:
        connection.execute("DELETE FROM catalogue")
        connection.execute("VACUUM")
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connect = sqlite3.connect

    def without_room(file: Path, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(file, **options)
        connection.execute(f"PRAGMA max_page_count = {pages}")
        return connection

    monkeypatch.setattr("edgeprof_hub.store.database.sqlite3.connect", without_room)
    error = refusal(tmp_path)
    assert error.code == "no_space"
    assert f"The disk of {tmp_path} is full" in error.message


def test_a_full_disk_under_the_brokers_files_is_a_sentence_too(tmp_path: Path) -> None:
    (tmp_path / "broker").mkdir()
    (tmp_path / "broker" / "broker-port").symlink_to("/dev/full")
    assert refusal(tmp_path).code == "no_space"


def test_a_full_disk_at_a_campaign_is_a_sentence_and_the_next_one_works(tmp_path: Path) -> None:
    with live.serving(tmp_path) as served:
        hub = served.hub
        hub.writer.call(lambda store: fleet.fill(store, fleet.typical()))
        client = HubClient(served.url)
        request = rest.CampaignRequest(
            model_ids=tuple(model.model_id for model in client.models() if model.format == "onnx"),
            device_ids=tuple(device.device_id for device in client.devices()),
            repeats=20,
        )

        def pages(count: str) -> None:
            hub.writer.call(
                lambda store: store.change(
                    lambda connection: connection.execute(f"PRAGMA max_page_count = {count}").fetchone()
                )
            )

        pages("1")  # SQLite takes the present size for it
        with pytest.raises(EdgeprofError) as raised:
            client.start_campaign(request)
        assert raised.value.code == "no_space"
        pages("4294967294")
        assert client.start_campaign(request).jobs


def test_the_check_at_the_start_ends_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "STEPS", 1)
    file = filled(tmp_path)
    with file.open("r+b") as stream:
        stream.seek(file.stat().st_size // 2 // 4096 * 4096)
        stream.write(b"\xff" * 4096)
    assert health.damage(file) is not None
    assert health.damage(file, within_s=-1.0) is None, "what it had no time for is left to `edgeprof hub check`"


def test_a_start_on_a_damaged_database_stops_again_and_leaves_it_as_it_was(tmp_path: Path) -> None:
    file = filled(tmp_path)
    with closing(sqlite3.connect(file)) as whole:
        (page,) = whole.execute("SELECT rootpage FROM sqlite_master WHERE name = 'metric'").fetchone()
    with file.open("r+b") as stream:
        stream.seek((page - 1) * 4096)
        stream.write(b"\xff" * 4096)
    before = file.read_bytes()
    with running(HubSettings(data=tmp_path, mqtt_port=free_port())) as hub:
        assert hub.health.is_read_only
        with pytest.raises(EdgeprofError, match="is damaged"):
            hub.writer.call(lambda store: store.mark_all_offline())
    assert file.read_bytes() == before
