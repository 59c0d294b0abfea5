"""Results in the outbox: durable, settled only by the right receipt, saved from a damaged file."""

import errno
import hashlib
import os
import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edgeprof.errors import EdgeprofError
from edgeprof.wire import codec
from edgeprof.wire.messages import Receipt, ReceiptStatus, Result
from edgeprof_agent.daemon.database import Database
from edgeprof_agent.daemon.durable import write_durably
from edgeprof_agent.daemon.jobs import Jobs, Started
from edgeprof_agent.daemon.outbox import PURGE_EVERY_S, Outbox, OutboxEntry
from edgeprof_agent.daemon.outbox_purge import KEEP_RECEIPTED_S
from tests.agent.pieces import job, now, queued, result


class Spool:
    """A database with its outbox, and how to close and open it again."""

    def __init__(self, folder: Path, budget: int = 10_000) -> None:
        self.file = folder / "agent.db"
        self.database = Database(self.file)
        self.outbox = Outbox(self.database, folder / "artifacts", budget)


def receipt(entry: OutboxEntry, status: ReceiptStatus = "stored", sha256: str | None = None) -> Receipt:
    digest = sha256 or hashlib.sha256(entry.payload).hexdigest()
    return Receipt(result_id=entry.result_id, sha256=digest, status=status, reason=None)


def ids(outbox: Outbox) -> list[str]:
    return outbox.queued_ids(10_000)


def test_results_wait_in_order_and_survive_a_restart(tmp_path: Path) -> None:
    first = Spool(tmp_path)
    results = [result(job()) for _ in range(5)]
    for each in results:
        first.outbox.put(each, {})
    first.database.close()
    second = Spool(tmp_path)
    assert ids(second.outbox) == [each.result_id for each in results]
    assert codec.decode_as(Result, queued(second.outbox, 1)[0].payload) == results[0]


def test_only_a_receipt_for_exactly_these_bytes_settles(tmp_path: Path) -> None:
    outbox = Spool(tmp_path).outbox
    outbox.put(result(job()), {})
    entry = queued(outbox, 1)[0]
    assert not outbox.settle(receipt(entry, sha256="0" * 64))
    assert not outbox.settle(Receipt(result_id="another", sha256=receipt(entry).sha256, status="stored"))
    assert ids(outbox) == [entry.result_id]
    assert outbox.settle(receipt(entry))
    assert ids(outbox) == []


@pytest.mark.parametrize("status", ["conflict", "rejected"])
def test_what_the_hub_will_not_have_is_kept_aside(tmp_path: Path, status: ReceiptStatus) -> None:
    spool = Spool(tmp_path)
    spool.outbox.put(result(job()), {})
    entry = queued(spool.outbox, 1)[0]
    spool.outbox.settle(receipt(entry, status))
    assert ids(spool.outbox) == []
    spool.outbox.purge(time.time() + 10 * KEEP_RECEIPTED_S)
    assert [row["state"] for row in spool.database.rows("SELECT state FROM results")] == ["aside"]


def test_a_receipted_result_can_be_asked_for_again_for_a_day(tmp_path: Path) -> None:
    outbox = Spool(tmp_path).outbox
    of = job()
    outbox.put(result(of), {})
    entry = queued(outbox, 1)[0]
    outbox.settle(receipt(entry))
    assert outbox.send_again(of.job_id, of.attempt)
    assert queued(outbox, 1) == [entry]
    outbox.settle(receipt(entry, "duplicate"))
    assert outbox.purge(time.time() + KEEP_RECEIPTED_S - 60) == 0
    assert outbox.purge(time.time() + KEEP_RECEIPTED_S + 60) == 1
    assert not outbox.send_again(of.job_id, of.attempt)


def test_putting_a_result_twice_keeps_the_first(tmp_path: Path) -> None:
    outbox = Spool(tmp_path).outbox
    of = job()
    outbox.put(result(of, "r-1"), {})
    before = queued(outbox, 2)
    outbox.put(result(of, "r-1"), {})
    assert queued(outbox, 2) == before


