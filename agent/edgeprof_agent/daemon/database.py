"""The agent's one SQLite file: one connection behind one lock, every commit on disk, salvaged when it is damaged."""

import logging
import os
import sqlite3
import threading
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

from edgeprof.errors import EdgeprofError

log = logging.getLogger(__name__)

SCHEMA_VERSION = 1
MAX_GAP_ROWS = 5_000
"""So many row numbers in a row that lead nowhere end the search in the middle of a damaged table."""

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA journal_size_limit=4194304",
    "PRAGMA foreign_keys=ON",
)

TABLES: dict[str, str] = {
    "results": """CREATE TABLE IF NOT EXISTS results (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        result_id TEXT NOT NULL UNIQUE,
        job_id TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        payload BLOB NOT NULL,
        sha256 TEXT NOT NULL,
        artifacts TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('queued', 'receipted', 'aside')),
        changed_s REAL NOT NULL,
        reason TEXT)""",
    "rejected": """CREATE TABLE IF NOT EXISTS rejected (
        seq INTEGER PRIMARY KEY, result_id TEXT NOT NULL UNIQUE, hub_version TEXT NOT NULL)""",
    "jobs": """CREATE TABLE IF NOT EXISTS jobs (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        job_id TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        payload BLOB NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done')),
        result_id TEXT,
        started TEXT,
        changed_s REAL NOT NULL,
        UNIQUE (job_id, attempt))""",
    "cancels": """CREATE TABLE IF NOT EXISTS cancels (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        job_id TEXT NOT NULL UNIQUE,
        attempt INTEGER,
        changed_s REAL NOT NULL)""",
}
_INDEXES = ("CREATE INDEX IF NOT EXISTS results_state ON results (state, seq)",)


class Database:
    """Safe from every thread; a block of `transaction` is one commit or nothing."""

    def __init__(self, file: Path) -> None:
        self._lock = threading.RLock()
        self.salvaged_rows: int | None = None
        """None: the file was sound. Otherwise how many rows of a damaged one were saved."""
        damaged = _damage(file)
        if damaged is None:
            self._connection = _connect(file)
        else:
            aside = _move_aside(file)
            self._connection = _connect(file)
            self.salvaged_rows = _salvage(aside, self._connection)
            log.error("database.damaged reason=%s salvaged_rows=%d kept_as=%s", damaged, self.salvaged_rows, aside)

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection, None, None]:
        """One atomic, durable change. Nested blocks join the outer one."""
        with self._lock:
            if self._connection.in_transaction:
                yield self._connection
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """The answer to one question."""
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def read_only(file: Path) -> sqlite3.Connection:
    """A file that an agent may be using meanwhile. The folder's name may hold what has a meaning in a URI."""
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=10)


def _connect(file: Path) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=10)
        connection.row_factory = sqlite3.Row
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        for statement in (*TABLES.values(), *_INDEXES, f"PRAGMA user_version={SCHEMA_VERSION}"):
            if version <= SCHEMA_VERSION:
                connection.execute(statement)
    except sqlite3.OperationalError as error:
        raise EdgeprofError("state_unusable", f"Cannot use the agent's database {file}: {error}.") from error
    if version > SCHEMA_VERSION:
        connection.close()
        raise EdgeprofError(
            "state_too_new",
            f"{file} was written by a newer edgeprof. Install that release, or use another --data folder.",
        )
    return connection


def _damage(file: Path) -> str | None:
    """What is wrong with the file, or None. A file that may not be opened is not damaged: that is told as it is."""
    if file.is_dir():
        return "it is a folder"
    if not file.exists():
        return None
    try:
        with closing(sqlite3.connect(file, timeout=10)) as connection:
            verdict = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError as error:
        raise EdgeprofError("state_unusable", f"Cannot use the agent's database {file}: {error}.") from error
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if verdict == "ok" else verdict.replace("\n", " ")


def _move_aside(file: Path) -> Path:
    number = 1
    while (aside := file.with_name(f"{file.name}.damaged-{number}")).exists():
        number += 1
    for suffix in ("-wal", "-shm", ""):
        part = file.with_name(file.name + suffix)
        if part.exists():
            os.replace(part, aside.with_name(aside.name + suffix))
    return aside


def _salvage(aside: Path, into: sqlite3.Connection) -> int:
    """Copy every row that can still be read; a row that the new tables refuse is left behind."""
    if aside.is_dir():
        return 0
    saved = 0
    with closing(read_only(aside)) as source:
        source.row_factory = sqlite3.Row
        for table in TABLES:
            for row in _readable_rows(source, table):
                marks = ", ".join("?" for _ in row.keys())  # noqa: SIM118
                names = ", ".join(row.keys())
                try:
                    into.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(row))
                    saved += 1
                except sqlite3.Error as error:
                    log.warning("database.row_left_behind table=%s reason=%s", table, error)
    return saved


def _readable_rows(source: sqlite3.Connection, table: str) -> list[sqlite3.Row]:
    """Rows from both ends up to the damage, and then what single look-ups find between."""
    first = _until_damage(source, table, "ASC")
    last = _until_damage(source, table, "DESC")
    rows = {int(row["seq"]): row for row in (*first, *last)}
    seq = max((int(row["seq"]) for row in first), default=0) + 1
    end = min((int(row["seq"]) for row in last), default=None)
    missing = 0
    while missing < MAX_GAP_ROWS and (end is None or seq < end):
        row = _one_row(source, table, seq)
        missing = missing + 1 if row is None else 0
        if row is not None:
            rows[seq] = row
        seq += 1
    return [rows[seq] for seq in sorted(rows)]


def _until_damage(source: sqlite3.Connection, table: str, order: str) -> list[sqlite3.Row]:
    rows: list[sqlite3.Row] = []
    try:
        for row in source.execute(f"SELECT * FROM {table} ORDER BY seq {order}"):
            rows.append(row)
    except sqlite3.Error:
        pass
    return rows


def _one_row(source: sqlite3.Connection, table: str, seq: int) -> sqlite3.Row | None:
    try:
        return source.execute(f"SELECT * FROM {table} WHERE seq = ?", (seq,)).fetchone()
    except sqlite3.Error:
        return None
