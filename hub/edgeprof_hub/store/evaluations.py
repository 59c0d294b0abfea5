"""Evaluation sets and evaluations in SQL. A run that answers a set has no cell: its figures are no speeds."""

import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast

from edgeprof.quality.pairing import unreal
from edgeprof.quality.tasks.table import TASKS
from edgeprof.wire import messages as m
from edgeprof.wire import rest
from edgeprof.wire.identity import config_key
from edgeprof.wire.metrics import METRICS
from edgeprof_hub.store import rows
from edgeprof_hub.store.statements import insert

Ask = Callable[[str, Sequence[object]], list[sqlite3.Row]]

TABLES = (
    """CREATE TABLE evaluation_set (
        set_id TEXT PRIMARY KEY, names TEXT NOT NULL, task TEXT NOT NULL, domain TEXT NOT NULL,
        language TEXT NOT NULL, items INTEGER NOT NULL, size_bytes INTEGER NOT NULL, licence TEXT NOT NULL,
        source TEXT NOT NULL, manifest TEXT NOT NULL, facts TEXT NOT NULL, created_s REAL NOT NULL) STRICT""",
    """CREATE TABLE evaluation_set_file (
        set_id TEXT NOT NULL REFERENCES evaluation_set ON DELETE CASCADE, sha256 TEXT NOT NULL,
        PRIMARY KEY (set_id, sha256)) STRICT""",
    "CREATE INDEX evaluation_set_file_sha256 ON evaluation_set_file (sha256)",
    # Results outlive the set that they answered.
    """CREATE TABLE evaluation (
        result_id TEXT PRIMARY KEY REFERENCES result (result_id) ON DELETE CASCADE, device_id TEXT NOT NULL,
        model_id TEXT NOT NULL, base_key TEXT NOT NULL, set_id TEXT NOT NULL, shots INTEGER NOT NULL,
        set_name TEXT NOT NULL, task TEXT NOT NULL, ended TEXT NOT NULL, asked INTEGER NOT NULL,
        answered INTEGER NOT NULL, metric TEXT, value REAL, ci_low REAL, ci_high REAL) STRICT""",
    "CREATE INDEX evaluation_cell ON evaluation (device_id, model_id, base_key, set_id)",
    "CREATE INDEX evaluation_of_model ON evaluation (model_id, set_id)",
)
TABLES_OF_RUN = (
    *(
        f"ALTER TABLE evaluation ADD COLUMN {name} TEXT NOT NULL DEFAULT ''"
        for name in ("runtime", "architecture", "unreal", "outcomes_sha256")
    ),
    "CREATE INDEX evaluation_lead ON evaluation (model_id, set_id, shots, device_id, base_key, unreal, metric)",
)
_EVALUATIONS = "SELECT evaluation.*, result.status, result.received_s FROM evaluation JOIN result USING (result_id)"
_COLUMNS = ("device_id", "model_id", "base_key", "set_id")


