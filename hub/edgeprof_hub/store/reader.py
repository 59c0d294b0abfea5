"""Questions to SQLite, each of one consistent state."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from edgeprof.wire import rest
from edgeprof.wire.model_names import distinct_names
from edgeprof_hub import names
from edgeprof_hub.store import rows
from edgeprof_hub.store.audit import AuditReader
from edgeprof_hub.store.catalogues import CatalogueReader
from edgeprof_hub.store.evaluations import EvaluationReader
from edgeprof_hub.store.fleet import FleetReader
from edgeprof_hub.store.gates import GateReader
from edgeprof_hub.store.history import HistoryReader
from edgeprof_hub.store.jobs import JobReader
from edgeprof_hub.store.labels import LabelReader
from edgeprof_hub.store.people import PeopleReader
from edgeprof_hub.store.pool import ReadPool
from edgeprof_hub.store.predictions import PredictionReader
from edgeprof_hub.store.quarantines import QuarantineReader
from edgeprof_hub.store.records import CellRow, ColumnRow
from edgeprof_hub.store.rollouts import RolloutReader
from edgeprof_hub.store.runs import RunReader
from edgeprof_hub.store.scenarios import ScenarioReader
from edgeprof_hub.store.standing import StandingRow
from edgeprof_hub.store.trouble import Rotten
from edgeprof_hub.store.upgrades import UpgradeReader

_OLD_DEVICE = "SELECT device.*, coalesce(given_name, agent_name) AS name, NULL AS retired_s FROM device"
"""Of a damaged database of an older release, which is shown as it is."""
_DEVICE = (
    "SELECT device.*, coalesce(given_name, agent_name) AS name, retired_s, successor_id"
    " FROM device LEFT JOIN retired_device USING (device_id)"
)
_OPEN = "state NOT IN ('measured', 'failed', 'cancelled')"
_RUNNING = (
    "SELECT job_id FROM job AS one WHERE one.device_id = cell.device_id AND one.state = 'running'"
    " AND one.model_id = cell.model_id AND one.config_key = cell.config_key LIMIT 1"
)
"""Of several jobs of a cell (repeats), the one at work tells more than the newest, which still waits."""
_CELLS = (
    "SELECT cell.*, outcome.*, job.state, job.stage, job.fraction, job.campaign_id, job.job_id AS shown_job_id"
    " FROM cell"
    " LEFT JOIN outcome USING (device_id, model_id, config_key)"
    f" LEFT JOIN job ON job.job_id = coalesce(({_RUNNING}), cell.job_id)"
)
_FAILED = (
    "SELECT cell.device_id, cell.model_id, cell.config_key, cell.job_id FROM job CROSS JOIN cell"
    " USING (device_id, model_id, config_key, job_id) WHERE job.state = 'failed'"
    " AND (job.model_id, job.config_key) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))"
)
"""Cells whose newest job failed: few compared with all that have an outcome, so sought from the jobs (CROSS JOIN)."""
_OF_DEVICES = "cell.device_id IN (SELECT value FROM json_each(?))"
_OF_COLUMNS = "(cell.model_id, cell.config_key) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))"
_MAX_VARIABLES = 500


class SqliteReader:
    """The read side of the store."""

    def __init__(self, file: Path) -> None:
        self._pool = ReadPool(file)
        self._snapshot, self._all = self._pool.snapshot, self._pool.all
        self.close, self.version = self._pool.close, self._pool.version
        self.history = HistoryReader(self._all)
        self.scenarios = ScenarioReader(self._all)
        self.catalogues = CatalogueReader(self._all)
        self.evaluations = EvaluationReader(self._all)
        self.gates = GateReader(self._all)
        self.jobs = JobReader(self._all)
        self.runs = RunReader(self._all)
        self.labels = LabelReader(self._all)
        self.people = PeopleReader(self._all)
        self.audit = AuditReader(self._all)
        self.predictions = PredictionReader(self._all)
        self.rollouts = RolloutReader(self._all)
        self.quarantines = QuarantineReader(self._all)
        self.upgrades = UpgradeReader(self._all)
        self.fleet = FleetReader(self._all, lambda row, label: rows.device(row, label, bool(self.recorded())))
        self._knows_retired: bool | None = None

    def hub_id(self) -> str:
        return str(self._all("SELECT value FROM setting WHERE name = 'hub_id'", ())[0][0])

    def devices(self, *, retired: bool = False) -> Sequence[rest.DeviceRecord]:
        every = self._all(f"{self._device_sql()} ORDER BY device.device_id", ())
        found = [row for row in every if retired or row["retired_s"] is None]
        labels = names.labels({row["device_id"]: row["name"] for row in found})
        recorded = bool(self.recorded())
        return [rows.device(row, labels[row["device_id"]], recorded) for row in found]

    def device(self, device_id: str) -> rest.DeviceRecord | None:
        with self._snapshot() as connection:
            row = connection.execute(f"{self._device_sql()} WHERE device.device_id = ?", (device_id,)).fetchone()
            if row is None:
                return None
            everyone = connection.execute(self._device_sql().replace("device.*", "device.device_id", 1)).fetchall()
        retired = row["retired_s"] is not None
        shown = [other for other in everyone if retired or other["retired_s"] is None]
        labels = names.labels({other["device_id"]: other["name"] for other in shown})
        return rows.device(row, labels[device_id], bool(self.recorded()))

    def _device_sql(self) -> str:
        if self._knows_retired is None:
            self._knows_retired = bool(self._all("SELECT 1 FROM sqlite_master WHERE name = 'retired_device'", ()))
        return _DEVICE if self._knows_retired else _OLD_DEVICE

    def groups(self) -> Sequence[rest.DeviceGroup]:
        found = self._all("SELECT name, device_id FROM device_group ORDER BY name, device_id", ())
        if self._device_sql() == _DEVICE:
            hidden = {row[0] for row in self._all("SELECT device_id FROM retired_device", ())}
            found = [row for row in found if row["device_id"] not in hidden]
        return [
            rest.DeviceGroup(name=name, device_ids=tuple(row["device_id"] for row in members))
            for name, members in groupby(found, key=lambda row: str(row["name"]))
        ]

    def models(self) -> Sequence[rest.ModelRecord]:
        found = self._all("SELECT * FROM model ORDER BY family, name, model_id", ())
        labels = distinct_names({row["model_id"]: row["name"] for row in found})
        return [rows.model(row, labels[row["model_id"]]) for row in found]

    def model(self, model_id: str) -> rest.ModelRecord | None:
        row = self._first("SELECT * FROM model WHERE model_id = ?", (model_id,))
        if row is None:
            return None
        twins = self._all("SELECT model_id, name FROM model WHERE name = ?1 OR name LIKE ?1 || ' (%'", (row["name"],))
        return rows.model(row, distinct_names({twin["model_id"]: twin["name"] for twin in twins})[model_id])

    def fleet_scenario(self) -> str | None:
        return self.scenarios.of_fleet()

    def is_synthetic(self) -> bool:
        return bool(self._all("SELECT 1 FROM setting WHERE name = 'synthetic'", ()))

    def recorded(self) -> str:
        found = self._all("SELECT value FROM setting WHERE name = 'recorded'", ())
        return str(found[0][0]) if found else ""

    def evaluation_sets(self) -> Sequence[rest.EvaluationSetRecord]:
        return self.evaluations.sets()

    def evaluation_set(self, set_id: str) -> rest.EvaluationSetRecord | None:
        return self.evaluations.set(set_id)

    def abilities(self, device_id: str) -> tuple[str, ...] | None:
        row = self._first("SELECT session_id, facts FROM device WHERE device_id = ?", (device_id,))
        facts = rows.facts(row["facts"]) if row and row["facts"] else None
        return facts.abilities if row and facts and facts.session_id == row["session_id"] else None

    def last_sessions(self) -> Sequence[tuple[str, str, str, str]]:
        found = self._all("SELECT device_id, session_id, hostname, place FROM device WHERE place != ''", ())
        return [(row["device_id"], row["session_id"], row["hostname"], row["place"]) for row in found]

    def columns(self) -> Sequence[ColumnRow]:
        found = self._all("SELECT model_id, config_key, config FROM cell GROUP BY model_id, config_key", ())
        return [rows.column(row) for row in found]

    def cells(
        self, *, device_ids: Sequence[str] | None = None, columns: Sequence[tuple[str, str]] | None = None
    ) -> Sequence[CellRow]:
        filters = ((_OF_DEVICES, device_ids), (_OF_COLUMNS, columns))
        used = [(clause, rows.to_json(values)) for clause, values in filters if values is not None]
        where = f" WHERE {' AND '.join(clause for clause, _ in used)}" if used else ""
        found = self._all(f"{_CELLS}{where} ORDER BY 1, 2, 3", [values for _, values in used])
        return [rows.cell(row) for row in found]

    def with_results(self) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
        """The devices, and the columns as model and configuration, that have at least one result."""
        devices = self._all("SELECT DISTINCT device_id FROM cell WHERE result_id IS NOT NULL", ())
        columns = self._all("SELECT DISTINCT model_id, config_key FROM cell WHERE result_id IS NOT NULL", ())
        return frozenset(row[0] for row in devices), frozenset((row[0], row[1]) for row in columns)

    def standings(self, columns: Sequence[tuple[str, str]]) -> Sequence[StandingRow]:
        values = [rows.to_json(columns)]
        failed = {(row[0], row[1], row[2]): str(row[3]) for row in self._all(_FAILED, values)}
        found = self._all(
            "SELECT * FROM standing"
            " WHERE (model_id, config_key) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))",
            values,
        )
        return [rows.standing_row(row, failed) for row in found]

    def results(
        self,
        *,
        device_id: str | None = None,
        model_id: str | None = None,
        config_key: str | None = None,
        limit: int = 100,
    ) -> Sequence[rest.StoredResult]:
        where, values = _where(device_id=device_id, model_id=model_id, config_key=config_key)
        found = self._all(f"SELECT * FROM result{where} ORDER BY seq DESC LIMIT ?", (*values, limit))
        return [rows.result(row) for row in found]

    def results_by(self, metric: str, *, descending: bool, limit: int) -> Sequence[rest.StoredResult]:
        order = "DESC" if descending else "ASC"
        sql = (
            "SELECT result.* FROM metric JOIN result USING (result_id) WHERE metric.metric = ?"
            f" ORDER BY metric.value {order}, metric.result_id {order} LIMIT ?"
        )
        return [rows.result(row) for row in self._all(sql, (metric, limit))]

    def results_after(self, seq: int, limit: int) -> Sequence[tuple[int, rest.StoredResult | Rotten]]:
        found = self._all("SELECT * FROM result WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit))
        return [(row["seq"], rows.result_or_damage(row)) for row in found]

    def last_seq(self) -> int:
        return int(self._all("SELECT coalesce(max(seq), 0) FROM result", ())[0][0])

    def result(self, result_id: str) -> rest.StoredResult | None:
        row = self._first("SELECT * FROM result WHERE result_id = ?", (result_id,))
        return rows.result(row) if row else None

    def campaign(self, campaign_id: str) -> rest.Campaign | None:
        with self._snapshot() as connection:
            row = connection.execute("SELECT * FROM campaign WHERE campaign_id = ?", (campaign_id,)).fetchone()
            jobs = connection.execute(
                "SELECT * FROM job WHERE campaign_id = ? ORDER BY rowid", (campaign_id,)
            ).fetchall()
        if row is None:
            return None
        return rest.Campaign(campaign_id=campaign_id, created_s=row["created_s"], jobs=tuple(map(rows.job, jobs)))

    def job(self, job_id: str) -> rest.JobRecord | None:
        row = self._first("SELECT * FROM job WHERE job_id = ?", (job_id,))
        return rows.job(row) if row else None

    def open_jobs(self, device_id: str | None = None, *, model_id: str | None = None) -> Sequence[rest.JobRecord]:
        where, values = _where(device_id=device_id, model_id=model_id)
        found = self._all(f"SELECT * FROM job{where}{' AND' if where else ' WHERE'} {_OPEN} ORDER BY rowid", values)
        return [rows.job(row) for row in found]

    def unanswered_jobs(self, sent_before_s: float) -> Sequence[rest.JobRecord]:
        sql = (
            "SELECT job.* FROM job JOIN device USING (device_id) WHERE device.online = 1"
            " AND (state = 'queued' OR (state = 'sent' AND sent_s < ?)) ORDER BY job.rowid"
        )
        return [rows.job(row) for row in self._all(sql, (sent_before_s,))]

    def cancels_to_repeat(self, device_id: str, since_s: float) -> Sequence[rest.JobRecord]:
        sql = (
            "SELECT * FROM job WHERE device_id = ? AND state = 'cancelled' AND result_id IS NULL"
            " AND sent_s IS NOT NULL AND updated_s > ?"
        )
        return [rows.job(row) for row in self._all(sql, (device_id, since_s))]

    def artifacts(
        self, *, device_id: str | None = None, model_id: str | None = None, result_id: str | None = None
    ) -> set[str]:
        where, values = _where(device_id=device_id, model_id=model_id, result_id=result_id)
        found = self._all(f"SELECT DISTINCT sha256 FROM artifact JOIN result USING (result_id){where}", values)
        return {row[0] for row in found}

    def lacking(self, result_ids: Iterable[str]) -> set[str]:
        wanted = sorted(set(result_ids))
        known = {row[0] for row in self._among("SELECT result_id FROM result WHERE result_id IN", wanted)}
        deleted = {row[0] for row in self._among("SELECT id FROM deleted WHERE kind = 'result' AND id IN", wanted)}
        return set(wanted) - known - deleted

    def unused_artifacts(self, hashes: Iterable[str]) -> set[str]:
        wanted = set(hashes)
        return wanted - {row[0] for row in self._among("SELECT sha256 FROM artifact WHERE sha256 IN", sorted(wanted))}

    def unused_blobs(self, hashes: Iterable[str]) -> set[str]:
        wanted = set(hashes)
        for table in ("model_file", "evaluation_set_file"):
            wanted -= {row[0] for row in self._among(f"SELECT sha256 FROM {table} WHERE sha256 IN", sorted(wanted))}
        return wanted

    def _first(self, sql: str, values: Sequence[object]) -> sqlite3.Row | None:
        found = self._all(f"{sql} LIMIT 1", values)
        return found[0] if found else None

    def _among(self, sql: str, values: Sequence[str]) -> Iterator[sqlite3.Row]:
        with self._snapshot() as connection:
            for start in range(0, len(values), _MAX_VARIABLES):
                part = values[start : start + _MAX_VARIABLES]
                yield from connection.execute(f"{sql} ({','.join('?' * len(part))})", part).fetchall()


def _where(**filters: str | None) -> tuple[str, tuple[str, ...]]:
    """A WHERE clause of the filters that are set; its column names are this module's own."""
    used = {name: value for name, value in filters.items() if value is not None}
    clause = " AND ".join(f"{name} = ?" for name in used)
    return (f" WHERE {clause}" if clause else ""), tuple(used.values())
