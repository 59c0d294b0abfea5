"""Results and cells in SQL: storing once, what counts as a cell's newest outcome, what deleting leaves behind."""

import sqlite3

from edgeprof.wire import messages as m
from edgeprof.wire import rest
from edgeprof.wire.identity import sha256_hex
from edgeprof_hub.store import evaluations, jobs, rows, standing
from edgeprof_hub.store.base import Deleted, StoreOutcome, UnknownDevice
from edgeprof_hub.store.statements import insert
from edgeprof_hub.store.trouble import Rotten

MAX_CONFLICTS = 1000
MAX_ROWS_AT_ONCE = 60
"""Figures in one statement: a statement for each costs a result more than all else together."""
MAX_ATTEMPTS = 2
"""A run that the device could not end (it restarted) is tried once more."""
MAX_EVALUATION_ATTEMPTS = 5
"""An evaluation goes on where it was interrupted, so that another attempt is not wasted."""
ENDED = "('measured', 'failed', 'cancelled')"


def save_result(
    connection: sqlite3.Connection, result: m.Result, payload_sha256: str, received_s: float
) -> StoreOutcome:
    """Store a result once. The same id with other content goes to the conflicts, and the first one stands."""
    is_model_known = _refuse_deleted(connection, result)
    document = rows.to_json(result)
    if not insert(connection, "result", _result_values(result, payload_sha256, received_s, document), _ONCE):
        return _repeated(connection, result.result_id, payload_sha256, received_s, document)
    index(connection, result)
    if result.artifacts:
        connection.executemany(
            "INSERT INTO artifact VALUES (?, ?, ?)",
            [(result.result_id, artifact.name, artifact.sha256) for artifact in result.artifacts],
        )
    if result.job_id is not None:
        _end_job(connection, result, received_s)
    if is_model_known and result.config.is_speed:
        _into_cell(connection, result, received_s)
    return "stored"


def _into_cell(connection: sqlite3.Connection, result: m.Result, received_s: float) -> None:
    """A result that was stored just now is its cell's newest, unless somebody cancelled it."""
    key = (result.device_id, result.model_id, result.config_key)
    config = rows.to_json(result.config)
    if result.failure and result.failure.code == "cancelled":
        _make_cell(connection, key, config, None)
        _point_at_newest(connection, key, rest.StoredResult(result=result, received_s=received_s))
        jobs.drop_empty_cell(connection, key)
        return
    connection.execute(
        "INSERT INTO cell (device_id, model_id, config_key, config, result_id) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET result_id = excluded.result_id",
        (*key, config, result.result_id),
    )
    _show(connection, key, result, received_s)


def index(connection: sqlite3.Connection, result: m.Result) -> None:
    """Its figures, by which results are put into an order; of an evaluation, what it is looked for by."""
    figures = _figures_of(result)
    if 0 < len(figures) <= MAX_ROWS_AT_ONCE:
        marks = ", ".join(("(?, ?, ?)",) * len(figures))
        values = [value for figure in figures for value in figure]
        connection.execute(f"INSERT INTO metric VALUES {marks} ON CONFLICT DO NOTHING", values)
    elif figures:
        connection.executemany("INSERT INTO metric VALUES (?, ?, ?) ON CONFLICT DO NOTHING", figures)
    if result.config.evaluation_set:
        evaluations.index(connection, result)


def touch_cell(
    connection: sqlite3.Connection,
    device_id: str,
    model_id: str,
    config_key: str,
    config: str,
    job_id: str | None = None,
) -> None:
    """Make the cell if it can be (its device and model are known) and point it at its newest outcome."""
    key = (device_id, model_id, config_key)
    if _make_cell(connection, key, config, job_id):
        _point_at_newest(connection, key)


def _make_cell(connection: sqlite3.Connection, key: rest.CellKey, config: str, job_id: str | None) -> bool:
    """False where the device or the model is not known (yet)."""
    known = connection.execute("SELECT 1 FROM device, model WHERE device_id = ? AND model_id = ?", key[:2]).fetchone()
    if known:
        connection.execute(
            "INSERT INTO cell (device_id, model_id, config_key, config, job_id) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET job_id = coalesce(excluded.job_id, job_id)",
            (*key, config, job_id),
        )
    return known is not None