def test_artifacts_live_as_long_as_a_result_names_them(tmp_path: Path) -> None:
    outbox = Spool(tmp_path).outbox
    data = b"samples"
    sha256 = hashlib.sha256(data).hexdigest()
    for _ in range(2):
        outbox.put(result(job()), {sha256: data})
    one, two = queued(outbox, 2)
    assert one.artifacts == two.artifacts == (sha256,)
    outbox.settle(receipt(one))
    outbox.purge(time.time() + 2 * KEEP_RECEIPTED_S)
    assert outbox.artifact(sha256).read_bytes() == data
    outbox.settle(receipt(two))
    outbox.purge(time.time() + 2 * KEEP_RECEIPTED_S)
    assert not outbox.artifact(sha256).exists()


def test_artifacts_that_a_kill_left_without_a_result_are_removed_at_start(tmp_path: Path) -> None:
    Spool(tmp_path).database.close()
    (tmp_path / "artifacts" / "orphan").write_bytes(b"x")
    Spool(tmp_path)
    assert list((tmp_path / "artifacts").iterdir()) == []


def test_from_four_fifths_of_the_budget_new_jobs_are_refused_until_receipts_come(tmp_path: Path) -> None:
    outbox = Spool(tmp_path, budget=10).outbox
    for _ in range(7):
        outbox.put(result(job()), {})
    assert outbox.full_reason() is None
    outbox.put(result(job()), {})
    assert "8 results wait" in (outbox.full_reason() or "")
    outbox.settle(receipt(queued(outbox, 1)[0]))
    assert outbox.full_reason() is None


def test_over_the_budget_only_receipted_results_go_early(tmp_path: Path) -> None:
    outbox = Spool(tmp_path, budget=3).outbox
    for _ in range(5):
        outbox.put(result(job()), {})
    for entry in queued(outbox, 3):
        outbox.settle(receipt(entry))
    assert outbox.purge(time.time()) == 2
    assert len(ids(outbox)) == 2


def test_receipts_do_not_each_look_through_the_whole_outbox(tmp_path: Path) -> None:
    outbox = Spool(tmp_path, budget=1).outbox
    for _ in range(4):
        outbox.put(result(job()), {})
    first, second, third, _ = queued(outbox, 4)
    outbox.settle(receipt(first))
    assert outbox.purge_when_due(time.time(), 0.0) == 1
    outbox.settle(receipt(second))
    outbox.settle(receipt(third))
    assert outbox.purge_when_due(time.time(), PURGE_EVERY_S - 1) == 0
    assert outbox.purge_when_due(time.time(), PURGE_EVERY_S) == 2


