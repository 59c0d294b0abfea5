"""The one writing connection: how the file is opened, and what a transaction is."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from edgeprof.errors import EdgeprofError
from edgeprof_hub.store import schema, trouble

BUSY_TIMEOUT_S = 5.0
CHECKPOINT_PAGES = 8000
"""32 MiB of log before it is copied into the file: at SQLite's 1,000 the same pages are copied again and again."""
CACHE_KIB = 16 * 1024


def connect(file: Path) -> sqlite3.Connection:
    """Open (or make) the database, with every commit on disk before it counts, and bring its schema up to date."""
    try:
        connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=BUSY_TIMEOUT_S)
    except sqlite3.OperationalError as error:
        raise _cannot_use(error, file) from error
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA cache_size = {-CACHE_KIB}")
        schema.migrate(connection)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise _cannot_use(error, file) from error
    except EdgeprofError:
        connection.close()
        raise
    return connection


def _cannot_use(error: sqlite3.Error, file: Path) -> EdgeprofError:
    named = trouble.named(error, file)
    return named if named and named.code == "no_space" else trouble.unreadable(file, str(error))


@contextmanager
def transaction(connection: sqlite3.Connection) -> Generator[None]:
    """All or nothing. Inside another one, a failing block takes back its own changes only."""
    inner = connection.in_transaction
    connection.execute("SAVEPOINT inside" if inner else "BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("RELEASE inside" if inner else "COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk makes SQLite roll back by itself
            connection.execute("ROLLBACK TO inside" if inner else "ROLLBACK")
            if inner:
                connection.execute("RELEASE inside")
        raise
