"""Orders to upgrade an agent, in SQL: the newest of each device, which to send now, and how each ended."""

import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence

from edgeprof.wire import messages as m
from edgeprof.wire.fleet import Upgrade, UpgradeState
from edgeprof.wire.identity import new_id

TABLE = """CREATE TABLE device_upgrade (
    device_id TEXT PRIMARY KEY REFERENCES device ON DELETE CASCADE, upgrade_id TEXT NOT NULL UNIQUE,
    signed_version INTEGER NOT NULL, version TEXT NOT NULL, wheel_sha256 TEXT NOT NULL, state TEXT NOT NULL,
    note TEXT NOT NULL, requested_s REAL NOT NULL, updated_s REAL NOT NULL, code TEXT NOT NULL) STRICT"""

PREFIX = "upgrade-"
"""Of an order's id, which stands in the place of a job's."""
MAX_AT_ONCE = 20
"""Devices that fetch wheels at the same time."""
STUCK_AFTER_S = 3600.0
"""A device that has not ended by then, as one that lost its power, no longer counts as busy."""
MAX_FAILED = 3
"""So many failures of a version, and none that succeeded, end the orders that have not begun."""
OF_THE_VERSION = "upgrade_failed"
"""An agent's code where the new version was tried and did not work. Others, as of an older agent, say nothing of it."""
_OPEN = "('queued', 'sent', 'accepted')"
Ask = Callable[[str, Sequence[object]], list[sqlite3.Row]]


class Due:
    """One order to send."""

    def __init__(self, row: sqlite3.Row) -> None:
        self.device_id = str(row["device_id"])
        self.upgrade_id = str(row["upgrade_id"])
        self.signed_version = int(row["signed_version"])
        self.order = m.UpgradeOrder(version=row["version"], wheel_sha256=row["wheel_sha256"])


class UpgradeReader:
    """Queries on the reader's own connections."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def of(self, device_ids: Sequence[str]) -> Mapping[str, Upgrade]:
        """The newest order of each of these devices that has one."""
        marks = ", ".join("?" * len(device_ids))
        found = self._ask(f"SELECT * FROM device_upgrade WHERE device_id IN ({marks})", device_ids)
        return {row["device_id"]: _upgrade(row) for row in found}

    def due(self, sent_before_s: float, now_s: float) -> list[Due]:
        """Orders of devices that are online: those sent before then without an answer, and as many new as may run."""
        again = self._ask(
            "SELECT device_upgrade.* FROM device_upgrade JOIN device USING (device_id)"
            " WHERE online = 1 AND state = 'sent' AND updated_s < ?",
            (sent_before_s,),
        )
        busy = self._ask(
            "SELECT count(*) FROM device_upgrade WHERE state IN ('sent', 'accepted') AND updated_s > ?",
            (now_s - STUCK_AFTER_S,),
        )
        new = self._ask(
            "SELECT device_upgrade.* FROM device_upgrade JOIN device USING (device_id)"
            " WHERE online = 1 AND state = 'queued' ORDER BY requested_s LIMIT ?",
            (max(0, MAX_AT_ONCE - int(busy[0][0])),),
        )
        return [Due(row) for row in (*again, *new)]

    def begun(self, device_id: str) -> list[Due]:
        """The order of this device that was sent, and has not ended: asked for again at its birth."""
        sql = "SELECT * FROM device_upgrade WHERE device_id = ? AND state IN ('sent', 'accepted')"
        return [Due(row) for row in self._ask(sql, (device_id,))]


def request(connection: sqlite3.Connection, device_id: str, version: str, wheel_sha256: str) -> bool:
    """Order it. False where the same order is open already."""
    known = connection.execute(
        f"SELECT 1 FROM device_upgrade WHERE device_id = ? AND wheel_sha256 = ? AND state IN {_OPEN}",
        (device_id, wheel_sha256),
    ).fetchone()
    if known:
        return False
    now_s = time.time()
    newest = connection.execute("SELECT max(version) FROM signed_job").fetchone()[0] or 0
    connection.execute(
        "INSERT OR REPLACE INTO device_upgrade VALUES (?, ?, ?, ?, ?, 'queued', '', ?, ?, '')",
        (device_id, PREFIX + new_id(), max(newest + 1, int(now_s * 1000)), version, wheel_sha256, now_s, now_s),
    )
    return True


def save(connection: sqlite3.Connection, upgrade_id: str, state: UpgradeState, note: str, code: str = "") -> None:
    """What is open becomes this. What has ended stays, and `sent` leaves one alone that the device has accepted.

    `code`: of the agent's failure; only one of the version itself counts against the version.
    """
    before = "('queued', 'sent')" if state == "sent" else _OPEN
    connection.execute(
        "UPDATE device_upgrade SET state = ?, note = ?, code = ?, updated_s = ?"
        f" WHERE upgrade_id = ? AND state IN {before}",
        (state, note, code, time.time(), upgrade_id),
    )
    if state == "failed" and code == OF_THE_VERSION:
        _stop_where_hopeless(connection, upgrade_id)


def take_ack(connection: sqlite3.Connection, device_id: str, ack: m.Ack) -> None:
    """What the agent says of its order."""
    owner = connection.execute("SELECT device_id FROM device_upgrade WHERE upgrade_id = ?", (ack.job_id,)).fetchone()
    if owner is None or owner[0] != device_id:
        return
    if ack.status == "refused":
        save(connection, ack.job_id, "failed", ack.reason or "the device refused it", ack.code or "")
    elif ack.code == m.UPGRADED:
        save(connection, ack.job_id, "done", "")
    else:
        save(connection, ack.job_id, "accepted", ack.reason or "")


def _stop_where_hopeless(connection: sqlite3.Connection, upgrade_id: str) -> None:
    """A version that works nowhere is not tried on the rest of the fleet."""
    same = "wheel_sha256 = (SELECT wheel_sha256 FROM device_upgrade WHERE upgrade_id = ?)"
    failed, done = connection.execute(
        f"SELECT sum(state = 'failed' AND code = ?), sum(state = 'done') FROM device_upgrade WHERE {same}",
        (OF_THE_VERSION, upgrade_id),
    ).fetchone()
    if failed >= MAX_FAILED and not done:
        connection.execute(
            f"UPDATE device_upgrade SET state = 'failed', note = ?, updated_s = ? WHERE {same} AND state = 'queued'",
            (f"Not tried: the first {failed} devices could not be upgraded.", time.time(), upgrade_id),
        )


def _upgrade(row: sqlite3.Row) -> Upgrade:
    return Upgrade(version=row["version"], state=row["state"], note=row["note"], at_s=row["updated_s"])
