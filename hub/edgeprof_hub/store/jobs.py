"""Jobs in SQL: the queue as a page reads it, how long similar jobs took, and cells that only had cancelled jobs."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from edgeprof.wire import messages as m
from edgeprof.wire import rest
from edgeprof_hub.store import rows
from edgeprof_hub.store.records import CampaignRow, JobRow

_CELL = "(device_id, model_id, config_key)"
_OF_THE_CELL = f"{_CELL} = (cell.device_id, cell.model_id, cell.config_key)"
_KEPT_BY = (f"SELECT 1 FROM annotation WHERE {_OF_THE_CELL}", f"SELECT 1 FROM regression WHERE {_OF_THE_CELL}")
_HAD_A_JOB = f"SELECT 1 FROM job WHERE {_OF_THE_CELL} AND state != 'cancelled'"
_IS_EMPTY = " AND ".join(("result_id IS NULL", *(f"NOT EXISTS ({each})" for each in (_HAD_A_JOB, *_KEPT_BY))))
"""Of a row of `cell`. One with a note or a regression stays: these would go with it."""

CHANGES = (
    "ALTER TABLE job ADD COLUMN began_s REAL",
    "ALTER TABLE job ADD COLUMN ran_s REAL",
    "CREATE INDEX job_state ON job (state, updated_s)",
    "CREATE INDEX job_cell ON job (device_id, model_id, config_key, state)",
    "CREATE INDEX job_ran ON job (device_id, updated_s) WHERE ran_s IS NOT NULL",
    # Of older jobs only the newest of each cell: its result lies there in few bytes.
    """UPDATE job SET ran_s = (outcome.document ->> '$.finished.monotonic_ns' - outcome.document
        ->> '$.started.monotonic_ns') / 1e9 FROM outcome WHERE job.state = 'measured'
        AND (job.device_id, job.model_id, job.config_key)
        = (outcome.device_id, outcome.model_id, outcome.config_key)
        AND json_valid(outcome.document) AND outcome.document ->> '$.job_id' = job.job_id""",
    f"DELETE FROM cell WHERE job_id IS NOT NULL AND {_IS_EMPTY}",
)
"""Of the migration. `began_s`: when this attempt's run began, by the hub's clock; `ran_s`: what a measured run took."""

DURATIONS_A_DEVICE = 300
"""Newest measured jobs of a device, from which the duration of its next ones is estimated."""
_OPEN = "('running', 'accepted', 'sent', 'queued')"
_RANK = "CASE state WHEN 'running' THEN 0 WHEN 'accepted' THEN 1 WHEN 'sent' THEN 1 WHEN 'queued' THEN 1 ELSE 2 END"
_ENDED = f"state NOT IN {_OPEN}"
_ORDER = (
    f"ORDER BY {_RANK}, CASE WHEN {_ENDED} THEN -updated_s WHEN sent_s IS NULL THEN 1e18 ELSE sent_s END,"
    f" CASE WHEN {_ENDED} THEN -at ELSE at END"
)
"""What runs, what waits in the order in which it was sent (a retried job comes last), what ended last."""
_DROP_CELL = f"DELETE FROM cell WHERE {_CELL} = (?, ?, ?) AND {_IS_EMPTY}"
_NO_COLUMN = "no such column"

All = Callable[[str, Sequence[object]], list[sqlite3.Row]]


def drop_empty_cell(connection: sqlite3.Connection, cell: rest.CellKey) -> None:
    """After a job of it was cancelled: a cell that never had another outcome shows nothing, so it goes."""
    connection.execute(_DROP_CELL, cell)


def drop_cell_of(connection: sqlite3.Connection, job_id: str) -> None:
    """The same, by the job."""
    row = connection.execute(f"SELECT {_CELL[1:-1]} FROM job WHERE job_id = ?", (job_id,)).fetchone()
    if row is not None:
        drop_empty_cell(connection, (row[0], row[1], row[2]))


def ran_s(result: m.Result) -> float | None:
    """Seconds from the start of a measured run to its end; None where it failed or its device restarted."""
    if result.failure is not None or result.started.boot_id != result.finished.boot_id:
        return None
    return (result.finished.monotonic_ns - result.started.monotonic_ns) / 1e9


class JobReader:
    """Questions about jobs."""

    def __init__(self, ask: All) -> None:
        self._all = ask

    def page(self, which: rest.JobFilter, limit: int, offset: int) -> list[JobRow]:
        """Running first, then the queue, then what ended last."""
        parts: list[str] = []
        values: list[object] = []
        asked = which.states or (*rest.OPEN_STATES, *rest.TERMINAL_STATES)
        for state in asked:  # of each the newest in the order of an index: together they hold the page
            where, of_state = _where(replace(which, states=(state,)))
            newest = " ORDER BY updated_s DESC, rowid DESC LIMIT ?" if state in rest.TERMINAL_STATES else ""
            parts.append(f"SELECT * FROM (SELECT rowid AS at, state, updated_s, sent_s FROM job{where}{newest})")
            values += [*of_state, *([limit + offset] if newest else [])]
        sql = (
            f"SELECT job.* FROM (SELECT at FROM ({' UNION ALL '.join(parts)}) {_ORDER} LIMIT ? OFFSET ?) AS part"
            f" CROSS JOIN job ON job.rowid = part.at {_ORDER}"
        )
        return [_row(row) for row in self._all(sql, (*values, limit, offset))]

    def ids(self, which: rest.JobFilter) -> list[str]:
        """Of all that match, in the order of the queue."""
        where, values = _where(which)
        return [str(row[0]) for row in self._all(f"SELECT job_id FROM job{where} ORDER BY rowid", values)]

    def failed(self, which: rest.JobFilter) -> dict[str, int]:
        """The failed jobs that are worth another attempt, with the number of their last one.

        Of each device, model, configuration and protocol the one that failed last, where both are still there, and
        where the cell has no open job and none that was measured since.
        """
        where, values = _where(replace(which, states=("failed",)))
        newest = (
            f"SELECT job_id, attempt, {_CELL[1:-1]}, max(updated_s) AS failed_s, rowid AS at FROM job{where}"
            " AND device_id IN (SELECT device_id FROM device) AND model_id IN (SELECT model_id FROM model)"
            f" GROUP BY {_CELL[1:-1]}, protocol"
        )
        of_the_cell = f"{_CELL} = (last.device_id, last.model_id, last.config_key)"
        sql = (
            f"SELECT job_id, attempt FROM ({newest}) AS last"
            f" WHERE NOT EXISTS (SELECT 1 FROM job WHERE {of_the_cell} AND state IN {_OPEN})"
            f" AND NOT EXISTS (SELECT 1 FROM job WHERE {of_the_cell} AND state = 'measured' AND updated_s >= failed_s)"
            " ORDER BY at"
        )
        return {row["job_id"]: row["attempt"] for row in self._all(sql, values)}

    def taken(self, cells: Sequence[rest.CellKey]) -> set[rest.CellKey]:
        """Those of the cells that have a result or an open job."""
        asked = f"{_CELL} IN (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1))"
        sql = (
            f"SELECT {_CELL[1:-1]} FROM cell WHERE result_id IS NOT NULL AND {asked}"
            f" UNION SELECT {_CELL[1:-1]} FROM job WHERE state IN {_OPEN} AND {asked}"
        )
        return {(row[0], row[1], row[2]) for row in self._all(sql, (rows.to_json(cells),))}

    def counts(self, which: rest.JobFilter) -> dict[rest.JobState, int]:
        """How many are in each state; those of the filter's states only where it names some."""
        where, values = _where(which)
        return {row[0]: row[1] for row in self._all(f"SELECT state, count(*) FROM job{where} GROUP BY state", values)}

    def queue(self) -> list[JobRow]:
        """Every job that has not ended, in the order of `page`."""
        found = self._all(f"SELECT *, rowid AS at FROM job WHERE state IN {_OPEN} {_ORDER}", ())
        return [_row(row) for row in found]

    def durations(self, device_id: str) -> list[tuple[str, str, str, str, str, float]]:
        """Of a device's newest measured jobs: model, configuration's key, runtime, set, protocol, seconds."""
        sql = (
            "SELECT model_id, config_key, config ->> '$.runtime', config ->> '$.evaluation_set', protocol, ran_s"
            " FROM job WHERE device_id = ? AND ran_s IS NOT NULL ORDER BY updated_s DESC LIMIT ?"
        )
        try:
            return [tuple(row) for row in self._all(sql, (device_id, DURATIONS_A_DEVICE))]
        except sqlite3.OperationalError as error:
            if _NO_COLUMN in str(error):  # as in `_row`
                return []
            raise

    def flashed(self, device_id: str) -> list[tuple[str, str, float]]:
        """Model, job and Unix time of each model's last flash on a device, newest first; a load that failed is none."""
        sql = (
            "SELECT job.model_id, job.job_id, max(coalesce(received_s, updated_s)) AS at_s"
            " FROM job LEFT JOIN result USING (result_id)"
            " WHERE job.device_id = ? AND state = 'measured' AND config ->> '$.load_only'"
            " GROUP BY job.model_id ORDER BY at_s DESC"
        )
        return [(row[0], row[1], row[2]) for row in self._all(sql, (device_id,))]

    def campaigns(self, limit: int) -> list[CampaignRow]:
        """The newest campaigns, newest first."""
        sql = (
            "SELECT part.campaign_id, part.created_s, model_id, device_id, state, count(*) AS jobs,"
            " sum(state = 'measured' AND coalesce(config ->> '$.load_only', 0)) AS flashed FROM"
            " (SELECT rowid AS at, campaign_id, created_s FROM campaign ORDER BY rowid DESC LIMIT ?) AS part"
            " CROSS JOIN job USING (campaign_id) GROUP BY part.at, model_id, device_id, state ORDER BY part.at DESC"
        )
        found: dict[str, CampaignRow] = {}
        for row in self._all(sql, (limit,)):
            new = CampaignRow(row["campaign_id"], row["created_s"], Counter(), 0, set(), set())
            one = found.setdefault(row["campaign_id"], new)
            one.counts[row["state"]] += row["jobs"]
            one.flashed += row["flashed"]
            one.model_ids.add(row["model_id"])
            one.device_ids.add(row["device_id"])
        return list(found.values())


def _row(row: sqlite3.Row) -> JobRow:
    try:
        return JobRow(job=rows.job(row), began_s=row["began_s"], ran_s=row["ran_s"])
    except IndexError:  # a damaged database of an older release: it is shown as it is, without new columns
        return JobRow(job=rows.job(row), began_s=None, ran_s=None)


def _where(which: rest.JobFilter) -> tuple[str, tuple[object, ...]]:
    clauses: list[str] = []
    values: list[object] = []
    for column, value in (
        ("device_id", which.device_id),
        ("campaign_id", which.campaign_id),
        ("job_id", which.job_id),
    ):
        if value:
            clauses.append(f"{column} = ?")
            values.append(value)
    if which.states:
        clauses.append("state IN (SELECT value FROM json_each(?))")
        values.append(rows.to_json(which.states))
    return (f" WHERE {' AND '.join(clauses)}" if clauses else ""), tuple(values)
