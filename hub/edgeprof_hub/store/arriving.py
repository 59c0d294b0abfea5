"""Storing many results at once: each table takes those of a whole batch in one go, in the order of its key.

A statement for each result costs more than all else that a hub does for it. So does a savepoint: SQLite copies every
page that changes within one.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof.wire import messages as m
from edgeprof.wire import rest
from edgeprof.wire.identity import sha256_hex
from edgeprof_hub.store import evaluations, jobs, outcomes, rows
from edgeprof_hub.store.records import Deleted, StoreOutcome, UnknownDevice
from edgeprof_hub.store.statements import insert

MAX_CONFLICTS = 1000
MAX_ATTEMPTS = 2
"""A run that the device could not end (it restarted) is tried once more."""
MAX_EVALUATION_ATTEMPTS = 5
"""An evaluation goes on where it was interrupted, so that another attempt is not wasted."""

Verdict = StoreOutcome | Deleted | UnknownDevice


@dataclass(frozen=True, kw_only=True, slots=True)
class NewResult:
    """What is stored of a result, ready to be written. Hundreds wait for one transaction, so it holds no whole result.

    `document`: its JSON; `payload_sha256`: of the message that it came in.
    """

    result_id: str
    job_id: str | None
    attempt: int
    cell: rest.CellKey
    status: str
    failure: m.Failure | None
    ran_s: float | None
    received_s: float
    document: str
    document_sha256: str
    payload_sha256: str
    config: str
    is_speed: bool
    evaluation: m.Result | None
    """The whole result where it is an evaluation."""
    figures: list[outcomes.Figure]
    artifacts: list[tuple[str, str, str]]
    shown: outcomes.ShownRow
    ranked: outcomes.RankedRow

    @property
    def device_id(self) -> str:
        return self.cell[0]

    @property
    def model_id(self) -> str:
        return self.cell[1]

    @property
    def is_cancelled(self) -> bool:
        """A run that somebody cancelled says nothing about the model."""
        return self.failure is not None and self.failure.code == "cancelled"


def prepared(result: m.Result, document: str, payload_sha256: str, received_s: float) -> NewResult:
    """Everything that needs no database."""
    shown, ranked = outcomes.shown_rows(result, received_s)
    return NewResult(
        result_id=result.result_id,
        job_id=result.job_id,
        attempt=result.attempt,
        cell=(result.device_id, result.model_id, result.config_key),
        status=result.status,
        failure=result.failure,
        ran_s=jobs.ran_s(result),
        received_s=received_s,
        document=document,
        document_sha256=sha256_hex(document.encode()),
        payload_sha256=payload_sha256,
        config=rows.to_json(result.config),
        is_speed=result.config.is_speed,
        evaluation=result if result.config.evaluation_set else None,
        figures=outcomes.figures_of(result),
        artifacts=[(result.result_id, each.name, each.sha256) for each in result.artifacts],
        shown=shown,
        ranked=ranked,
    )


def save_results(connection: sqlite3.Connection, arrived: Sequence[NewResult]) -> list[Verdict]:
    """Store each result once; what became of each, in their order. Inside the caller's transaction.

    The same id with other content goes to the conflicts, and the first one stands. After an exception part of the batch
    is written, and the caller rolls back.
    """
    known = _Known(connection, arrived)
    verdicts: list[Verdict] = []
    new: list[NewResult] = []
    for one in arrived:
        verdict = known.verdict(one)
        if verdict == "stored":
            known.hashes[one.result_id] = one.payload_sha256
            new.append(one)
        elif verdict == "conflict":
            _keep_conflict(connection, one)
        verdicts.append(verdict)
    if new:
        _insert(connection, new)
        _into_cells(connection, [one for one in new if one.model_id in known.models])
    return verdicts


class _Known:
    """What the database has of a batch: which results (with the hash of their message), devices, models, deletions."""

    def __init__(self, connection: sqlite3.Connection, arrived: Sequence[NewResult]) -> None:
        results = rows.to_json([one.result_id for one in arrived])
        devices = rows.to_json(sorted({one.device_id for one in arrived}))
        models = rows.to_json(sorted({one.model_id for one in arrived}))
        among = "IN (SELECT value FROM json_each(?))"
        found = connection.execute(f"SELECT result_id, payload_sha256 FROM result WHERE result_id {among}", (results,))
        self.hashes: dict[str, str] = {str(row[0]): str(row[1]) for row in found}
        found = connection.execute(f"SELECT device_id FROM device WHERE device_id {among}", (devices,))
        self._devices = {str(row[0]) for row in found}
        found = connection.execute(f"SELECT model_id FROM model WHERE model_id {among}", (models,))
        self.models = {str(row[0]) for row in found}
        of_kind = f"SELECT kind, id FROM deleted WHERE kind = '{{}}' AND id {among}"
        deleted = " UNION ALL ".join(of_kind.format(kind) for kind in ("result", "device", "model"))
        found = connection.execute(deleted, (results, devices, models))
        self._deleted = {(str(row[0]), str(row[1])) for row in found}

    def verdict(self, one: NewResult) -> Verdict:
        """What is to become of a result; it is not stored yet."""
        ids = (("result", one.result_id), ("device", one.device_id), ("model", one.model_id))
        for kind, item_id in ids if self._deleted else ():
            if (kind, item_id) in self._deleted:
                return Deleted(f"This {kind} was deleted from the hub.")
        if one.device_id not in self._devices:
            return UnknownDevice(one.device_id)
        known = self.hashes.get(one.result_id)
        if known is None:
            return "stored"
        return "duplicate" if known == one.payload_sha256 else "conflict"


def _insert(connection: sqlite3.Connection, new: Sequence[NewResult]) -> None:
    """Results in the order in which they came, and what is looked for by table."""
    connection.executemany(
        "INSERT INTO result (result_id, job_id, device_id, model_id, config_key, status, failure_code, payload_sha256,"
        " received_s, document, document_sha256) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [_values(one) for one in new],
    )
    outcomes.save_figures(connection, [figure for one in new for figure in one.figures])
    artifacts = [artifact for one in new for artifact in one.artifacts]
    connection.executemany("INSERT INTO artifact VALUES (?, ?, ?)", artifacts)
    for one in new:
        if one.evaluation is not None:
            evaluations.index(connection, one.evaluation)
        if one.job_id is not None:
            _end_job(connection, one)


def _values(one: NewResult) -> tuple[object, ...]:
    return (
        one.result_id,
        one.job_id,
        *one.cell,
        one.status,
        one.failure.code if one.failure else None,
        one.payload_sha256,
        one.received_s,
        one.document,
        one.document_sha256,
    )


def _into_cells(connection: sqlite3.Connection, new: Sequence[NewResult]) -> None:
    """A result that was stored just now is its cell's newest, unless somebody cancelled it."""
    newest: dict[rest.CellKey, NewResult] = {}
    cancelled: dict[rest.CellKey, NewResult] = {}
    for one in new:
        if one.is_speed:
            (cancelled if one.is_cancelled else newest)[one.cell] = one
    in_order = [newest[key] for key in sorted(newest)]
    connection.executemany(
        "INSERT INTO cell (device_id, model_id, config_key, config, result_id) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET result_id = excluded.result_id",
        [(*one.cell, one.config, one.result_id) for one in in_order],
    )
    outcomes.show(connection, [one.shown for one in in_order], [one.ranked for one in in_order])
    for key, one in cancelled.items():
        outcomes.touch_cell(connection, *key, one.config)
        jobs.drop_empty_cell(connection, key)


