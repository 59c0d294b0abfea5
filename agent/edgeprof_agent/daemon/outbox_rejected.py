"""Results that a hub rejected, and which release of it did: another release may be able to read them."""

import logging
import sqlite3
import time

from edgeprof_agent.daemon.database import Database

log = logging.getLogger(__name__)


class Rejected:
    """Beside the outbox's own table, in the same database: an older agent leaves it alone."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._hub_version = ""
        """Of the hub that was met last; empty before the first one."""

    def note(self, change: sqlite3.Connection, result_id: str) -> None:
        """Within the change that puts the result aside."""
        change.execute(
            "INSERT INTO rejected (result_id, hub_version) VALUES (?, ?)"
            " ON CONFLICT (result_id) DO UPDATE SET hub_version = excluded.hub_version",
            (result_id, self._hub_version),
        )

    def forget(self, change: sqlite3.Connection, result_id: str) -> None:
        """It is stored, or was set aside for another reason."""
        change.execute("DELETE FROM rejected WHERE result_id = ?", (result_id,))

    def meet(self, hub_version: str) -> None:
        """Queue again what a hub of another release rejected, once for each release."""
        self._hub_version = hub_version
        with self._database.transaction() as change:
            again = change.execute(
                "UPDATE results SET state = 'queued', reason = NULL, changed_s = ? WHERE state = 'aside'"
                " AND result_id IN (SELECT result_id FROM rejected WHERE hub_version != ?)",
                (time.time(), hub_version),
            ).rowcount
            if again:
                change.execute("UPDATE rejected SET hub_version = ?", (hub_version,))
        if again:
            log.warning("outbox.rejected_again results=%d hub_version=%s", again, hub_version)
