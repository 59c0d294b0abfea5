"""Results on their way to the hub. One leaves the queue only on the hub's receipt for exactly its bytes."""

import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from edgeprof.wire import codec
from edgeprof.wire.identity import sha256_hex
from edgeprof.wire.messages import Receipt, Result
from edgeprof_agent.daemon import outbox_purge
from edgeprof_agent.daemon.artifact_files import ArtifactFiles
from edgeprof_agent.daemon.database import Database
from edgeprof_agent.daemon.outbox_entry import OutboxEntry, entry_of, without, without_artifact
from edgeprof_agent.daemon.outbox_rejected import Rejected

log = logging.getLogger(__name__)

PURGE_EVERY_S = 60.0
"""A purge looks at every row: done at each receipt, it would make a long queue cost the square of its length."""
FULL_AT = 0.8
MAX_DISPUTES = 3
"""So many receipts for other bytes than ours end the sending of a result: the hub keeps what it has under that id."""
DAMAGED = "its bytes are damaged on this device's disk"


@dataclass(frozen=True)
class Quarantined:
    """A result that will not be sent, of which job, and why."""

    job_id: str
    attempt: int
    reason: str


class Outbox:
    """The queue in the database, and the artifacts' bytes beside it, one file for each content."""

    def __init__(self, database: Database, artifacts: Path, budget: int) -> None:
        self._database = database
        self._artifacts = ArtifactFiles(artifacts)
        self._budget = budget
        self._rejected = Rejected(database)
        self._purged_s = -PURGE_EVERY_S
        self._disputes: dict[str, int] = {}
        self.on_quarantine: Callable[[Quarantined], None] = lambda _: None
        """Called after a result was quarantined: the hub has to hear that its job has ended."""
        self._quarantine_corrupt()
        outbox_purge.remove_unnamed(self._database, self._artifacts)

    def put(self, result: Result, artifacts: Mapping[str, bytes]) -> None:
        """Queue a result; when this returns, it and its artifacts are on disk. A second put changes nothing."""
        payload = codec.encode(result)
        row = (result.result_id, result.job_id or "", result.attempt, payload, sha256_hex(payload))
        with self._database.transaction() as change:  # also keeps a purge away from files not yet named
            for sha256, data in artifacts.items():
                self._artifacts.put(sha256, data)
            change.execute(
                "INSERT OR IGNORE INTO results"
                " (result_id, job_id, attempt, payload, sha256, artifacts, state, changed_s)"
                " VALUES (?, ?, ?, ?, ?, ?, 'queued', ?)",
                (*row, json.dumps(sorted(artifacts)), time.time()),
            )

    def queued_ids(self, limit: int) -> list[str]:
        """The ids of the oldest results without a receipt; their bytes are not read."""
        sql = "SELECT result_id FROM results WHERE state = 'queued' ORDER BY seq LIMIT ?"
        return [str(row["result_id"]) for row in self._database.rows(sql, limit)]

    def entry(self, result_id: str) -> OutboxEntry | None:
        """A queued result, checked against the hash that was stored with it; None where it does not wait any more."""
        rows = self._database.rows("SELECT * FROM results WHERE result_id = ? AND state = 'queued'", result_id)
        return entry_of(rows[0]) if rows else None

    def settle(self, receipt: Receipt) -> bool:
        """Apply a receipt. False where it is for a result or for bytes that are not here: nothing changes then."""
        state = "receipted" if receipt.status in ("stored", "duplicate") else "aside"
        with self._database.transaction() as change:
            done = change.execute(
                "UPDATE results SET state = ?, reason = ?, changed_s = ? WHERE result_id = ? AND sha256 = ?",
                (state, receipt.reason or receipt.status, time.time(), receipt.result_id, receipt.sha256),
            )
            settled = done.rowcount == 1
            if settled:
                note = self._rejected.note if receipt.status == "rejected" else self._rejected.forget
                note(change, receipt.result_id)
        if settled and state == "aside":
            log.error(
                "outbox.quarantined result=%s status=%s reason=%s", receipt.result_id, receipt.status, receipt.reason
            )
            self._say_quarantined(receipt.result_id)
        return settled

    def dispute(self, receipt: Receipt) -> bool:
        """A receipt for other bytes than ours. False: no such result waits here.

        The first one is an alarm. A result that gets nothing else is quarantined: sending it would never end.
        """
        waiting = self._database.rows(
            "SELECT 1 FROM results WHERE result_id = ? AND state = 'queued'", receipt.result_id
        )
        if not waiting:
            return False
        count = self._disputes[receipt.result_id] = self._disputes.get(receipt.result_id, 0) + 1
        if count == 1:
            log.error("outbox.disputed result=%s sha256=%s", receipt.result_id, receipt.sha256[:12])
        if count >= MAX_DISPUTES:
            del self._disputes[receipt.result_id]
            self.quarantine(receipt.result_id, "the hub confirmed other bytes under this result's id")
        return True

    def quarantine(self, result_id: str, reason: str) -> None:
        """Keep a result that the hub will never take, out of the way of the others."""
        log.error("outbox.quarantined result=%s reason=%s", result_id, reason)
        with self._database.transaction() as change:
            change.execute(
                "UPDATE results SET state = 'aside', reason = ?, changed_s = ? WHERE result_id = ?",
                (reason, time.time(), result_id),
            )
            self._rejected.forget(change, result_id)
        self._say_quarantined(result_id)

    def meet(self, hub_version: str) -> None:
        """A hub that answers: what one of another release rejected is tried once more."""
        self._rejected.meet(hub_version)

    def _say_quarantined(self, result_id: str) -> None:
        for row in self._database.rows("SELECT job_id, attempt, reason FROM results WHERE result_id = ?", result_id):
            self.on_quarantine(Quarantined(str(row["job_id"]), int(row["attempt"]), str(row["reason"])))

    def quarantine_reason(self, job_id: str, attempt: int) -> str | None:
        """Why the result of a job will not be sent; None where it will be, or where there is none."""
        rows = self._database.rows(
            "SELECT reason FROM results WHERE job_id = ? AND attempt = ? AND state = 'aside'", job_id, attempt
        )
        return str(rows[0]["reason"]) if rows else None

    def note(self, result_id: str, reason: str) -> None:
        """Why a result still waits, for whoever looks into the outbox."""
        with self._database.transaction() as change:
            change.execute(
                "UPDATE results SET reason = ? WHERE result_id = ? AND state = 'queued'", (reason, result_id)
            )

    def drop_artifact(self, entry: OutboxEntry, sha256: str, reason: str) -> None:
        """Go on without an artifact that is lost: the result says so and is another message from now on."""
        payload = without_artifact(entry.payload, sha256, reason)
        log.error("outbox.artifact_lost result=%s artifact=%s reason=%s", entry.result_id, sha256[:12], reason)
        with self._database.transaction() as change:
            change.execute(
                "UPDATE results SET payload = ?, sha256 = ?, artifacts = ?, changed_s = ?"
                " WHERE result_id = ? AND sha256 = ?",
                (
                    payload,
                    sha256_hex(payload),
                    json.dumps(without(entry.artifacts, sha256)),
                    time.time(),
                    entry.result_id,
                    sha256_hex(entry.payload),
                ),
            )

    def confirmed(self, since_s: float, limit: int) -> Iterator[dict[str, str]]:
        """What the hub has confirmed since then and is still here: SHA-256 by result id, in parts."""
        seq = 0
        while rows := self._database.rows(
            "SELECT seq, result_id, sha256 FROM results WHERE state = 'receipted' AND changed_s >= ? AND seq > ?"
            " ORDER BY seq LIMIT ?",
            since_s,
            seq,
            limit,
        ):
            seq = int(rows[-1]["seq"])
            yield {str(row["result_id"]): str(row["sha256"]) for row in rows}

    def queue_again(self, result_ids: Iterable[str]) -> None:
        """Send these once more: the hub has lost them."""
        with self._database.transaction() as change:
            change.executemany(
                "UPDATE results SET state = 'queued', changed_s = ? WHERE result_id = ? AND state = 'receipted'",
                [(time.time(), result_id) for result_id in result_ids],
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

    def quarantined(self) -> int:
        """Results that will not be sent: the hub refused them, or the disk has damaged them."""
        return self._count("state = 'aside'")

    def full_reason(self) -> str | None:
        """Why no new job is taken, or None. A result is never overwritten to make room."""
        waiting = self._count("state = 'queued'")
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
        return outbox_purge.purge(self._database, self._artifacts, self._budget, now_s)

    def artifact(self, sha256: str) -> Path:
        """Where an artifact's bytes lie."""
        return self._artifacts.path(sha256)

    def artifact_damage(self, sha256: str) -> str | None:
        """Why an artifact cannot be sent; None where it is whole."""
        return self._artifacts.damage(sha256)

    def _count(self, condition: str) -> int:
        return int(self._database.rows(f"SELECT count(*) FROM results WHERE {condition}")[0][0])

    def _quarantine_corrupt(self) -> None:
        """A salvaged row whose bytes are not the ones that were stored is never sent as a result."""
        if self._database.salvaged_rows is None:
            return
        for row in self._database.rows("SELECT * FROM results WHERE state = 'queued'"):
            if (entry := entry_of(row)).is_damaged:
                self.quarantine(entry.result_id, DAMAGED)