class EvaluationReader:
    """Queries on the reader's own connections."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def sets(self) -> list[rest.EvaluationSetRecord]:
        """Every set, by task and name."""
        found = [_set(row) for row in self._ask("SELECT * FROM evaluation_set", ())]
        return sorted(found, key=lambda record: (record.task, record.name.lower(), record.set_id))

    def set(self, set_id: str) -> rest.EvaluationSetRecord | None:
        """One set."""
        return next(map(_set, self._ask("SELECT * FROM evaluation_set WHERE set_id = ?", (set_id,))), None)

    def files(self, set_id: str) -> list[str]:
        """Hashes of a set's files."""
        found = self._ask("SELECT sha256 FROM evaluation_set_file WHERE set_id = ?", (set_id,))
        return [str(row["sha256"]) for row in found]

    def ran(self, device_ids: Sequence[str]) -> frozenset[tuple[str, str]]:
        """These devices with each model that they have a result of."""
        sql = (
            "SELECT DISTINCT device_id, model_id FROM cell WHERE result_id IS NOT NULL"
            " AND device_id IN (SELECT value FROM json_each(?))"
        )
        found = self._ask(sql, (rows.to_json(device_ids),))
        return frozenset((str(row["device_id"]), str(row["model_id"])) for row in found)

    def newest(
        self,
        *,
        device_id: str | None = None,
        model_id: str | None = None,
        base_key: str | None = None,
        set_id: str | None = None,
        limit: int = 100,
    ) -> list[rest.EvaluationRecord]:
        """Evaluations, newest received first; `base_key` is the speed cell's configuration."""
        values = dict(zip(_COLUMNS, (device_id, model_id, base_key, set_id), strict=True))
        used = {f"evaluation.{name}": value for name, value in values.items() if value is not None}
        where = f" WHERE {' AND '.join(f'{name} = ?' for name in used)}" if used else ""
        sql = f"{_EVALUATIONS}{where} ORDER BY evaluation.rowid DESC LIMIT ?"
        return [_evaluation(row) for row in self._ask(sql, (*used.values(), limit))]

    def counts(self, model_ids: Sequence[str]) -> list[tuple[str, str, int, int]]:
        """Model, set and shots that have evaluations with a figure, the first evaluated first; how many are real."""
        sql = (
            "SELECT model_id, set_id, shots, sum(unreal = '') FROM evaluation"
            " WHERE model_id IN (SELECT value FROM json_each(?)) AND metric IS NOT NULL"
            " GROUP BY model_id, set_id, shots ORDER BY min(rowid)"
        )
        return [(row[0], row[1], row[2], row[3]) for row in self._ask(sql, (rows.to_json(model_ids),))]

    def latest(
        self,
        asked: Sequence[tuple[str, str, int]],
        device_ids: Sequence[str] | None = None,
        *,
        in_each_place: bool = False,
    ) -> list[rest.EvaluationRecord]:
        """The evaluation that stands for each set-up on each device. `asked`: model, set, shots.

        Of those with a figure a real one before an emulated or replayed one; of these the newest of all items, else the
        part with the most answers: `standing_run.rank`.
        `in_each_place`: one for each runtime version and architecture that a device had.
        """
        where = [
            "metric IS NOT NULL",
            "(model_id, set_id, shots) IN (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?))",
        ]
        values = [rows.to_json(asked)]
        if device_ids is not None:
            where.append("device_id IN (SELECT value FROM json_each(?))")
            values.append(rows.to_json(device_ids))
        places = ", runtime, architecture, unreal" if in_each_place else ""
        ranked = (
            f"SELECT rowid AS id, row_number() OVER (PARTITION BY device_id, model_id, base_key, set_id, shots{places}"
            " ORDER BY unreal = '' DESC, ended = 'all' DESC,"
            " CASE WHEN ended = 'all' THEN 0 ELSE answered END DESC, rowid DESC) AS place"
            f" FROM evaluation WHERE {' AND '.join(where)}"
        )
        standing = f"SELECT id FROM ({ranked}) WHERE place = 1"
        found = self._ask(f"{_EVALUATIONS} WHERE evaluation.rowid IN ({standing}) ORDER BY evaluation.rowid", values)
        return [_evaluation(row) for row in found]

    def model_of(self, result_id: str) -> str | None:
        """The model of an evaluation; None of a run that measured speed; empty of one that is not here any more."""
        sql = "SELECT evaluation.model_id FROM result LEFT JOIN evaluation USING (result_id) WHERE result.result_id = ?"
        found = self._ask(sql, (result_id,))
        return found[0][0] if found else ""

    def outcomes(self, result_ids: Sequence[str]) -> dict[str, str]:
        """The hash of each evaluation's outcomes, where it has some."""
        sql = (
            "SELECT result_id, outcomes_sha256 FROM evaluation WHERE outcomes_sha256 != ''"
            " AND result_id IN (SELECT value FROM json_each(?))"
        )
        return {str(row[0]): str(row[1]) for row in self._ask(sql, (rows.to_json(result_ids),))}


def base_key_of(config: m.RunConfig) -> str:
    """The key of the cell that has the speed of the same set-up."""
    return config_key(replace(config, evaluation_set="", shots=0))


def save_set(connection: sqlite3.Connection, record: rest.EvaluationSetRecord, files: Sequence[str]) -> None:
    """Add a set, or give one that is known the new names, too. `files`: the hashes of all its files."""
    found = connection.execute("SELECT names FROM evaluation_set WHERE set_id = ?", (record.set_id,)).fetchone()
    if found is not None:
        names = tuple(dict.fromkeys([*rows.from_json(found["names"], tuple[str, ...]), *record.names]))
        connection.execute("UPDATE evaluation_set SET names = ? WHERE set_id = ?", (rows.to_json(names), record.set_id))
        return
    values = {
        **{name: getattr(record, name) for name in _PLAIN},
        **{name: rows.to_json(getattr(record, name)) for name in ("names", "manifest", "facts")},
    }
    insert(connection, "evaluation_set", values)
    connection.executemany(
        "INSERT INTO evaluation_set_file VALUES (?, ?)", [(record.set_id, sha256) for sha256 in dict.fromkeys(files)]
    )


