"""The store: what is kept once, what a cell shows, what deleting leaves, and which databases are refused."""

import math
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from edgeprof.errors import EdgeprofError
from edgeprof.wire import identity, rest
from edgeprof.wire import messages as m
from edgeprof.wire.failures import FailureCode
from edgeprof_hub import names
from edgeprof_hub.campaigns import planning
from edgeprof_hub.store import schema
from edgeprof_hub.store.records import Deleted, UnknownDevice
from edgeprof_hub.store.thread import WriterThread
from edgeprof_hub.store.writer import KEPT_DEAD_LETTERS, SqliteWriter
from tests.hub import fleet, stores

MODEL = fleet.model("cnn", "digits")
ROWS = fleet.vision_rows(4.0, 0.1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[stores.Store]:
    with stores.opened(tmp_path) as opened:
        opened.writer.save_state(fleet.state(1, "pi"), 1.0)
        opened.writer.save_facts(fleet.facts(1), None, "none fits")
        opened.writer.save_model(MODEL)
        yield opened


def save(store: stores.Store, result: m.Result, received_s: float = 5.0) -> str:
    return store.writer.save_result(result, identity.sha256_hex(repr(result).encode()), received_s)


def shown(store: stores.Store) -> list[str]:
    return [cell.stored.result.result_id for cell in store.reader.cells() if cell.stored]


def measured() -> m.Result:
    return fleet.result(1, MODEL, ROWS)


def failed(code: FailureCode) -> m.Result:
    return fleet.result(1, MODEL, failure=replace(fleet.UNSUPPORTED, code=code))


def queued(store: stores.Store) -> rest.JobRecord:
    request = rest.CampaignRequest(model_ids=(), device_ids=())
    jobs = planning.plan(request, [MODEL], store.reader.devices(), 2.0)
    store.writer.create_campaign(jobs)
    return jobs[0]


def for_job(result: m.Result, job: rest.JobRecord, attempt: int = 1) -> m.Result:
    return replace(result, job_id=job.job_id, attempt=attempt, config=job.config, config_key=job.config_key)


def test_a_result_is_read_back_as_it_came(store: stores.Store) -> None:
    result = measured()
    save(store, result, received_s=7.5)
    assert store.reader.result(result.result_id) == rest.StoredResult(result=result, received_s=7.5)


def test_the_same_result_a_thousand_times_is_one_result(store: stores.Store) -> None:
    result = measured()
    outcomes = [save(store, result) for _ in range(1000)]
    assert outcomes == ["stored"] + ["duplicate"] * 999
    assert [stored.result for stored in store.reader.results()] == [result]


def test_other_content_under_the_same_id_is_kept_aside(store: stores.Store, tmp_path: Path) -> None:
    first = measured()
    other = replace(first, agent_version="9.9.9")
    assert [save(store, first), save(store, other), save(store, other)] == ["stored", "conflict", "conflict"]
    stored = store.reader.result(first.result_id)
    assert stored is not None
    assert stored.result == first
    assert count(tmp_path, "conflict") == 1


def test_figures_are_rows_in_their_order_and_go_with_their_result(store: stores.Store, tmp_path: Path) -> None:
    result = measured()
    save(store, result)
    with closing(sqlite3.connect(tmp_path / "hub.sqlite")) as connection:
        found = connection.execute("SELECT metric, value, result_id FROM metric").fetchall()
        assert found == sorted((row.metric, row.value, result.result_id) for row in result.metrics)
        store.writer.delete_result(result.result_id)
        assert connection.execute("SELECT * FROM metric").fetchall() == []


@pytest.mark.parametrize("descending", [False, True])
def test_results_come_in_the_order_of_any_metric(store: stores.Store, descending: bool) -> None:
    values = (3.0, 1.0, 2.0)
    for value in values:
        save(store, replace(measured(), metrics=(replace(ROWS[0], value=value),)))
    save(store, replace(measured(), metrics=()))
    found = store.reader.results_by(ROWS[0].metric, descending=descending, limit=2)
    assert [stored.result.metrics[0].value for stored in found] == ([3.0, 2.0] if descending else [1.0, 2.0])


def test_a_cell_shows_the_newest_result_by_the_hubs_clock(store: stores.Store) -> None:
    first, second = measured(), replace(measured(), started=fleet.stamp(-1e6))
    save(store, first)
    save(store, second)
    assert shown(store) == [second.result_id]


def test_a_deleted_result_makes_the_cell_fall_back_and_the_last_one_takes_it_along(store: stores.Store) -> None:
    first, second = measured(), measured()
    save(store, first)
    save(store, second)
    assert store.writer.delete_result(second.result_id)
    assert shown(store) == [first.result_id]
    assert store.writer.delete_result(first.result_id)
    assert not store.writer.delete_result(first.result_id)
    assert store.reader.cells() == []


def test_a_deleted_result_does_not_come_back(store: stores.Store) -> None:
    result = measured()
    save(store, result)
    store.writer.delete_result(result.result_id)
    with pytest.raises(Deleted, match="result was deleted"):
        save(store, result)


def test_a_cancelled_run_leaves_the_cell_as_it_was(store: stores.Store) -> None:
    first = measured()
    save(store, first)
    save(store, failed("cancelled"))
    assert shown(store) == [first.result_id]


def test_a_result_of_a_device_not_yet_born_is_refused_for_now(store: stores.Store) -> None:
    with pytest.raises(UnknownDevice):
        save(store, replace(measured(), device_id=fleet.device_id(9)))


def test_results_that_came_before_their_model_show_when_it_does(store: stores.Store) -> None:
    late = fleet.model("late", "late")
    result = fleet.result(1, late, ROWS)
    assert save(store, result) == "stored"
    assert store.reader.cells() == []
    store.writer.save_model(late)
    assert shown(store) == [result.result_id]
    assert store.reader.cells()[0].model_id == late.model_id


def test_a_deleted_device_comes_back_empty_at_its_next_birth(store: stores.Store) -> None:
    result, job = measured(), queued(store)
    save(store, result)
    store.writer.rename_device(fleet.device_id(1), "kitchen")
    assert store.writer.delete_device(fleet.device_id(1))
    assert (store.reader.devices(), store.reader.results(), store.reader.cells()) == ([], [], [])
    with pytest.raises(Deleted, match="device was deleted"):
        save(store, measured())
    ended = store.reader.job(job.job_id)
    assert ended is not None
    assert (ended.state, ended.note) == ("cancelled", "the device was deleted")
    assert not store.writer.save_state(fleet.state(1, "pi", online=False), 8.0)
    assert store.writer.save_state(fleet.state(1, "pi"), 9.0)
    assert [device.name for device in store.reader.devices()] == ["pi"]
    with pytest.raises(Deleted):
        save(store, result)
    assert save(store, measured()) == "stored"


def test_a_deleted_model_takes_its_results_cells_and_open_jobs(store: stores.Store) -> None:
    job = queued(store)
    save(store, measured())
    assert store.writer.delete_model(MODEL.model_id)
    assert (store.reader.models(), store.reader.results(), store.reader.cells()) == ([], [], [])
    assert store.reader.open_jobs() == []
    ended = store.reader.job(job.job_id)
    assert ended is not None
    assert ended.state == "cancelled"
    store.writer.save_model(MODEL)
    assert save(store, measured()) == "stored"


def test_names_stay_over_births_and_uploads(store: stores.Store) -> None:
    store.writer.rename_device(fleet.device_id(1), "kitchen")
    store.writer.rename_model(MODEL.model_id, "mine")
    store.writer.save_state(fleet.state(1, "pi"), 9.0)
    store.writer.save_model(MODEL)
    assert [device.name for device in store.reader.devices()] == ["kitchen"]
    assert [model.name for model in store.reader.models()] == ["mine"]


def test_two_devices_of_one_name_are_told_apart(store: stores.Store) -> None:
    store.writer.save_state(fleet.state(2, "pi"), 1.0)
    assert [device.label for device in store.reader.devices()] == ["pi (0001)", "pi (0002)"]
    one = store.reader.device(fleet.device_id(2))
    assert one is not None
    assert one.label == "pi (0002)"
    store.writer.rename_device(fleet.device_id(2), "shed")
    assert [device.label for device in store.reader.devices()] == ["pi", "shed"]


def test_the_will_of_a_replaced_session_kills_nobody(store: stores.Store) -> None:
    old = fleet.state(1, "pi", online=False)
    store.writer.save_state(replace(fleet.state(1, "pi"), session_id="s-2"), 2.0)
    assert not store.writer.save_state(old, 3.0)
    assert [device.online for device in store.reader.devices()] == [True]
    assert store.writer.save_state(replace(old, session_id="s-2"), 4.0)
    assert [device.online for device in store.reader.devices()] == [False]


def test_a_job_goes_forward_only(store: stores.Store) -> None:
    job = queued(store)
    change = store.writer.save_job_state
    store.writer.mark_sent(job.job_id, 1, 3.0)
    assert change(job.job_id, 1, "running", "load", 0.5, "")
    assert not change(job.job_id, 1, "accepted", "", None, "")
    assert not change(job.job_id, 2, "running", "load", 0.5, "")
    assert change(job.job_id, 1, "running", "warmup", None, "")
    save(store, for_job(measured(), job))
    assert not change(job.job_id, 1, "running", "measure", 0.9, "")
    found = store.reader.job(job.job_id)
    assert found is not None
    assert (found.state, found.fraction) == ("measured", None)


def test_an_interrupted_run_is_tried_once_more(store: stores.Store) -> None:
    job = queued(store)
    save(store, for_job(failed("interrupted"), job))
    second = store.reader.job(job.job_id)
    assert second is not None
    assert (second.attempt, second.state, second.note) == (2, "queued", "interrupted")
    save(store, for_job(failed("interrupted"), job, attempt=2))
    ended = store.reader.job(job.job_id)
    assert ended is not None
    assert (ended.attempt, ended.state, ended.note) == (2, "failed", "interrupted")


def test_a_cancelled_job_is_not_tried_again_and_stays_cancelled(store: stores.Store) -> None:
    job = queued(store)
    store.writer.save_job_state(job.job_id, 1, "cancelled", "", None, "cancelled")
    save(store, for_job(failed("interrupted"), job))
    found = store.reader.job(job.job_id)
    assert found is not None
    assert (found.attempt, found.state) == (1, "cancelled")


def test_a_job_of_another_device_is_not_ended_by_a_result(store: stores.Store) -> None:
    job = queued(store)
    store.writer.save_state(fleet.state(2, "other"), 1.0)
    save(store, replace(for_job(measured(), job), device_id=fleet.device_id(2)))
    found = store.reader.job(job.job_id)
    assert found is not None
    assert found.state == "queued"


def test_inside_a_transaction_a_failing_change_takes_back_only_itself(store: stores.Store) -> None:
    first, second = measured(), measured()
    broken = replace(measured(), metrics=(replace(ROWS[0], value=math.nan),))
    with store.writer.transaction():
        save(store, first)
        with pytest.raises(sqlite3.IntegrityError):
            save(store, broken)
        save(store, second)
    assert {stored.result.result_id for stored in store.reader.results()} == {first.result_id, second.result_id}


def test_nothing_of_a_broken_transaction_is_seen(store: stores.Store) -> None:
    def change() -> None:
        with store.writer.transaction():
            save(store, measured())
            save(store, replace(measured(), metrics=(replace(ROWS[0], value=math.nan),)))

    with pytest.raises(sqlite3.IntegrityError):
        change()
    assert store.reader.results() == []


def test_dead_letters_are_bounded(store: stores.Store, tmp_path: Path) -> None:
    with store.writer.transaction():
        for number in range(KEPT_DEAD_LETTERS + 50):
            store.writer.save_dead_letter("t", b"x" * 5000, str(number), 1.0)
    assert count(tmp_path, "dead_letter") == KEPT_DEAD_LETTERS
    with closing(sqlite3.connect(tmp_path / "hub.sqlite")) as connection:
        assert connection.execute("SELECT max(length(beginning)), min(size) FROM dead_letter").fetchone() == (
            2048,
            5000,
        )


def test_what_is_committed_is_on_disk(store: stores.Store, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "hub.sqlite")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_database_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "hub.sqlite"
    SqliteWriter(file).close()
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('edgeprof-hub', '0099_later', '')"
        )
    with pytest.raises(EdgeprofError, match="newer edgeprof") as caught:
        SqliteWriter(file)
    assert caught.value.code == "newer_database"