def _keep_conflict(connection: sqlite3.Connection, one: NewResult) -> None:
    values = {
        "result_id": one.result_id,
        "payload_sha256": one.payload_sha256,
        "received_s": one.received_s,
        "document": one.document,
    }
    insert(connection, "conflict", values, "ON CONFLICT DO NOTHING")
    connection.execute("DELETE FROM conflict WHERE id <= (SELECT max(id) FROM conflict) - ?", (MAX_CONFLICTS,))


def _end_job(connection: sqlite3.Connection, one: NewResult) -> None:
    """The job of this attempt has ended; one that was cancelled here stays so, with what came of it."""
    failure = one.failure
    state: rest.JobState = "measured" if failure is None else "cancelled" if one.is_cancelled else "failed"
    values = {
        "result_id": one.result_id,
        "now_s": one.received_s,
        "state": state,
        "stage": failure.stage if failure else "",
        "note": failure.code if failure else "",
        "job_id": one.job_id,
        "attempt": one.attempt,
        "device_id": one.device_id,
        "ran_s": one.ran_s,
    }
    max_attempts = MAX_ATTEMPTS if one.evaluation is None else MAX_EVALUATION_ATTEMPTS
    if failure and failure.code == "interrupted" and one.attempt < max_attempts:
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
_THIS_OPEN_JOB = f"job_id = :job_id AND attempt = :attempt AND device_id = :device_id AND state NOT IN {outcomes.ENDED}"
