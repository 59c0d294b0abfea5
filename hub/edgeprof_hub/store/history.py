"""What the hub stores about a cell besides its results: notes, and suspected regressions."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from edgeprof.tables import trust
from edgeprof.wire import rest
from edgeprof_hub.store import rows, statements

Ask = Callable[[str, Sequence[object]], list[sqlite3.Row]]
_BEFORE = (
    "SELECT {} FROM result AS one JOIN result USING (device_id, model_id, config_key)"
    " WHERE one.result_id = ? AND result.seq < one.seq AND result.status = 'measured'"
    " ORDER BY result.seq DESC LIMIT ?"
)
_OF_CELL = "(device_id, model_id, config_key) = (?, ?, ?)"


class HistoryReader:
    """Queries on the reader's own connections."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def annotations(self, cell: rest.CellKey) -> list[rest.Annotation]:
        """By the time that they are about."""
        found = self._ask(f"SELECT * FROM annotation WHERE {_OF_CELL} ORDER BY at_s, annotation_id", cell)
        return [rest.Annotation(**dict(row)) for row in found]

    def run_count(self, cell: rest.CellKey) -> int:
        """Measured results of a cell."""
        sql = f"SELECT count(*) FROM result WHERE {_OF_CELL} AND status = 'measured'"
        return int(self._ask(sql, cell)[0][0])

    def regressions(self, cell: rest.CellKey | None = None, limit: int = 100) -> list[rest.Regression]:
        """Newest first; of one cell, or of all."""
        where = f" WHERE {_OF_CELL}" if cell else ""
        sql = f"SELECT * FROM regression{where} ORDER BY created_s DESC, rowid DESC LIMIT ?"
        return [_regression(row) for row in self._ask(sql, (*(cell or ()), limit))]

    def suspected(self) -> list[rest.Regression]:
        """Those whose re-run has not ended, or was not looked at yet."""
        return [_regression(row) for row in self._ask("SELECT * FROM regression WHERE state = 'suspected'", ())]

    def suspected_by_job(self, job_id: str) -> rest.Regression | None:
        """The suspicion that this job is to confirm."""
        sql = "SELECT * FROM regression WHERE rerun_job_id = ? AND state = 'suspected'"
        return next(map(_regression, self._ask(sql, (job_id,))), None)

    def has_earlier(self, result_id: str) -> bool:
        """Whether the cell of this result has a measured one before it."""
        return bool(self._ask(_BEFORE.format("1"), (result_id, 1)))

    def before(self, result_id: str, limit: int) -> list[rest.StoredResult]:
        """The newest measured results of the same cell before this one, newest first."""
        return [rows.result(row) for row in self._ask(_BEFORE.format("result.*"), (result_id, limit))]

    def earlier_figures(self, result_id: str, metric: str, limit: int) -> list[float]:
        """This metric of the same results, without all else that they hold."""
        found = self._ask(_BEFORE.format("result.document"), (result_id, limit))
        figures = [row for one in found for row in _FIGURES.decode(one["document"]).metrics]
        return [row.value for row in figures if row.metric == metric and row.origin == "measured"]

    def past_runs(
        self, cells: Sequence[rest.CellKey], metric: str, limit: int
    ) -> dict[rest.CellKey, tuple["PastRun", ...]]:
        """The newest measured runs of each cell that have this metric, newest first."""
        sql = f"SELECT document FROM result WHERE {_OF_CELL} AND status = 'measured' ORDER BY seq DESC LIMIT ?"
        found = {cell: self._ask(sql, (*cell, limit)) for cell in dict.fromkeys(cells)}
        return {
            cell: tuple(run for row in read if (run := _past_run(row["document"], metric)) is not None)
            for cell, read in found.items()
        }


@dataclass(frozen=True)
class PastRun:
    """One run of a cell. `seconds`: how long it took by the device's clock. `runtime`: with its version.

    `is_sound`: on the real machine, and nothing in its trust badge speaks against the figure.
    """

    value: float
    seconds: float
    runtime: str
    is_sound: bool = True


class _At(msgspec.Struct):
    monotonic_ns: int


class _Ran(msgspec.Struct):
    runtime: str
    runtime_version: str


class _Row(msgspec.Struct):
    metric: str
    value: float
    origin: str


class _Figures(msgspec.Struct):
    metrics: tuple[_Row, ...]


class _Mark(msgspec.Struct):
    cause: str


class _Trust(msgspec.Struct):
    marks: tuple[_Mark, ...] = ()


class _Run(_Figures):
    started: _At
    finished: _At
    effective: _Ran | None
    emulated: bool = False
    replayed: str | None = None
    trust: _Trust | None = None


_FIGURES = msgspec.json.Decoder(_Figures)
"""Reads the figures of a stored result and skips all else: this runs once per arriving result."""


_RUNS = msgspec.json.Decoder(_Run)


def _past_run(document: str, metric: str) -> PastRun | None:
    try:
        run = _RUNS.decode(document)
    except msgspec.MsgspecError:
        return None  # a damaged row has a page of its own; here it is one run less
    value = next((row.value for row in run.metrics if row.metric == metric and row.origin == "measured"), None)
    if value is None:
        return None
    seconds = (run.finished.monotonic_ns - run.started.monotonic_ns) / 1e9
    ran = run.effective
    causes = [mark.cause for mark in run.trust.marks] if run.trust else []
    is_sound = not (run.emulated or run.replayed or trust.speak_against(causes, metric))
    return PastRun(value, seconds, f"{ran.runtime} {ran.runtime_version}" if ran else "", is_sound)


def annotate(connection: sqlite3.Connection, note: rest.Annotation) -> int | None:
    """Keep a note; returns its id, None where there is no such cell."""
    values = {**vars(note), "annotation_id": None}
    known = connection.execute(f"SELECT 1 FROM cell WHERE {_OF_CELL}", note.cell).fetchone()
    if known is None:
        return None
    statements.insert(connection, "annotation", values)
    return int(connection.execute("SELECT last_insert_rowid()").fetchone()[0])


def delete_annotation(connection: sqlite3.Connection, annotation_id: int) -> bool:
    """False where it is not there."""
    return connection.execute("DELETE FROM annotation WHERE annotation_id = ?", (annotation_id,)).rowcount > 0


def suspect(connection: sqlite3.Connection, regression: rest.Regression) -> None:
    """Keep a suspicion."""
    statements.insert(connection, "regression", vars(regression))


def settle(connection: sqlite3.Connection, settled: rest.Regression) -> None:
    """Store the outcome of the second run."""
    connection.execute(
        "UPDATE regression SET state = ?, rerun_id = ?, sentence = ?, ratio = ?, ended_s = ? WHERE regression_id = ?",
        (settled.state, settled.rerun_id, settled.sentence, settled.ratio, settled.ended_s, settled.regression_id),
    )


def _regression(row: sqlite3.Row) -> rest.Regression:
    return rest.Regression(**dict(row))
