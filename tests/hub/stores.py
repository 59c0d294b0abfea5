"""A real store in a test's own folder."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edgeprof_hub.store.reader import SqliteReader
from edgeprof_hub.store.writer import SqliteWriter


@dataclass(frozen=True)
class Store:
    reader: SqliteReader
    writer: SqliteWriter


@contextmanager
def opened(folder: Path) -> Generator[Store]:
    """Both sides of a new database, closed at the end."""
    file = folder / "hub.sqlite"
    writer = SqliteWriter(file)
    reader = SqliteReader(file)
    try:
        yield Store(reader, writer)
    finally:
        reader.close()
        writer.close()
