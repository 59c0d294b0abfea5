"""Whether what is stored is what was stored: SQLite's own check, each result by its hash, each copy by its original."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from edgeprof.wire import messages as m
from edgeprof_hub.store import rows, standing
from edgeprof_hub.store.trouble import Rotten

MAX_PROBLEMS = 20
_CELLS = (
    "SELECT outcome.*, result.document AS whole, standing.* FROM outcome"
    " JOIN cell USING (device_id, model_id, config_key) JOIN result USING (result_id)"
    " LEFT JOIN standing USING (device_id, model_id, config_key)"
)
_COLUMNS = ("device_id", "model_id", "config_key", "status")


@dataclass
class DatabaseReport:
    """What was found. `structure`: SQLite's own words."""

    structure: list[str] = field(default_factory=list[str])
    results: int = 0
    rotten_results: list[str] = field(default_factory=list[str])
    uncheckable_results: int = 0
    """Stored by a release that kept no hash, by another release's agent."""
    rotten_cells: list[str] = field(default_factory=list[str])
    """Cells of the comparison page that do not show their newest result."""

    @property
    def is_whole(self) -> bool:
        return not (self.structure or self.rotten_results or self.rotten_cells)


def examine(file: Path, on_result: Callable[[], object] = lambda: None) -> DatabaseReport:
    """Read all of the database and change nothing. Damage is in the report; raises only where nothing can be read."""
    report = DatabaseReport()
    with closing(read_only(file)) as connection:
        report.structure = _structure(connection)
        for row in readable(connection, "result", report.structure):
            report.results += 1
            look_at(row, report)
            on_result()
        try:
            for row in connection.execute(_CELLS):
                if not _shows_its_result(row):
                    report.rotten_cells.append(f"{row['device_id']} {row['model_id'][:12]} {row['config_key']}")
        except sqlite3.DatabaseError as error:
            _add(report.structure, f"cells: {error}")
    return report


def read_only(file: Path) -> sqlite3.Connection:
    """A connection that cannot change the file."""
    connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=10)
    connection.row_factory = sqlite3.Row
    connection.text_factory = _text
    return connection


def readable(connection: sqlite3.Connection, table: str, problems: list[str]) -> Iterator[sqlite3.Row]:
    """The rows of a table from both ends up to the damage, and what single look-ups find between."""
    last: int | None = None
    try:
        for row in connection.execute(f"SELECT *, rowid AS row_number FROM {table} ORDER BY rowid"):
            last = row["row_number"]
            yield row
        return
    except sqlite3.DatabaseError as error:
        _add(problems, f"{table}: {error}")
    tail: list[sqlite3.Row] = []
    try:
        for row in connection.execute(f"SELECT *, rowid AS row_number FROM {table} ORDER BY rowid DESC"):
            if last is not None and row["row_number"] <= last:
                break
            tail.append(row)
    except sqlite3.DatabaseError:
        pass
    first_of_tail = tail[-1]["row_number"] if tail else None
    yield from _between(connection, table, (last or 0) + 1, first_of_tail)
    yield from reversed(tail)


MAX_GAP_ROWS = 5_000
"""So many row numbers in a row that lead nowhere end the search in the middle of a damaged table."""


def _between(connection: sqlite3.Connection, table: str, number: int, end: int | None) -> Iterator[sqlite3.Row]:
    missing = 0
    while missing < MAX_GAP_ROWS and (end is None or number < end):
        try:
            row = connection.execute(
                f"SELECT *, rowid AS row_number FROM {table} WHERE rowid = ?", (number,)
            ).fetchone()
        except sqlite3.DatabaseError:
            row = None
        missing = missing + 1 if row is None else 0
        if row is not None:
            yield row
        number += 1


def _structure(connection: sqlite3.Connection) -> list[str]:
    try:
        found = [str(row[0]) for row in connection.execute(f"PRAGMA integrity_check({MAX_PROBLEMS})")]
    except sqlite3.DatabaseError as error:
        return [str(error)]
    return [] if found == ["ok"] else [line.replace("\n", " ") for line in found]


def look_at(row: sqlite3.Row, report: DatabaseReport) -> None:
    """One result, by its hash and by what its own columns say of it."""
    try:
        is_rotten = rows.is_rotten(row)
        result = rows.from_json(row["document"], m.Result)
        named = (result.device_id, result.model_id, result.config_key, result.status)
        if is_rotten or result.result_id != row["result_id"] or named != tuple(row[name] for name in _COLUMNS):
            report.rotten_results.append(str(row["result_id"]))
        elif is_rotten is None:
            report.uncheckable_results += 1
    except (Rotten, AttributeError, TypeError):
        report.rotten_results.append(str(row["result_id"]))


def _shows_its_result(row: sqlite3.Row) -> bool:
    try:
        whole = rows.from_json(row["whole"], m.Result)
        shown = rows.from_json(row["document"], m.Result)
        if shown != rows.shown_of(whole) or rows.is_altered(row, "document", row["document"].encode()):
            return False
        if row["standing"] is None:
            return True
        is_altered = rows.is_altered(row, "standing", row["standing"])
        return not is_altered and standing.decoded(row["standing"]) == standing.standing_of(whole)
    except (Rotten, TypeError):
        return False


def _add(problems: list[str], problem: str) -> None:
    if len(problems) < MAX_PROBLEMS and problem not in problems:
        problems.append(problem)


def _text(raw: bytes) -> str:
    """Rotten text is text, too: what it no longer says is found by its hash."""
    return raw.decode(errors="replace")
