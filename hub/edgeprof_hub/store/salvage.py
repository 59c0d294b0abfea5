"""What can still be read of a damaged database, in a new one. Only results that are what was stored come along."""

import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from edgeprof.wire import messages as m
from edgeprof_hub.store import database, evaluations, integrity, outcomes, rows, statements
from edgeprof_hub.store.trouble import Rotten

_NOT_COPIED = frozenset(
    {
        *("result", "outcome", "standing", "metric", "evaluation"),
        *("gate_verdict", "drift", "capability", "judged_family"),
        "_sqlite_migrations",
    }
)
"""Results come one by one; the next four are made anew from them, the next four by the hub that starts with the new
database, and the last is its own."""


@dataclass
class Salvaged:
    """How many rows came along, and how many were left behind: unreadable ones cannot be counted."""

    results: int = 0
    results_left: int = 0
    other_rows: int = 0


def salvage(damaged: Path, new: Path) -> Salvaged:
    """Copy into a new database, which must not exist yet. The damaged one is not changed."""
    done = Salvaged()
    with closing(integrity.read_only(damaged)) as source, closing(database.connect(new)) as target:
        target.execute("PRAGMA foreign_keys = OFF")
        with database.transaction(target):
            target.execute("DELETE FROM setting")
            for table in _tables(target):
                done.other_rows += _copy(source, target, table)
            _copy_results(source, target, done)
            _drop_orphans(target)
        target.execute("PRAGMA foreign_keys = ON")
        with database.transaction(target):
            _rebuild(target)
        target.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return done


def _tables(target: sqlite3.Connection) -> list[str]:
    """Those that are copied as they are. Foreign keys are off: their order does not matter."""
    found = target.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite#_%' ESCAPE '#'"
    )
    return [str(row[0]) for row in found if row[0] not in _NOT_COPIED]


def _copy(source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> int:
    columns = [str(row[1]) for row in target.execute(f"PRAGMA table_info({table})")]
    return sum(_insert(target, table, columns, row) for row in _rows_of(source, table))


def _rows_of(source: sqlite3.Connection, table: str) -> list[sqlite3.Row]:
    found: list[sqlite3.Row] = []
    with suppress(sqlite3.DatabaseError):
        if _has_row_numbers(source, table):
            found += integrity.readable(source, table, [])
        else:
            for row in source.execute(f"SELECT * FROM {table}"):
                found.append(row)
    return found


def _has_row_numbers(connection: sqlite3.Connection, table: str) -> bool:
    try:
        connection.execute(f"SELECT rowid FROM {table} LIMIT 0")
    except sqlite3.OperationalError:
        return False
    return True


def _insert(target: sqlite3.Connection, table: str, columns: list[str], row: sqlite3.Row) -> bool:
    known = set(row.keys())
    values = {name: row[name] for name in columns if name in known}
    try:
        return statements.insert(target, table, values, "ON CONFLICT DO NOTHING")
    except sqlite3.Error:  # a value that the new table refuses
        return False


def _copy_results(source: sqlite3.Connection, target: sqlite3.Connection, done: Salvaged) -> None:
    columns = [str(row[1]) for row in target.execute("PRAGMA table_info(result)")]
    for row in _rows_of(source, "result"):
        report = integrity.DatabaseReport()
        integrity.look_at(row, report)
        if not report.rotten_results and _insert(target, "result", columns, row):
            done.results += 1
        else:
            done.results_left += 1


def _drop_orphans(target: sqlite3.Connection) -> None:
    """Rows whose device, model or result did not come along, until none is left: one may hang on another."""
    while orphans := target.execute("PRAGMA foreign_key_check").fetchall():
        for table, rowid in {(str(row[0]), row[1]) for row in orphans}:
            if rowid is None:  # a table without row numbers: its only parent is the device
                target.execute(f"DELETE FROM {table} WHERE device_id NOT IN (SELECT device_id FROM device)")
            else:
                target.execute(f"DELETE FROM {table} WHERE rowid = ?", (rowid,))


def _rebuild(target: sqlite3.Connection) -> None:
    """Figures to order by, and every cell with its newest result."""
    for row in target.execute("SELECT * FROM result").fetchall():
        with suppress(Rotten):
            result = rows.from_json(row["document"], m.Result)
            outcomes.save_figures(target, outcomes.figures_of(result))
            if result.config.evaluation_set:
                evaluations.index(target, result)
    target.execute("UPDATE job SET result_id = NULL WHERE result_id NOT IN (SELECT result_id FROM result)")
    for row in target.execute("SELECT * FROM cell").fetchall():
        outcomes.touch_cell(target, row["device_id"], row["model_id"], row["config_key"], row["config"])