def delete_set(connection: sqlite3.Connection, set_id: str) -> bool:
    """Its open jobs end as cancelled; evaluations that used it stay."""
    if connection.execute("DELETE FROM evaluation_set WHERE set_id = ?", (set_id,)).rowcount == 0:
        return False
    connection.execute(
        "UPDATE job SET state = 'cancelled', stage = '', fraction = NULL, updated_s = ?,"
        " note = 'the evaluation set was deleted' WHERE config ->> '$.evaluation_set' = ?"
        " AND state NOT IN ('measured', 'failed', 'cancelled')",
        (time.time(), set_id),
    )
    return True


def index(connection: sqlite3.Connection, result: m.Result) -> None:
    """Note an evaluation beside its result, by what it is looked for. Of a failed one only what was asked is known."""
    config, found = result.config, result.evaluation
    known = connection.execute("SELECT * FROM evaluation_set WHERE set_id = ?", (config.evaluation_set,)).fetchone()
    of_set = _set(known) if known is not None else None
    lead = lead_figure(result)
    values = {
        "result_id": result.result_id,
        "device_id": result.device_id,
        "model_id": result.model_id,
        "base_key": base_key_of(config),
        "set_id": config.evaluation_set,
        "shots": config.shots,
        "set_name": of_set.name if of_set else found.set_name if found else "",
        "task": found.task if found else of_set.task if of_set else "",
        "ended": found.ended if found else "",
        "asked": found.asked if found else 0,
        "answered": found.answered if found else 0,
        "metric": lead.metric if lead else None,
        "value": lead.value if lead else None,
        "ci_low": lead.ci_low if lead else None,
        "ci_high": lead.ci_high if lead else None,
        **_of_run(result),
        "problems": found.problem_count if found else 0,
        "groups": found.groups if found else 0,
    }
    insert(connection, "evaluation", values, "ON CONFLICT DO NOTHING")


def add_runs(connection: sqlite3.Connection) -> None:
    """Complete the rows of an older release."""
    found = connection.execute("SELECT result_id, document FROM evaluation JOIN result USING (result_id)").fetchall()
    for result_id, document in found:
        values = _of_run(rows.from_json(document, m.Result))
        changes = ", ".join(f"{name} = :{name}" for name in values)
        connection.execute(f"UPDATE evaluation SET {changes} WHERE result_id = :id", {**values, "id": result_id})


def add_counts(connection: sqlite3.Connection) -> None:
    """The items without an answer and the groups in the rows of an older release."""
    for column, told in (("problems", "problem_count"), ("groups", "groups")):
        connection.execute(f"ALTER TABLE evaluation ADD COLUMN {column} INTEGER NOT NULL DEFAULT 0")
        connection.execute(
            f"UPDATE evaluation SET {column} = coalesce((SELECT document ->> '$.evaluation.{told}' FROM result"
            " WHERE result.result_id = evaluation.result_id), 0)"
        )


def _of_run(result: m.Result) -> dict[str, str]:
    """What ran where, and where the outcomes are."""
    ran, found = result.effective, result.evaluation
    return {
        "runtime": f"{ran.runtime} {ran.runtime_version}" if ran else "",
        "architecture": found.architecture if found else "",
        "unreal": unreal(result),
        "outcomes_sha256": next((each.sha256 for each in result.artifacts if each.name == "outcomes"), ""),
    }


def lead_figure(result: m.Result) -> m.MetricRow | None:
    """The figure that stands for an evaluation: its task's, else the first one of quality."""
    task = TASKS.get(result.evaluation.task) if result.evaluation else None
    quality = [row for row in result.metrics if row.metric in METRICS and METRICS[row.metric].scope == "quality"]
    lead = [row for row in quality if task is not None and row.metric == task.lead]
    return next(iter((*lead, *quality)), None)


_PLAIN = ("set_id", "task", "domain", "language", "items", "size_bytes", "licence", "source", "created_s")


def _set(row: sqlite3.Row) -> rest.EvaluationSetRecord:
    return rest.EvaluationSetRecord(
        **{name: row[name] for name in _PLAIN},
        names=rows.from_json(row["names"], tuple[str, ...]),
        manifest=rows.from_json(row["manifest"], m.Manifest),
        facts=rows.from_json(row["facts"], dict[str, object]),
    )


def _evaluation(row: sqlite3.Row) -> rest.EvaluationRecord:
    values = dict(row)
    del values["outcomes_sha256"]
    values["status"] = cast(m.ResultStatus, row["status"])
    return rest.EvaluationRecord(**values)
