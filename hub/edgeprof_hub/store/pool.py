"""Read-only connections to SQLite, kept open between questions."""

import sqlite3
import threading
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path


class ReadPool:
    """As many connections as questions are asked at once. Safe from any thread."""

    def __init__(self, file: Path) -> None:
        self._uri = f"{file.absolute().as_uri()}?mode=ro"
        self._idle: deque[sqlite3.Connection] = deque()
        self._is_closed = False
        self._watch = self._open()
        self._watch_lock = threading.Lock()

    def close(self) -> None:
        """Close every connection, those still in use at the end of their question."""
        self._is_closed = True
        with self._watch_lock:
            self._watch.close()
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def version(self) -> int:
        """A number that is another one after each commit (SQLite's `data_version`, always of the same connection)."""
        with self._watch_lock:
            return int(self._watch.execute("PRAGMA data_version").fetchone()[0])

    @contextmanager
    def snapshot(self) -> Generator[sqlite3.Connection]:
        """A connection that sees one consistent state to the end of the block."""
        connection = self._take()
        try:
            connection.execute("BEGIN")
            yield connection
        finally:
            connection.rollback()
            self._idle.append(connection)
            if self._is_closed:
                self.close()

    def all(self, sql: str, values: Sequence[object] | Mapping[str, object]) -> list[sqlite3.Row]:
        """All rows of one question."""
        with self.snapshot() as connection:
            return connection.execute(sql, values if isinstance(values, Mapping) else tuple(values)).fetchall()

    def _take(self) -> sqlite3.Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return self._open()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._uri, uri=True, isolation_level=None, check_same_thread=False, timeout=10)
        connection.row_factory = sqlite3.Row
        return connection
