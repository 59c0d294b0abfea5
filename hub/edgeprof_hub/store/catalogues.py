"""Price catalogues that this hub has run with, by their hash."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Ask = Callable[[str, Sequence[object]], list[sqlite3.Row]]


@dataclass(frozen=True)
class KeptCatalogue:
    """`as_of`: the day on which one of its sources was last read; `first_used_s`: when a hub first ran with it."""

    sha256: str
    as_of: str
    first_used_s: float


class CatalogueReader:
    """Queries on the reader's own connections."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def all(self) -> list[KeptCatalogue]:
        """The newest used first."""
        found = self._ask("SELECT sha256, as_of, first_used_s FROM catalogue ORDER BY first_used_s DESC, sha256", ())
        return [KeptCatalogue(row["sha256"], row["as_of"], row["first_used_s"]) for row in found]

    def content(self, sha256: str) -> bytes | None:
        """Its stored content; None if this hub never used it."""
        found = self._ask("SELECT content FROM catalogue WHERE sha256 = ?", (sha256,))
        return bytes(found[0][0]) if found else None


def keep(connection: sqlite3.Connection, catalogue: KeptCatalogue, content: bytes) -> None:
    """Add it, once."""
    connection.execute(
        "INSERT OR IGNORE INTO catalogue VALUES (?, ?, ?, ?)",
        (catalogue.sha256, catalogue.as_of, catalogue.first_used_s, content),
    )