def rebuild_cells(connection: sqlite3.Connection, model_id: str) -> None:
    """Cells of results that came before their model did."""
    sql = (
        "SELECT DISTINCT device_id, config_key, document FROM result WHERE model_id = ? GROUP BY device_id, config_key"
    )
    for row in connection.execute(sql, (model_id,)).fetchall():
        config = rows.from_json(row["document"], m.Result).config
        if config.is_speed:
            touch_cell(connection, row["device_id"], model_id, row["config_key"], rows.to_json(config))


def delete_result(connection: sqlite3.Connection, result_id: str) -> bool:
    """Delete one result. Its cell falls back to the newest one that remains, or goes with the last."""
    row = connection.execute(
        "DELETE FROM result WHERE result_id = ? RETURNING device_id, model_id, config_key, document", (result_id,)
    ).fetchone()
    if row is None:
        return False
    _delete_figures(connection, result_id, row["document"])
    remember_deleted(connection, "result", [result_id])
    connection.execute("UPDATE job SET result_id = NULL WHERE result_id = ?", (result_id,))
    key = (str(row[0]), str(row[1]), str(row[2]))
    _point_at_newest(connection, key)
    connection.execute(
        "DELETE FROM cell WHERE (device_id, model_id, config_key) = (?, ?, ?) AND result_id IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM job WHERE job.job_id = cell.job_id"
        f" AND state NOT IN {ENDED})",
        key,
    )
    return True


def _delete_figures(connection: sqlite3.Connection, result_id: str, document: str) -> None:
    try:
        figures = _figures_of(rows.from_json(document, m.Result))
    except Rotten:  # then every row of the table is looked at
        connection.execute("DELETE FROM metric WHERE result_id = ?", (result_id,))
        return
    connection.executemany("DELETE FROM metric WHERE (metric, value, result_id) = (?, ?, ?)", figures)


def _figures_of(result: m.Result) -> list[tuple[str, float, str]]:
    """What results are put into an order by."""
    return [(row.metric, row.value, result.result_id) for row in result.metrics]


def remember_deleted(connection: sqlite3.Connection, kind: str, ids: list[str]) -> None:
    """Note what a person deleted."""
    connection.executemany(
        "INSERT INTO deleted VALUES (?, ?) ON CONFLICT DO NOTHING", [(kind, item_id) for item_id in ids]
    )


def is_deleted(connection: sqlite3.Connection, kind: str, item_id: str) -> bool:
    """Whether a person deleted this."""
    return bool(connection.execute("SELECT 1 FROM deleted WHERE (kind, id) = (?, ?)", (kind, item_id)).fetchone())


_ONCE = "ON CONFLICT (result_id) DO NOTHING"
# A run that somebody cancelled says nothing about the model, so an older outcome stands.
_NEWEST = (
    "SELECT result.result_id FROM result WHERE result.device_id = cell.device_id AND result.model_id = cell.model_id"
    " AND result.config_key = cell.config_key AND coalesce(failure_code, '') != 'cancelled' ORDER BY seq DESC LIMIT 1"
)


def _point_at_newest(
    connection: sqlite3.Connection, key: rest.CellKey, arrived: rest.StoredResult | None = None
) -> None:
    """The cell's newest result, and next to the cell the part of it that tables show; none: neither.

    `arrived`: a result of the cell that need not be read again.
    """
    row = connection.execute(
        f"UPDATE cell SET result_id = ({_NEWEST}) WHERE (device_id, model_id, config_key) = (?, ?, ?)"
        " RETURNING result_id",
        key,
    ).fetchone()
    if row is None:
        return
    if arrived is not None and arrived.result.result_id == row[0]:
        newest = arrived
    else:
        found = connection.execute("SELECT * FROM result WHERE result_id = ?", (row[0],)).fetchone()
        newest = rows.result(found) if found is not None else None
    if newest is None:
        for table in ("outcome", "standing"):
            connection.execute(f"DELETE FROM {table} WHERE (device_id, model_id, config_key) = (?, ?, ?)", key)
        return
    _show(connection, key, newest.result, newest.received_s)


def _show(connection: sqlite3.Connection, key: rest.CellKey, result: m.Result, received_s: float) -> None:
    """What tables show of a cell, and what it is ranked by."""
    device_id, *column = key
    shown = rows.to_json(rows.shown_of(result))
    connection.execute(
        "INSERT OR REPLACE INTO outcome VALUES (?, ?, ?, ?, ?, ?)",
        (*key, received_s, shown, sha256_hex(shown.encode())),
    )
    ranked = standing.encoded(result)
    connection.execute(
        "INSERT OR REPLACE INTO standing VALUES (?, ?, ?, ?, ?)", (*column, device_id, ranked, sha256_hex(ranked))
    )


