"""Results in SQL, by what a person looks for them."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgeprof.wire import rest
from edgeprof_hub.store import rows

All = Callable[[str, Sequence[object]], list[sqlite3.Row]]


@dataclass(frozen=True, kw_only=True)
class RunFilter:
    """Which results; empty: all. `state`: measured, failed, or a failure's code. `model_ids` None: any model."""

    device_id: str = ""
    model_id: str = ""
    model_ids: tuple[str, ...] | None = None
    state: str = ""
    since_s: float = 0.0


class RunReader:
    """Questions about results."""

    def __init__(self, ask: All) -> None:
        self._all = ask

    def newest(self, which: RunFilter, limit: int) -> list[rest.StoredResult]:
        """Newest received first. Raises Rotten where one is not what was stored."""
        clauses = ["received_s >= ?"]
        values: list[object] = [which.since_s]
        if which.device_id:
            clauses.append("device_id = ?")
            values.append(which.device_id)
        if which.model_id:
            clauses.append("model_id = ?")
            values.append(which.model_id)
        if which.model_ids is not None:
            clauses.append("model_id IN (SELECT value FROM json_each(?))")
            values.append(rows.to_json(which.model_ids))
        if which.state:
            clauses.append("? IN (status, failure_code)")
            values.append(which.state)
        sql = f"SELECT * FROM result WHERE {' AND '.join(clauses)} ORDER BY seq DESC LIMIT ?"
        return [rows.result(row) for row in self._all(sql, (*values, limit))]