def test_opening_again_changes_nothing(store: stores.Store, tmp_path: Path) -> None:
    save(store, measured())
    hub_id = store.reader.hub_id()
    SqliteWriter(tmp_path / "hub.sqlite").close()
    assert (store.reader.hub_id(), len(store.reader.results())) == (hub_id, 1)


def test_a_file_that_is_no_database_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "hub.sqlite").write_bytes(b"not a database at all" * 100)
    with pytest.raises(EdgeprofError, match="Restore it from a copy") as caught:
        SqliteWriter(tmp_path / "hub.sqlite")
    assert caught.value.code == "database_unreadable"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("  two   spaces ", "two spaces"),
        ("line\nbreak\x00", "line break"),
        ("\u202eevil", "evil"),
        ("Küche 🍓", "Küche 🍓"),
        ("x" * 200, "x" * 80),
        ("\u200f\x07", ""),
    ],
)
def test_names_are_made_safe_to_show(given: str, shown: str) -> None:
    assert names.tidy(given) == shown


def count(folder: Path, table: str) -> int:
    with closing(sqlite3.connect(folder / "hub.sqlite")) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_a_change_that_nobody_waits_for_says_in_the_log_that_it_failed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(_: SqliteWriter) -> None:
        raise ValueError("odd")

    writer = WriterThread(tmp_path / "hub.sqlite")
    writer.post(fails)
    writer.stop()
    assert "writer.change_failed" in caplog.text
    assert "odd" in caplog.text


