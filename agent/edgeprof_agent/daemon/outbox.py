"""Results on their way to the hub. One leaves the queue only on the hub's receipt for exactly its bytes."""

import json
import logging
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgeprof.wire import codec
from edgeprof.wire.identity import sha256_hex
from edgeprof.wire.messages import Receipt, Result
from edgeprof_agent.daemon.database import Database
from edgeprof_agent.daemon.durable import write_durably

log = logging.getLogger(__name__)

KEEP_RECEIPTED_S = 24 * 3600.0
"""A hub that was restored from a backup asks again by sending the job again."""
PURGE_EVERY_S = 60.0
"""A purge looks at every row: done at each receipt, it would make a long queue cost the square of its length."""
FULL_AT = 0.8


@dataclass(frozen=True)
class OutboxEntry:
    """One queued result as it goes out."""

    result_id: str
    payload: bytes
    artifacts: tuple[str, ...]


class Outbox:
    """The queue in the database, and the artifacts' bytes beside it, one file for each content."""

    def __init__(self, database: Database, artifacts: Path, budget: int) -> None:
        self._database = database
        self._artifacts = artifacts
        self._budget = budget
        self._purged_s = -PURGE_EVERY_S
        artifacts.mkdir(parents=True, exist_ok=True)
        self._quarantine_corrupt()
        self._remove_unnamed_artifacts()

    def put(self, result: Result, artifacts: Mapping[str, bytes]) -> None:
        """Queue a result; when this returns, it and its artifacts are on disk. A second put changes nothing."""
        payload = codec.encode(result)
        row = (result.result_id, result.job_id or "", result.attempt, payload, sha256_hex(payload))
        with self._database.transaction() as change:  # also keeps a purge away from files not yet named
            for sha256, data in artifacts.items():
                write_durably(self._artifacts / sha256, data)
            change.execute(
                "INSERT OR IGNORE INTO results"
                " (result_id, job_id, attempt, payload, sha256, artifacts, state, changed_s)"
                " VALUES (?, ?, ?, ?, ?, ?, 'queued', ?)",
                (*row, json.dumps(sorted(artifacts)), time.time()),
            )

    def queued(self, limit: int) -> list[OutboxEntry]:
        """The oldest results without a receipt."""
        rows = self._database.rows("SELECT * FROM results WHERE state = 'queued' ORDER BY seq LIMIT ?", limit)
        return [_letter(row) for row in rows]

    def settle(self, receipt: Receipt) -> bool:
        """Apply a receipt. False where it is for a result or for bytes that are not here: nothing changes then."""
        state = "receipted" if receipt.status in ("stored", "duplicate") else "aside"
        with self._database.transaction() as change:
            done = change.execute(
                "UPDATE results SET state = ?, reason = ?, changed_s = ? WHERE result_id = ? AND sha256 = ?",
                (state, receipt.reason or receipt.status, time.time(), receipt.result_id, receipt.sha256),
            )
            settled = done.rowcount == 1
        if settled and state == "aside":
            log.error("outbox.aside result=%s status=%s reason=%s", receipt.result_id, receipt.status, receipt.reason)
        return settled

    def quarantine(self, result_id: str, reason: str) -> None:
        """Keep a result that the hub will never take, out of the way of the others."""
        log.error("outbox.aside result=%s reason=%s", result_id, reason)
        with self._database.transaction() as change:
            change.execute(
                "UPDATE results SET state = 'aside', reason = ?, changed_s = ? WHERE result_id = ?",
                (reason, time.time(), result_id),
            )

    def send_again(self, job_id: str, attempt: int) -> bool:
        """Queue the result of a job once more, if it is still here."""
        with self._database.transaction() as change:
            done = change.execute(
                "UPDATE results SET state = 'queued', changed_s = ?"
                " WHERE job_id = ? AND attempt = ? AND state != 'aside'",
                (time.time(), job_id, attempt),
            )
            return done.rowcount > 0

    def unreceipted(self) -> int:
        """Results that are not known to be at the hub."""
        return self._count("state != 'receipted'")

    def full_reason(self) -> str | None:
        """Why no new job is taken, or None. A result is never overwritten to make room."""
        waiting = self.unreceipted()
        if waiting < FULL_AT * self._budget:
            return None
        return (
            f"{waiting} results wait for the hub's receipt; the outbox holds {self._budget}. The agent takes new "
            "jobs again when the hub has received some."
        )

    def purge_when_due(self, now_s: float, monotonic_s: float) -> int:
        """`purge`, at most once a minute. Returns how many results it forgot."""
        if monotonic_s - self._purged_s < PURGE_EVERY_S:
            return 0
        self._purged_s = monotonic_s
        return self.purge(now_s)

    def purge(self, now_s: float) -> int:
        """Forget what the hub has had for a day, and the oldest of it earlier if the budget is exceeded."""
        excess = max(0, self._count("1") - self._budget)
        with self._database.transaction() as change:
            gone = change.execute(
                "DELETE FROM results WHERE state = 'receipted' AND changed_s < ?", (now_s - KEEP_RECEIPTED_S,)
            ).rowcount
            gone += change.execute(
                "DELETE FROM results WHERE seq IN"
                " (SELECT seq FROM results WHERE state = 'receipted' ORDER BY seq LIMIT ?)",
                (max(0, excess - gone),),
            ).rowcount
            if gone:
                self._remove_unnamed_artifacts()
        return gone

    def artifact(self, sha256: str) -> Path:
        """Where an artifact's bytes lie."""
        return self._artifacts / sha256

    def _count(self, condition: str) -> int:
        return int(self._database.rows(f"SELECT count(*) FROM results WHERE {condition}")[0][0])

    def _quarantine_corrupt(self) -> None:
        """A salvaged row whose bytes are not the ones that were stored is never sent as a result."""
        if self._database.salvaged_rows is None:
            return
        for row in self._database.rows("SELECT result_id, payload, sha256 FROM results WHERE state = 'queued'"):
            if sha256_hex(bytes(row["payload"])) != row["sha256"]:
                self.quarantine(str(row["result_id"]), "its bytes are damaged on this device's disk")

    def _remove_unnamed_artifacts(self) -> None:
        named: set[str] = set()
        for row in self._database.rows("SELECT artifacts FROM results"):
            named.update(json.loads(row["artifacts"]))
        for file in self._artifacts.iterdir():
            if file.name not in named:
                file.unlink()


def _letter(row: sqlite3.Row) -> OutboxEntry:
    return OutboxEntry(str(row["result_id"]), bytes(row["payload"]), tuple(json.loads(row["artifacts"])))
