"""Cost scenarios that people keep: a name and the part of an address after its question mark."""

import sqlite3
from collections.abc import Callable, Sequence

Ask = Callable[[str, Sequence[object]], list[sqlite3.Row]]


class ScenarioReader:
    """Questions, asked by the reader's own connections."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def all(self) -> dict[str, str]:
        """Name and query of each, by name."""
        return {row["name"]: row["query"] for row in self._ask("SELECT name, query FROM scenario ORDER BY name", ())}

    def of_fleet(self) -> str | None:
        """What was stored of the fleet's scenario; None where nobody set one."""
        found = self._ask("SELECT value FROM setting WHERE name = 'scenario'", ())
        return str(found[0][0]) if found else None


def set_fleet(connection: sqlite3.Connection, stored: str | None) -> None:
    """The scenario of all cells; None: the usual one again."""
    connection.execute("DELETE FROM setting WHERE name = 'scenario'")
    if stored is not None:
        connection.execute("INSERT INTO setting VALUES ('scenario', ?)", (stored,))


def keep(connection: sqlite3.Connection, name: str, query: str) -> None:
    """Add or replace."""
    connection.execute("INSERT OR REPLACE INTO scenario VALUES (?, ?)", (name, query))


def forget(connection: sqlite3.Connection, name: str) -> bool:
    """False where it is not there."""
    return connection.execute("DELETE FROM scenario WHERE name = ?", (name,)).rowcount > 0
