"""The power goes at every moment of a real run, and all that was not flushed is gone: no promise is broken.

Each program runs once under strace. Its writes and flushes are then played up to every flush, once with everything
since dropped, and with a random part of it there.
"""

import json
import os
import random
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from edgeprof.wire.identity import sha256_hex
from edgeprof_agent.daemon.database import Database
from edgeprof_agent.daemon.folder import StateFolder
from edgeprof_agent.daemon.jobs import Jobs
from edgeprof_agent.daemon.outbox import Outbox
from edgeprof_hub.context import DATABASE
from edgeprof_hub.store import health
from edgeprof_hub.store.reader import SqliteReader
from edgeprof_hub.store.writer import SqliteWriter
from tests.faults.recorded_disk import Disk, Event, lay_out, record

pytestmark = pytest.mark.strace
Promises = list[list[str]]
TORN = 2
"""Random remainders of each moment."""
FLUSHES = ("sync", "sync_folder")


def cuts(events: list[Event]) -> Iterator[tuple[int, Promises, dict[str, bytes]]]:
    """Every moment right before a flush and the end: what had been promised, and what is on the disk."""
    disk, promises = Disk(), Promises()
    chance = random.Random(19)
    for number, event in enumerate([*events, Event("end")]):
        if event.kind in (*FLUSHES, "end"):
            yield number, promises, disk.after_a_cut()
            for _ in range(TORN if promises else 0):
                yield number, promises, disk.after_a_cut(chance)
        if event.kind == "said":
            promises.append(event.data.decode().split())
        else:
            disk.play(event)


@pytest.fixture
def fast_disk(tmp_path: Path) -> Iterator[Path]:
    """In memory, where there is such a place: what is looked at is which flushes were asked for, not what they cost."""
    shared = Path("/dev/shm")
    with TemporaryDirectory(dir=shared if os.access(shared, os.W_OK) else tmp_path) as folder:
        yield Path(folder)


def cut_everywhere(place: Path, module: str, check: Callable[[Path, Promises], None], *options: str) -> int:
    """How many moments were looked at."""
    was = place / "recorded"
    events = record([sys.executable, "-m", module, str(was), *options], was, place / "trace")
    looked = 0
    for number, promises, files in cuts(events):
        folder = place / f"cut-{looked}"
        folder.mkdir()
        lay_out(files, was, folder)
        try:
            check(folder, promises)
        except (AssertionError, sqlite3.Error) as error:
            raise AssertionError(f"{module}, event {number} of {len(events)}: {error}") from error
        shutil.rmtree(folder)
        looked += 1
    return looked


def of(promises: Promises, kind: str) -> list[list[str]]:
    return [words for kind_of, *words in promises if kind_of == kind]


def check_agent(folder: Path, promises: Promises) -> None:
    """Job and result are as they were promised, or further; never half."""
    state = StateFolder(folder)
    try:
        for (device_id,) in of(promises, "device"):
            assert state.device_id() == device_id
        database = Database(folder / "agent.db")
        assert database.salvaged_rows is None, "the database is damaged"
        outbox, jobs = Outbox(database, folder / "artifacts", 1_000), Jobs(database)
        assert all(jobs.knows(job_id) for (job_id,) in of(promises, "accepted"))
        kept = {job_id: result_id for job_id, result_id in of(promises, "kept")}
        running = {begun.job.job_id: begun.result_id for begun in jobs.running()}
        results = {str(row[0]): str(row[1]) for row in database.rows("SELECT job_id, result_id FROM results")}
        for job_id, result_id in of(promises, "started"):
            assert running.get(job_id, results.get(job_id)) == result_id, "a job that was begun is forgotten"
        assert kept.items() <= results.items(), "a result is lost"
        for job_id in results:
            assert jobs.has_ended(job_id, 1), "a result without the end of its job"
        for row in database.rows("SELECT payload, sha256, artifacts FROM results"):
            assert sha256_hex(bytes(row["payload"])) == row["sha256"]
            assert all(outbox.artifact_damage(sha256) is None for sha256 in json.loads(row["artifacts"]))
        database.close()
    finally:
        state.release()


def check_hub(folder: Path, promises: Promises) -> None:
    """What was receipted is stored under its hash; what was stored is whole."""
    for (sha256,) in of(promises, "artifact"):
        assert sha256_hex((folder / "artifacts" / sha256[:2] / sha256).read_bytes()) == sha256
    receipts = {result_id: sha256 for result_id, sha256, _ in of(promises, "receipt")}
    file = folder / DATABASE
    if not file.exists():
        assert not of(promises, "model")
        return
    assert health.damage(file) is None
    SqliteWriter(file).close()  # the hub starts, wherever its first start was cut
    reader = SqliteReader(file)
    try:
        assert {model.model_id for model in reader.models()} >= {model_id for (model_id,) in of(promises, "model")}
        for result_id in receipts:
            stored = reader.result(result_id)
            assert stored is not None, "a receipted result is lost"
            assert all((folder / "artifacts" / a.sha256[:2] / a.sha256).is_file() for a in stored.result.artifacts)
        births = [topic for topic, _ in of(promises, "acknowledged") if topic.endswith("/state")]
        assert len(reader.devices()) >= len(births)
    finally:
        reader.close()
    with closing(sqlite3.connect(file)) as connection:
        assert dict(connection.execute("SELECT result_id, payload_sha256 FROM result")).items() >= receipts.items()


def test_an_agent_keeps_every_promise_through_a_power_cut_at_any_flush(fast_disk: Path) -> None:
    assert cut_everywhere(fast_disk, "tests.faults.agent_workload", check_agent) > 100


def test_a_hub_keeps_every_receipt_through_a_power_cut_at_any_flush(fast_disk: Path) -> None:
    assert cut_everywhere(fast_disk, "tests.faults.hub_workload", check_hub) > 100


def test_an_agent_that_does_not_flush_is_found_out(fast_disk: Path) -> None:
    """The same agent with SQLite's flushes switched off breaks a promise: the test can see it."""
    with pytest.raises(AssertionError, match="event"):
        cut_everywhere(fast_disk, "tests.faults.agent_workload", check_agent, "careless")


def test_a_write_that_was_not_flushed_is_gone_and_a_name_whose_folder_was_not(tmp_path: Path) -> None:
    """The model of the disk itself: it must be able to lose what a program forgets to flush."""
    program = tmp_path / "program.py"
    program.write_text(
        "import os, sys; folder = sys.argv[1]; os.mkdir(folder)\n"
        "def put(name, *flushed):\n"
        "    with open(f'{folder}/{name}', 'wb') as file:\n"
        "        file.write(b'x' * 100); file.flush()\n"
        "        'bytes' in flushed and os.fsync(file.fileno())\n"
        "    if 'name' in flushed:\n"
        "        handle = os.open(folder, os.O_RDONLY); os.fsync(handle); os.close(handle)\n"
        "put('nothing'); put('name', 'name'); put('both', 'bytes', 'name'); put('bytes', 'bytes'); print('end')\n"
    )
    was = tmp_path / "was"
    disk = Disk()
    for event in record([sys.executable, str(program), str(was)], was, tmp_path / "trace"):
        if event.kind != "said":
            disk.play(event)
    left = {Path(path).name: len(content) for path, content in disk.after_a_cut().items()}
    assert left == {"nothing": 0, "name": 0, "both": 100}
    assert len(disk.after_a_kill()) == 4