def _refuse_deleted(connection: sqlite3.Connection, result: m.Result) -> bool:
    """Raises Deleted, UnknownDevice. Whether the model is known: one that is not yet has no cell."""
    ids = ("result", result.result_id, "device", result.device_id, "model", result.model_id)
    deleted, device, model = connection.execute(_STANDS, (*ids, result.device_id, result.model_id)).fetchone()
    if deleted is not None:
        raise Deleted(f"This {deleted} was deleted from the hub.")
    if not device:
        raise UnknownDevice(result.device_id)
    return bool(model)


_STANDS = (
    "SELECT (SELECT kind FROM deleted WHERE (kind, id) IN (VALUES (?, ?), (?, ?), (?, ?)) LIMIT 1),"
    " EXISTS (SELECT 1 FROM device WHERE device_id = ?), EXISTS (SELECT 1 FROM model WHERE model_id = ?)"
)
"""How a result stands: the kind of what was deleted of it, whether its device and its model are known."""


def _result_values(result: m.Result, payload_sha256: str, received_s: float, document: str) -> dict[str, object]:
    return {
        "result_id": result.result_id,
        "job_id": result.job_id,
        "device_id": result.device_id,
        "model_id": result.model_id,
        "config_key": result.config_key,
        "status": result.status,
        "failure_code": result.failure.code if result.failure else None,
        "payload_sha256": payload_sha256,
        "received_s": received_s,
        "document": document,
        "document_sha256": sha256_hex(document.encode()),
    }


def _repeated(
    connection: sqlite3.Connection, result_id: str, payload_sha256: str, received_s: float, document: str
) -> StoreOutcome:
    row = connection.execute("SELECT payload_sha256 FROM result WHERE result_id = ?", (result_id,)).fetchone()
    if row[0] == payload_sha256:
        return "duplicate"
    values = {
        "result_id": result_id,
        "payload_sha256": payload_sha256,
        "received_s": received_s,
        "document": document,
    }
    insert(connection, "conflict", values, "ON CONFLICT DO NOTHING")
    connection.execute("DELETE FROM conflict WHERE id <= (SELECT max(id) FROM conflict) - ?", (MAX_CONFLICTS,))
    return "conflict"


def _end_job(connection: sqlite3.Connection, result: m.Result, now_s: float) -> None:
    """The job of this attempt has ended; one that was cancelled here stays so, with what came of it."""
    failure = result.failure
    state: rest.JobState = "measured" if failure is None else "cancelled" if failure.code == "cancelled" else "failed"
    values = {
        "result_id": result.result_id,
        "now_s": now_s,
        "state": state,
        "stage": failure.stage if failure else "",
        "note": failure.code if failure else "",
        "job_id": result.job_id,
        "attempt": result.attempt,
        "device_id": result.device_id,
        "ran_s": jobs.ran_s(result),
    }
    max_attempts = MAX_EVALUATION_ATTEMPTS if result.config.evaluation_set else MAX_ATTEMPTS
    if failure and failure.code == "interrupted" and result.attempt < max_attempts:
        connection.execute(f"UPDATE job SET {_QUEUED_AGAIN}, note = 'interrupted' WHERE {_THIS_OPEN_JOB}", values)
    connection.execute(
        "UPDATE job SET result_id = :result_id, updated_s = :now_s, fraction = NULL, ran_s = :ran_s,"
        f" state = iif(state IN {_ENDED_FOR_GOOD}, state, :state), stage = :stage, note = :note"
        " WHERE job_id = :job_id AND attempt = :attempt AND device_id = :device_id AND result_id IS NULL",
        values,
    )


_ENDED_FOR_GOOD = "('measured', 'cancelled')"
"""A job that failed without a result (the device had quarantined it) takes the state of one that comes after all."""
_QUEUED_AGAIN = (
    "attempt = attempt + 1, state = 'queued', stage = '', fraction = NULL, result_id = NULL, sent_s = NULL,"
    " began_s = NULL, updated_s = :now_s"
)
_THIS_OPEN_JOB = f"job_id = :job_id AND attempt = :attempt AND device_id = :device_id AND state NOT IN {ENDED}"
