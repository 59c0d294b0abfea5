"""Statements that every table shares."""

import sqlite3
from collections.abc import Mapping


def insert(connection: sqlite3.Connection, table: str, values: Mapping[str, object], otherwise: str = "") -> bool:
    """Insert one row; with `otherwise` (an ON CONFLICT clause). Whether a row was written."""
    columns = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    done = connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks}) {otherwise}", dict(values))
    return done.rowcount > 0
