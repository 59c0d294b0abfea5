"""Cost scenarios that people keep: a name, the part of an address after its question mark, what it had then."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Ask = Callable[[str, Sequence[object]], list[sqlite3.Row]]


@dataclass(frozen=True)
class KeptScenario:
    """`then_had`: its prices and figures when it was kept, as JSON; None where an earlier release kept it."""

    name: str
    query: str
    then_had: str | None


class ScenarioReader:
    """Questions, asked by the reader's own connections."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def all(self) -> list[KeptScenario]:
        """Every one, by name."""
        found = self._ask("SELECT name, query, then_had FROM scenario ORDER BY name", ())
        return [KeptScenario(row["name"], row["query"], row["then_had"]) for row in found]

    def of_fleet(self) -> str | None:
        """What was stored of the fleet's scenario; None where nobody set one."""
        found = self._ask("SELECT value FROM setting WHERE name = 'scenario'", ())
        return str(found[0][0]) if found else None


def set_fleet(connection: sqlite3.Connection, stored: str | None) -> None:
    """The scenario of all cells; None: the usual one again."""
    connection.execute("DELETE FROM setting WHERE name = 'scenario'")
    if stored is not None:
        connection.execute("INSERT INTO setting VALUES ('scenario', ?)", (stored,))


def keep(connection: sqlite3.Connection, kept: KeptScenario) -> None:
    """Add or replace."""
    connection.execute("INSERT OR REPLACE INTO scenario VALUES (?, ?, ?)", (kept.name, kept.query, kept.then_had))


def forget(connection: sqlite3.Connection, name: str) -> bool:
    """False where it is not there."""
    return connection.execute("DELETE FROM scenario WHERE name = ?", (name,)).rowcount > 0
