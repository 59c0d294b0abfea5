"""What rotted on the device's disk is never sent as a measurement: hashes are checked each time they are used."""

import hashlib
import sqlite3
from pathlib import Path

import pytest

from edgeprof.wire import codec
from edgeprof.wire.messages import Job, ModelRef, Receipt, Result
from edgeprof_agent.daemon.database import Database
from edgeprof_agent.daemon.jobs import Jobs
from edgeprof_agent.daemon.outbox import MAX_DISPUTES, Outbox
from tests.agent import pieces
from tests.agent.agent_process import Start
from tests.agent.minimal_hub import MinimalHub, eventually

CONTENTS = {"model.onnx": b"tiny" * 100}
DATA = b"samples of a run"
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def tiny(hub: MinimalHub) -> ModelRef:
    model = pieces.model("tiny", CONTENTS)
    hub.offer(model, CONTENTS)
    return model


def outbox_in(folder: Path) -> tuple[Database, Outbox]:
    database = Database(folder / "agent.db")
    return database, Outbox(database, folder / "artifacts", 100)


def stored(folder: Path, sql: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(folder / "agent.db") as connection:
        rows = connection.execute(sql).fetchall()
    connection.close()
    return rows


def queue_with_the_hub_away(start: Start, folder: Path, of: Job) -> Result:
    """A result in the outbox of an agent that is not running."""
    folder.mkdir()
    database, outbox = outbox_in(folder)
    made = pieces.result(of)
    outbox.put(made, {SHA256: DATA})
    database.close()
    return made


def flip_a_digit(folder: Path) -> None:
    """In the file itself, as a failing disk does: SQLite's own check cannot see it."""
    file = folder / "agent.db"
    raw = bytearray(file.read_bytes())
    at = raw.index(b'"samples_ms":[1.0')
    raw[at + len(b'"samples_ms":[')] ^= 0x04
    file.write_bytes(raw)


def test_a_result_with_one_flipped_digit_is_quarantined_and_the_next_one_is_sent(
    hub: MinimalHub, start: Start, tiny: ModelRef, tmp_path: Path
) -> None:
    data = tmp_path / "agent"
    rotten = queue_with_the_hub_away(start, data, pieces.job(tiny))
    flip_a_digit(data)
    agent = start()
    hub.send(agent.device_id, pieces.job(tiny))
    eventually(lambda: len(hub.results) >= 1)
    assert rotten.result_id not in hub.results
    eventually(lambda: stored(data, "SELECT count(*) FROM results WHERE state = 'queued'") == [(0,)])
    assert stored(data, f"SELECT state, reason FROM results WHERE result_id = '{rotten.result_id}'") == [
        ("aside", "its bytes are damaged on this device's disk")
    ]


def test_an_artifact_that_rotted_is_not_uploaded(hub: MinimalHub, start: Start, tiny: ModelRef, tmp_path: Path) -> None:
    data = tmp_path / "agent"
    queue_with_the_hub_away(start, data, pieces.job(tiny))
    (data / "artifacts" / SHA256).write_bytes(DATA.replace(b"run", b"sun"))
    agent = start()
    hub.send(agent.device_id, pieces.job(tiny))
    eventually(lambda: len(hub.results) >= 1)
    eventually(lambda: stored(data, "SELECT count(*) FROM results WHERE state = 'queued'") == [(0,)])
    assert SHA256 not in hub.artifacts
    assert not any(SHA256 in line for line in hub.order)


@pytest.mark.parametrize(
    "harm",
    [
        "sha256 = CASE substr(sha256, 1, 1) WHEN 'f' THEN '0' ELSE 'f' END || substr(sha256, 2)",
        "payload = x'7b7d'",
        "payload = 'text'",
        "artifacts = '[\"a\"'",
        "artifacts = '{}'",
        "result_id = 'r-x'",
    ],
)
def test_a_row_that_rotted_anywhere_is_marked_and_stops_neither_start_nor_the_others(tmp_path: Path, harm: str) -> None:
    database, outbox = outbox_in(tmp_path)
    for name in ("r-1", "r-2"):
        outbox.put(pieces.result(pieces.job(), name), {SHA256: DATA})
    database.rows(f"UPDATE OR IGNORE results SET {harm} WHERE seq = 1")
    database.close()
    _, outbox = outbox_in(tmp_path)
    first, second = pieces.queued(outbox, 9)
    assert first.is_damaged
    assert not second.is_damaged
    assert codec.decode_as(Result, second.payload).result_id == "r-2"
    assert outbox.artifact_damage(SHA256) is None, "a damaged row must not cost the files of another"


def test_a_new_result_mends_an_artifact_that_rotted(tmp_path: Path) -> None:
    _, outbox = outbox_in(tmp_path)
    outbox.put(pieces.result(pieces.job()), {SHA256: DATA})
    outbox.artifact(SHA256).write_bytes(b"rotten")
    assert outbox.artifact_damage(SHA256) == "damaged"
    outbox.put(pieces.result(pieces.job()), {SHA256: DATA})
    assert outbox.artifact_damage(SHA256) is None


def test_receipts_for_other_bytes_are_an_alarm_and_end_the_sending(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    database, outbox = outbox_in(tmp_path)
    outbox.put(pieces.result(pieces.job(), "r-1"), {})
    foreign = Receipt(result_id="r-1", sha256="0" * 64, status="stored")
    for _ in range(MAX_DISPUTES):
        assert outbox.queued_ids(9) == ["r-1"]
        assert not outbox.settle(foreign)
        assert outbox.dispute(foreign)
    assert pieces.queued(outbox, 9) == []
    assert caplog.text.count("outbox.disputed") == 1
    assert database.rows("SELECT state FROM results")[0][0] == "aside"
    assert not outbox.dispute(foreign)


def test_a_job_that_rotted_is_dropped_at_the_next_start(tmp_path: Path) -> None:
    """The hub sends it again: it never heard of its end."""
    database = Database(tmp_path / "agent.db")
    jobs = Jobs(database)
    jobs.add(pieces.job(job_id="j-rotten"))
    jobs.add(pieces.job(job_id="j-sound"))
    database.rows("UPDATE jobs SET payload = x'7b' WHERE job_id = 'j-rotten'")
    database.close()
    jobs = Jobs(Database(tmp_path / "agent.db"))
    assert [job.job_id for job in jobs.waiting()] == ["j-sound"]
    assert not jobs.knows("j-rotten", 1)
