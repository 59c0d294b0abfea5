"""Tags of devices, the record of label changes, and how much hangs on models whose labels change, in SQL."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgeprof.wire import rest
from edgeprof_hub.store import rows, statements

Ask = Callable[[str, Sequence[object]], list[sqlite3.Row]]

TABLES = (
    "ALTER TABLE device ADD COLUMN tags TEXT NOT NULL DEFAULT '[]'",
    # It outlives what it is about: a deleted model's labels were changed all the same.
    """CREATE TABLE label_change (
        change_id INTEGER PRIMARY KEY, at_s REAL NOT NULL, kind TEXT NOT NULL, subject_id TEXT NOT NULL,
        subject TEXT NOT NULL, field TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL) STRICT""",
    "CREATE INDEX label_change_subject ON label_change (kind, subject_id, change_id)",
)
STORED_CHANGES = 10_000
"""The oldest go."""
_OF_MODELS = "model_id IN (SELECT value FROM json_each(?))"
_OPEN = "state NOT IN ('measured', 'failed', 'cancelled')"


@dataclass(frozen=True)
class Attached:
    """What hangs on some models."""

    cells: int
    """Cells of the comparison."""
    evaluations: int
    open_jobs: int


class LabelReader:
    """Queries on the reader's own connections."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def changes(self, kind: str = "", subject_id: str = "", limit: int = 100) -> list[rest.LabelChange]:
        """Newest first; of one kind, of one subject, or of all."""
        values = {name: value for name, value in (("kind", kind), ("subject_id", subject_id)) if value}
        where = f" WHERE {' AND '.join(f'{name} = ?' for name in values)}" if values else ""
        columns = ", ".join(_COLUMNS)
        sql = f"SELECT {columns} FROM label_change{where} ORDER BY change_id DESC LIMIT ?"
        return [rest.LabelChange(**dict(row)) for row in self._ask(sql, (*values.values(), limit))]

    def attached(self, model_ids: Sequence[str]) -> Attached:
        """How many cells, evaluations and open jobs these models have."""
        tables = (f"cell WHERE {_OF_MODELS}", f"evaluation WHERE {_OF_MODELS}", f"job WHERE {_OPEN} AND {_OF_MODELS}")
        ids = rows.to_json(model_ids)
        return Attached(*(int(self._ask(f"SELECT count(*) FROM {table}", (ids,))[0][0]) for table in tables))


_COLUMNS = tuple(rest.LabelChange.__dataclass_fields__)


def note(connection: sqlite3.Connection, changes: Sequence[rest.LabelChange]) -> None:
    """Add to the record."""
    for change in changes:
        statements.insert(connection, "label_change", {name: getattr(change, name) for name in _COLUMNS})
    connection.execute(
        "DELETE FROM label_change WHERE change_id <= (SELECT max(change_id) FROM label_change) - ?", (STORED_CHANGES,)
    )


def set_device_tags(connection: sqlite3.Connection, device_id: str, tags: Sequence[str]) -> bool:
    """Replace them. False where there is no such device."""
    sql = "UPDATE device SET tags = ? WHERE device_id = ?"
    return connection.execute(sql, (rows.to_json(tags), device_id)).rowcount > 0
