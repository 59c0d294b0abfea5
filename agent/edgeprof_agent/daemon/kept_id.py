"""The device id that the agent's database still knows, for a state folder whose id file was damaged."""

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec

from edgeprof.wire import topics
from edgeprof_agent.daemon.database import read_only


class _Sender(msgspec.Struct):
    device_id: str


def waiting(database: Path) -> int | None:
    """How many results the hub has not confirmed. None where the database cannot be read."""
    rows = _rows(database, "SELECT count(*) FROM results WHERE state != 'receipted'")
    return rows if rows is None else int(str(rows[0][0])) if rows else 0


def kept_id(database: Path) -> str | None:
    """The device of the newest result that was not quarantined: that may be one of another device."""
    for (payload,) in _rows(database, "SELECT payload FROM results WHERE state != 'aside' ORDER BY seq DESC") or []:
        try:
            found = msgspec.json.decode(payload if isinstance(payload, bytes) else b"", type=_Sender).device_id
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
        if topics.is_name(found):
            return found
    return None


def _rows(database: Path, sql: str) -> list[tuple[object, ...]] | None:
    """Reads and changes nothing. Empty where there is no database, None where it cannot be read."""
    if not database.exists():
        return []
    try:
        with closing(read_only(database)) as connection:
            return connection.execute(sql).fetchall()
    except sqlite3.Error:
        return None
