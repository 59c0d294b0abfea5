"""The audit log in SQL. The database itself refuses to change an entry, and to delete one that is no failure."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgeprof_hub.store import statements

Ask = Callable[[str, Sequence[object]], list[sqlite3.Row]]

TABLES = (
    """CREATE TABLE audit (
        audit_id INTEGER PRIMARY KEY AUTOINCREMENT, at_s REAL NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
        subject TEXT NOT NULL, detail TEXT NOT NULL, address TEXT NOT NULL, failed INTEGER NOT NULL) STRICT""",
    "CREATE INDEX audit_actor ON audit (actor, audit_id)",
    "CREATE INDEX audit_action ON audit (action, audit_id)",
    "CREATE INDEX audit_failed ON audit (audit_id) WHERE failed",
    """CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'an entry of the audit log is never changed'); END""",
    """CREATE TRIGGER audit_not_deleted BEFORE DELETE ON audit WHEN NOT old.failed
        BEGIN SELECT RAISE(ABORT, 'an entry of the audit log is never deleted'); END""",
)
STORED_FAILURES = 10_000
"""Anybody can cause failures: the oldest go, and they push out nothing else."""


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """One line of the log. `failed`: it was refused, and nothing changed."""

    audit_id: int
    at_s: float
    actor: str
    action: str
    subject: str
    detail: str
    address: str
    failed: bool


@dataclass(frozen=True, kw_only=True)
class AuditQuery:
    """Which entries; empty: all. `text` is part of the subject or the detail. `failed`: failures only."""

    actor: str = ""
    action: str = ""
    text: str = ""
    failed: bool = False
    before: int = 0
    """Entries older than this one; 0: the newest."""
    limit: int = 100


class AuditReader:
    """Queries on the reader's own connections."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def entries(self, query: AuditQuery) -> list[AuditEntry]:
        """Newest first."""
        wanted = {
            "actor = ?": query.actor,
            "action = ?": query.action,
            "instr(lower(subject || ' ' || detail), lower(?))": query.text,
            "audit_id < ?": query.before,
        }
        used = {clause: value for clause, value in wanted.items() if value}
        clauses = [*used, *(["failed"] if query.failed else [])]
        where = f" WHERE {' AND '.join(clauses)}" if clauses else ""
        found = self._ask(f"SELECT * FROM audit{where} ORDER BY audit_id DESC LIMIT ?", (*used.values(), query.limit))
        return [_entry(row) for row in found]

    def actors(self) -> list[str]:
        """Everybody who is in the log."""
        return [str(row[0]) for row in self._ask("SELECT DISTINCT actor FROM audit ORDER BY actor", ())]

    def actions(self) -> list[str]:
        """Every action that is in the log."""
        return [str(row[0]) for row in self._ask("SELECT DISTINCT action FROM audit ORDER BY action", ())]


def _entry(row: sqlite3.Row) -> AuditEntry:
    values = dict(row)
    return AuditEntry(failed=bool(values.pop("failed")), **values)


def add(
    connection: sqlite3.Connection,
    at_s: float,
    actor: str,
    action: str,
    subject: str,
    detail: str,
    address: str,
    *,
    failed: bool,
) -> None:
    """Write one entry."""
    values = {"at_s": at_s, "actor": actor, "action": action, "subject": subject, "detail": detail}
    statements.insert(connection, "audit", {**values, "address": address, "failed": int(failed)})
    if failed:
        connection.execute(
            "DELETE FROM audit WHERE failed AND audit_id <="
            " (SELECT audit_id FROM audit WHERE failed ORDER BY audit_id DESC LIMIT 1 OFFSET ?)",
            (STORED_FAILURES,),
        )
