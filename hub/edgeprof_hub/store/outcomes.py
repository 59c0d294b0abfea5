"""Results and cells in SQL: what counts as a cell's newest outcome, what deleting leaves behind."""

import sqlite3
from collections.abc import Sequence

from edgeprof.wire import messages as m
from edgeprof.wire import rest
from edgeprof.wire.identity import sha256_hex
from edgeprof_hub.store import rows, standing
from edgeprof_hub.store.trouble import Rotten

ENDED = "('measured', 'failed', 'cancelled')"


Figure = tuple[str, float, str]
"""Metric, value, result id."""
ShownRow = tuple[str, str, str, float, str, str]
"""Of `outcome`: device, model, configuration, when it came, document, its SHA-256."""
RankedRow = tuple[str, str, str, bytes, str]
"""Of `standing`: model, configuration, device, standing, its SHA-256."""


def figures_of(result: m.Result) -> list[Figure]:
    """What results are put into an order by."""
    return [(row.metric, row.value, result.result_id) for row in result.metrics]


def save_figures(connection: sqlite3.Connection, figures: list[Figure]) -> None:
    """Of many results at once, in the order of the table: neighbours lie on one page."""
    connection.executemany("INSERT INTO metric VALUES (?, ?, ?) ON CONFLICT DO NOTHING", sorted(figures))


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
        figures = figures_of(rows.from_json(document, m.Result))
    except Rotten:  # then every row of the table is looked at
        connection.execute("DELETE FROM metric WHERE result_id = ?", (result_id,))
        return
    connection.executemany("DELETE FROM metric WHERE (metric, value, result_id) = (?, ?, ?)", figures)


def remember_deleted(connection: sqlite3.Connection, kind: str, ids: list[str]) -> None:
    """Note what a person deleted."""
    connection.executemany(
        "INSERT INTO deleted VALUES (?, ?) ON CONFLICT DO NOTHING", [(kind, item_id) for item_id in ids]
    )


def is_deleted(connection: sqlite3.Connection, kind: str, item_id: str) -> bool:
    """Whether a person deleted this."""
    return bool(connection.execute("SELECT 1 FROM deleted WHERE (kind, id) = (?, ?)", (kind, item_id)).fetchone())


# A run that somebody cancelled says nothing about the model, so an older outcome stands.
_NEWEST = (
    "SELECT result.result_id FROM result WHERE result.device_id = cell.device_id AND result.model_id = cell.model_id"
    " AND result.config_key = cell.config_key AND coalesce(failure_code, '') != 'cancelled' ORDER BY seq DESC LIMIT 1"
)


def _point_at_newest(connection: sqlite3.Connection, key: rest.CellKey) -> None:
    """The cell's newest result, and next to the cell the part of it that tables show; none: neither."""
    row = connection.execute(
        f"UPDATE cell SET result_id = ({_NEWEST}) WHERE (device_id, model_id, config_key) = (?, ?, ?)"
        " RETURNING result_id",
        key,
    ).fetchone()
    if row is None:
        return
    found = connection.execute("SELECT * FROM result WHERE result_id = ?", (row[0],)).fetchone()
    if found is None:
        for table in ("outcome", "standing"):
            connection.execute(f"DELETE FROM {table} WHERE (device_id, model_id, config_key) = (?, ?, ?)", key)
        return
    newest = rows.result(found)
    shown, ranked = shown_rows(newest.result, newest.received_s)
    show(connection, [shown], [ranked])


def shown_rows(result: m.Result, received_s: float) -> tuple[ShownRow, RankedRow]:
    """What tables show of a cell with this result, and what it is ranked by."""
    document = rows.to_json(rows.shown_of(result))
    ranked = standing.encoded(result)
    cell = (result.device_id, result.model_id, result.config_key)
    return (
        (*cell, received_s, document, sha256_hex(document.encode())),
        (result.model_id, result.config_key, result.device_id, ranked, sha256_hex(ranked)),
    )


def show(connection: sqlite3.Connection, shown: Sequence[ShownRow], ranked: Sequence[RankedRow]) -> None:
    """Of cells that are there, in place of what they showed before."""
    connection.executemany(
        "INSERT INTO outcome (device_id, model_id, config_key, received_s, document, document_sha256)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET received_s = excluded.received_s,"
        " document = excluded.document, document_sha256 = excluded.document_sha256",
        shown,
    )
    connection.executemany(
        "INSERT INTO standing (model_id, config_key, device_id, standing, standing_sha256) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET standing = excluded.standing, standing_sha256 = excluded.standing_sha256",
        sorted(ranked),
    )
