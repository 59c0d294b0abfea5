"""Jobs as rows: which were seen, which wait, which one runs. Told apart by id and attempt."""

import sqlite3
import time
from dataclasses import dataclass

import msgspec

from edgeprof.wire import codec
from edgeprof.wire.messages import Cancel, Job, Stamp
from edgeprof_agent.daemon.database import Database

KEEP_DONE_S = 30 * 24 * 3600.0
"""For so long an old job message that comes again is known to be one."""
KEEP_DONE = 1_000
"""So many are known for good: a clock that steps by years makes every job look old."""


@dataclass(frozen=True)
class Started:
    """A job that was begun: the id of its result was made then and stays."""

    job: Job
    result_id: str
    started: Stamp


class Jobs:
    """The table of jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._drop_unreadable()

    def add(self, job: Job) -> bool:
        """Queue a job. False where this attempt of it is known."""
        with self._database.transaction() as change:
            done = change.execute(
                "INSERT OR IGNORE INTO jobs (job_id, attempt, payload, state, changed_s) VALUES (?, ?, ?, 'queued', ?)",
                (job.job_id, job.attempt, codec.encode(job), time.time()),
            )
            return done.rowcount == 1

    def knows(self, job_id: str, attempt: int | None = None) -> bool:
        """Whether a job, or one attempt of it, was seen."""
        where, values = (
            ("job_id = ?", (job_id,)) if attempt is None else ("job_id = ? AND attempt = ?", (job_id, attempt))
        )
        return bool(self._database.rows(f"SELECT 1 FROM jobs WHERE {where} LIMIT 1", *values))

    def has_ended(self, job_id: str, attempt: int) -> bool:
        """Whether this attempt of a job came to its end here."""
        sql = "SELECT 1 FROM jobs WHERE job_id = ? AND attempt = ? AND state = 'done'"
        return bool(self._database.rows(sql, job_id, attempt))

    def next(self) -> Job | None:
        """The job that has waited longest."""
        rows = self._database.rows("SELECT payload FROM jobs WHERE state = 'queued' ORDER BY seq LIMIT 1")
        return _job(rows[0]) if rows else None

    def waiting(self) -> list[Job]:
        """Jobs that have not begun, oldest first."""
        rows = self._database.rows("SELECT payload FROM jobs WHERE state = 'queued' ORDER BY seq")
        return [_job(row) for row in rows]

    def start(self, begun: Started) -> None:
        """Note that a job runs, before anything of it is done."""
        with self._database.transaction() as change:
            change.execute(
                "UPDATE jobs SET state = 'running', result_id = ?, started = ?, changed_s = ?"
                " WHERE job_id = ? AND attempt = ?",
                (
                    begun.result_id,
                    msgspec.json.encode(begun.started).decode(),
                    time.time(),
                    begun.job.job_id,
                    begun.job.attempt,
                ),
            )

    def running(self) -> list[Started]:
        """What was begun and has not ended."""
        rows = self._database.rows("SELECT * FROM jobs WHERE state = 'running' ORDER BY seq")
        return [
            Started(_job(row), str(row["result_id"]), msgspec.json.decode(row["started"], type=Stamp)) for row in rows
        ]

    def finish(self, job: Job) -> None:
        """Note the end of a job."""
        with self._database.transaction() as change:
            change.execute(
                "UPDATE jobs SET state = 'done', changed_s = ? WHERE job_id = ? AND attempt = ?",
                (time.time(), job.job_id, job.attempt),
            )

    def cancel_later(self, cancel: Cancel) -> None:
        """Keep a cancel that came before its job."""
        with self._database.transaction() as change:
            change.execute(
                "INSERT OR REPLACE INTO cancels (job_id, attempt, changed_s) VALUES (?, ?, ?)",
                (cancel.job_id, cancel.attempt, time.time()),
            )

    def take_cancel(self, job: Job) -> bool:
        """Whether a cancel was kept for this job. One that names no attempt is used up by the first that comes."""
        with self._database.transaction() as change:
            kept = change.execute("SELECT attempt FROM cancels WHERE job_id = ?", (job.job_id,)).fetchone()
            change.execute("DELETE FROM cancels WHERE job_id = ?", (job.job_id,))
        return kept is not None and (kept["attempt"] is None or job.attempt <= kept["attempt"])

    def purge(self, now_s: float) -> None:
        """Forget jobs that ended long ago, and cancels whose job never came."""
        with self._database.transaction() as change:
            change.execute(
                "DELETE FROM jobs WHERE state = 'done' AND changed_s < ? AND seq <= (SELECT max(seq) FROM jobs) - ?",
                (now_s - KEEP_DONE_S, KEEP_DONE),
            )
            change.execute("DELETE FROM cancels WHERE changed_s < ?", (now_s - KEEP_DONE_S,))

    def _drop_unreadable(self) -> None:
        """One bit may have rotted in a job that waits. The hub sends again what it is not told about."""
        for row in self._database.rows("SELECT * FROM jobs WHERE state != 'done'"):
            try:
                _job(row)
            except msgspec.MsgspecError:
                with self._database.transaction() as change:
                    change.execute("DELETE FROM jobs WHERE seq = ?", (row["seq"],))


def _job(row: sqlite3.Row) -> Job:
    return msgspec.json.decode(bytes(row["payload"]), type=Job)