def test_a_database_of_the_first_release_gets_the_shown_part_of_each_newest_result(tmp_path: Path) -> None:
    """Taken back to the schema of 0001, then opened by this release."""
    with stores.opened(tmp_path) as store:
        fleet.fill(store.writer, fleet.typical())
        before = store.reader.cells()
        columns = [(row.model_id, row.config_key) for row in store.reader.columns()]
        standings = store.reader.standings(columns)
        by_latency = store.reader.results_by("latency_p50_ms", descending=False, limit=100)
    with closing(sqlite3.connect(tmp_path / "hub.sqlite")) as old:
        later = (
            "outcome",
            "standing",
            "device_group",
            "annotation",
            "regression",
            "scenario",
            "catalogue",
            "prediction",
            "signed_job",
            "rollout_device",
            "rollout_group",
            "rollout",
            "quarantine",
            *("page_session", "api_token", "account", "audit"),
            "device_upgrade",
            "device_vitals",
            "retired_device",
            "notice_episode",
        )
        of_quality = (
            "gate",
            "gate_verdict",
            "drift",
            "capability",
            "judged_family",
            "evaluation",
            "evaluation_set_file",
        )
        for table in (*later, *of_quality, "evaluation_set"):
            old.execute(f"DROP TABLE {table}")
        old.execute("ALTER TABLE metric RENAME TO now")
        for statement in schema.SPINE:
            if "metric" in statement:
                old.execute(statement)
        old.execute("INSERT INTO metric SELECT result_id, metric, value, NULL, NULL, 200, 'measured', NULL FROM now")
        old.execute("DROP TABLE now")
        for index in (
            "cell_column",
            "job_failed",
            "job_state",
            "job_cell",
            "job_ran",
            "job_device_failed",
            "device_name",
        ):
            old.execute(f"DROP INDEX {index}")
        for column in ("began_s", "ran_s"):
            old.execute(f"ALTER TABLE job DROP COLUMN {column}")
        old.execute("ALTER TABLE result DROP COLUMN document_sha256")
        old.execute("ALTER TABLE device DROP COLUMN place")
        old.execute("ALTER TABLE device DROP COLUMN tags")
        old.execute("DROP TABLE label_change")
        old.execute("DELETE FROM _sqlite_migrations WHERE name > '0001_spine'")
        old.commit()
    with stores.opened(tmp_path) as store:
        assert store.reader.cells() == before
        assert store.reader.standings(columns) == standings
        assert store.reader.results_by("latency_p50_ms", descending=False, limit=100) == by_latency
        assert len(standings) == sum(cell.stored is not None for cell in before)
        assert sum(cell.stored is not None for cell in before) == len(fleet.typical().results)