def test_every_put_result_is_there_after_a_kill(tmp_path: Path) -> None:
    """SIGKILL at a random moment of a process that does nothing but put results."""
    code = (
        "import sys; from pathlib import Path; from tests.agent.test_outbox import Spool; "
        "from tests.agent.pieces import job, result\n"
        "spool = Spool(Path(sys.argv[1]))\n"
        "while True:\n"
        "    one = result(job()); spool.outbox.put(one, {}); print(one.result_id, flush=True)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        printed = [process.stdout.readline().strip() for _ in range(random.randint(1, 40))]
        process.kill()
        printed += [line.strip() for line in process.stdout if line.endswith("\n")]
    kept = ids(Spool(tmp_path).outbox)
    assert kept[: len(printed)] == printed
    assert len(kept) - len(printed) <= 1  # stored, and killed before it could say so


def _filled(folder: Path, count: int = 300) -> list[str]:
    spool = Spool(folder)
    with spool.database.transaction():
        for _ in range(count):
            spool.outbox.put(result(job()), {})
    names = ids(spool.outbox)
    spool.database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    spool.database.close()
    return names


@pytest.mark.parametrize("name", ["data", "data #1?mode=rwc%41"])
def test_rows_around_a_damaged_page_are_salvaged(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    names = _filled(folder)
    file = folder / "agent.db"
    with file.open("r+b") as stream:
        stream.seek(file.stat().st_size // 2 // 4096 * 4096)
        stream.write(os.urandom(4096))
    spool = Spool(folder)
    saved = ids(spool.outbox)
    assert 250 <= len(saved) < 300
    assert set(saved) <= set(names)
    assert spool.database.salvaged_rows == len(saved)
    assert (folder / "agent.db.damaged-1").exists()


@pytest.mark.parametrize("harm", ["zeroed", "truncated", "garbage", "folder", "empty"])
def test_the_agent_starts_whatever_the_file_has_become(tmp_path: Path, harm: str) -> None:
    _filled(tmp_path, 50)
    file = tmp_path / "agent.db"
    content = file.read_bytes()
    file.unlink()
    if harm == "folder":
        file.mkdir()
    else:
        damaged = {"zeroed": bytes(len(content)), "truncated": content[:6000], "garbage": b"hello", "empty": b""}
        file.write_bytes(damaged[harm])
    spool = Spool(tmp_path)
    spool.outbox.put(result(job()), {})
    assert ids(spool.outbox)


def test_a_flipped_bit_in_a_payload_is_never_sent(tmp_path: Path) -> None:
    """Damage that the salvage can read but that is not what was stored."""
    names = _filled(tmp_path)
    file = tmp_path / "agent.db"
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE results SET payload = x'00' WHERE seq = 7")
    connection.close()
    with file.open("r+b") as stream:
        stream.seek(file.stat().st_size - 3 * 4096)
        stream.write(os.urandom(4096))
    spool = Spool(tmp_path)
    assert names[6] not in ids(spool.outbox)
    assert spool.database.rows("SELECT state FROM results WHERE result_id = ?", names[6])[0][0] == "aside"


def test_a_file_of_a_newer_release_is_left_alone(tmp_path: Path) -> None:
    Spool(tmp_path).database.close()
    with sqlite3.connect(tmp_path / "agent.db") as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(EdgeprofError, match="newer edgeprof"):
        Spool(tmp_path)


def test_a_change_is_whole_or_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    jobs = Jobs(spool.database)
    of = job()
    jobs.add(of)
    jobs.start(Started(of, "r-1", now()))

    def change_and_fail() -> None:
        with spool.database.transaction():
            spool.outbox.put(result(of, "r-1"), {})
            jobs.finish(of)
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        change_and_fail()
    assert ids(spool.outbox) == []
    assert [begun.result_id for begun in jobs.running()] == ["r-1"]


def test_tries_on_a_full_disk_leave_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for _ in range(3):
        with pytest.raises(OSError, match="No space"):
            write_durably(tmp_path / "artifact", b"x" * 100)
    assert list(tmp_path.iterdir()) == []


def test_what_a_hub_rejected_is_tried_once_more_at_each_other_release(tmp_path: Path) -> None:
    first = Spool(tmp_path)
    first.outbox.meet("0.1.0")
    first.outbox.put(result(job()), {})
    entry = queued(first.outbox, 1)[0]
    first.outbox.settle(receipt(entry, "rejected"))
    first.outbox.meet("0.1.0")
    assert ids(first.outbox) == []
    first.database.close()
    outbox = Spool(tmp_path).outbox
    outbox.meet("0.1.0")
    assert ids(outbox) == [], "the same release: it would say the same"
    outbox.meet("0.2.0")
    assert ids(outbox) == [entry.result_id]
    outbox.settle(receipt(entry, "rejected"))
    outbox.meet("0.2.0")
    assert ids(outbox) == []
    outbox.meet("0.3.0")
    assert outbox.settle(receipt(entry))
    outbox.meet("0.4.0")
    assert (ids(outbox), outbox.unreceipted()) == ([], 0)


@pytest.mark.parametrize("why", ["conflict", "damaged"])
def test_only_what_a_hub_rejected_is_tried_once_more(tmp_path: Path, why: str) -> None:
    outbox = Spool(tmp_path).outbox
    outbox.put(result(job()), {})
    entry = queued(outbox, 1)[0]
    if why == "conflict":
        outbox.settle(receipt(entry, "conflict"))
    else:
        outbox.settle(receipt(entry, "rejected"))
        outbox.meet("0.2.0")
        outbox.quarantine(entry.result_id, "its bytes are damaged on this device's disk")
    outbox.meet("0.3.0")
    assert ids(outbox) == []


def test_a_database_of_an_older_agent_gets_the_table(tmp_path: Path) -> None:
    first = Spool(tmp_path)
    first.outbox.put(result(job()), {})
    with first.database.transaction() as change:
        change.execute("DROP TABLE rejected")
    first.database.close()
    outbox = Spool(tmp_path).outbox
    outbox.settle(receipt(queued(outbox, 1)[0], "rejected"))
    outbox.meet("0.2.0")
    assert len(ids(outbox)) == 1
