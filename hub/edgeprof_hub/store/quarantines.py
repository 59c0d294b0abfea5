"""Models that crashed a kind of device several times in a row, in SQL: what is not sent there, and why."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence

from edgeprof.wire import messages as m
from edgeprof.wire.rollouts import Crash, Quarantine
from edgeprof_hub.device_kinds import kind_of
from edgeprof_hub.store import rows, statements
from edgeprof_hub.store.arriving import NewResult

Ask = Callable[[str, Sequence[object]], list[sqlite3.Row]]

TABLES = (
    """CREATE TABLE quarantine (
        quarantine_id INTEGER PRIMARY KEY, model_id TEXT NOT NULL, kind TEXT NOT NULL, kind_title TEXT NOT NULL,
        created_s REAL NOT NULL, crashes TEXT NOT NULL, lifted_s REAL, lifted_seq INTEGER, noticed_s REAL) STRICT""",
    # At most one that holds, of a model on a kind.
    "CREATE UNIQUE INDEX quarantine_holds ON quarantine (model_id, kind) WHERE lifted_s IS NULL",
)
CRASHES: tuple[m.FailureCode, ...] = ("crash", "no_result")
"""Ends of a worker that the model brought about. Memory and time run out by the request's limits, and nobody knows who
sent an unexplained SIGKILL."""
IN_A_ROW = 3
_LOOK_BACK = 1000
"""Results of the model that are looked through, on all kinds."""


class QuarantineReader:
    """Queries on the reader's own connections."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def all(self, limit: int = 200) -> list[Quarantine]:
        """Those that hold first, then the newest."""
        sql = "SELECT * FROM quarantine ORDER BY lifted_s IS NOT NULL, quarantine_id DESC LIMIT ?"
        return self._named(self._ask(sql, (limit,)))

    def one(self, quarantine_id: int) -> Quarantine | None:
        """By its id."""
        return next(
            iter(self._named(self._ask("SELECT * FROM quarantine WHERE quarantine_id = ?", (quarantine_id,)))), None
        )

    def holding(self, model_id: str, kind: str) -> Quarantine | None:
        """The one that keeps the model from this kind of device."""
        sql = "SELECT * FROM quarantine WHERE model_id = ? AND kind = ? AND lifted_s IS NULL"
        return next(iter(self._named(self._ask(sql, (model_id, kind)))), None)

    def untold(self) -> bool:
        """Whether there is one of which nobody was told."""
        return bool(self._ask("SELECT 1 FROM quarantine WHERE noticed_s IS NULL LIMIT 1", ()))

    def models(self) -> set[str]:
        """Models that some kind may not get."""
        return {str(row[0]) for row in self._ask("SELECT model_id FROM quarantine WHERE lifted_s IS NULL", ())}

    def _named(self, found: Sequence[sqlite3.Row]) -> list[Quarantine]:
        ids = rows.to_json([row["model_id"] for row in found])
        named = self._ask("SELECT model_id, name FROM model WHERE model_id IN (SELECT value FROM json_each(?))", (ids,))
        names = {str(row[0]): str(row[1]) for row in named}
        ids_of = [str(row["model_id"]) for row in found]
        return [
            _quarantine(row, names.get(model_id, model_id[:12])) for row, model_id in zip(found, ids_of, strict=True)
        ]


def note_crash(connection: sqlite3.Connection, result: NewResult) -> int | None:
    """After a result was stored: quarantine its model on its kind of device if this was one crash too many.

    Counted are crashes since the model last ran there, or since a quarantine was lifted. Returns the new one's id.
    """
    if result.failure is None or result.failure.code not in CRASHES:
        return None
    mine = connection.execute(
        "SELECT device.*, seq FROM result JOIN device USING (device_id) WHERE result_id = ?", (result.result_id,)
    ).fetchone()
    kind = _kind(mine)
    crashes = _in_a_row(connection, result.model_id, kind, mine["seq"])
    if len(crashes) < IN_A_ROW:
        return None
    values = {
        "model_id": result.model_id,
        "kind": kind,
        "kind_title": mine["profile_title"] or kind,
        "created_s": result.received_s,
        "crashes": rows.to_json(crashes),
    }
    if not statements.insert(connection, "quarantine", values, "ON CONFLICT DO NOTHING"):
        return None
    return int(connection.execute("SELECT last_insert_rowid()").fetchone()[0])


def notice(connection: sqlite3.Connection, now_s: float) -> list[int]:
    """The ids of those of which nobody was told, and note that people are told now."""
    found = connection.execute(
        "UPDATE quarantine SET noticed_s = ? WHERE noticed_s IS NULL RETURNING quarantine_id", (now_s,)
    )
    return [int(row[0]) for row in found.fetchall()]


def lift(connection: sqlite3.Connection, quarantine_id: int, now_s: float) -> bool:
    """Send the model there again. False where it is lifted already."""
    done = connection.execute(
        "UPDATE quarantine SET lifted_s = ?, lifted_seq = (SELECT coalesce(max(seq), 0) FROM result)"
        " WHERE quarantine_id = ? AND lifted_s IS NULL",
        (now_s, quarantine_id),
    )
    return done.rowcount > 0


def _in_a_row(connection: sqlite3.Connection, model_id: str, kind: str, to_seq: int) -> list[Crash]:
    """The newest crashes there up to this result, at most IN_A_ROW, newest first.

    What ended otherwise without figures is no evidence.
    """
    found: list[Crash] = []
    for row in _newest(connection, model_id, kind, to_seq):
        if row["status"] == "measured":
            break
        if row["failure_code"] in CRASHES:
            told = connection.execute(_MESSAGE, (row["result_id"],)).fetchone()[0]
            found.append(
                Crash(
                    result_id=row["result_id"],
                    device_id=row["device_id"],
                    code=row["failure_code"],
                    message=str(told or "")[:300],
                    at_s=row["received_s"],
                )
            )
        if len(found) == IN_A_ROW:
            break
    return found


_MESSAGE = "SELECT document ->> '$.failure.message' FROM result WHERE result_id = ?"


def _newest(connection: sqlite3.Connection, model_id: str, kind: str, to_seq: int) -> Iterator[sqlite3.Row]:
    since = connection.execute(
        "SELECT coalesce(max(lifted_seq), 0) FROM quarantine WHERE model_id = ? AND kind = ?", (model_id, kind)
    ).fetchone()[0]
    kinds: dict[str, str] = {}
    sql = (
        "SELECT result_id, device_id, status, failure_code, received_s"
        " FROM result WHERE model_id = ? AND seq > ? AND seq <= ? ORDER BY seq DESC LIMIT ?"
    )
    for row in connection.execute(sql, (model_id, since, to_seq, _LOOK_BACK)):
        device_id = str(row["device_id"])
        if device_id not in kinds:
            device = connection.execute("SELECT * FROM device WHERE device_id = ?", (device_id,)).fetchone()
            kinds[device_id] = _kind(device)
        if kinds[device_id] == kind:
            yield row


def _kind(device: sqlite3.Row) -> str:
    facts = rows.facts(device["facts"]) if device["facts"] else None
    return kind_of(device["profile_id"], facts, bool(device["emulated"]))


def _quarantine(row: sqlite3.Row, name: str) -> Quarantine:
    return Quarantine(
        quarantine_id=row["quarantine_id"],
        model_id=row["model_id"],
        model_name=name,
        kind=row["kind"],
        kind_title=row["kind_title"],
        created_s=row["created_s"],
        crashes=rows.from_json(row["crashes"], tuple[Crash, ...]),
        lifted_s=row["lifted_s"],
    )
