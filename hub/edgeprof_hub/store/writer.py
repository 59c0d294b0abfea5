"""Changes to SQLite, each one transaction. Used by one thread; several changes may share an outer transaction."""

import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import TypeVar

from edgeprof.wire import messages as m
from edgeprof.wire import rest
from edgeprof.wire.fleet import UpgradeState
from edgeprof_hub import names
from edgeprof_hub.store import arriving, database, jobs, outcomes, rows, signatures, statements, upgrades
from edgeprof_hub.store.records import StoreOutcome

T = TypeVar("T")

KEPT_DEAD_LETTERS = 1000
KEPT_BYTES_OF_DEAD_LETTER = 2048
_ORDER: tuple[rest.JobState, ...] = ("queued", "sent", "accepted", "running", *rest.TERMINAL_STATES)


class SqliteWriter:
    """The write side of the store."""

    def __init__(self, file: Path) -> None:
        self._connection: sqlite3.Connection = database.connect(file)

    def close(self) -> None:
        """Close the connection. Closed last, it leaves the database as one whole file, without `-wal`."""
        with suppress(sqlite3.Error):  # a full disk: what is in the log stays there, and is read at the next start
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()

    def change(self, do: Callable[[sqlite3.Connection], T]) -> T:
        """One change that another module of the store spells out, as one transaction."""
        with self.transaction():
            return do(self._connection)

    def transaction(self) -> AbstractContextManager[None]:
        """A block that is committed as one; changes inside it can still fail alone."""
        return database.transaction(self._connection)

    def save_state(self, state: m.State, received_s: float) -> bool:
        with self.transaction():
            if state.online:
                return self._save_birth(state, received_s)
            self._connection.execute(
                "UPDATE device SET place = '' WHERE device_id = ? AND session_id = ?",
                (state.device_id, state.session_id),
            )
            return self.mark_offline(state.device_id, state.session_id)

    def mark_synthetic(self) -> None:
        with self.transaction():
            statements.insert(self._connection, "setting", {"name": "synthetic", "value": "1"})

    def mark_recorded(self, about: str) -> None:
        with self.transaction():
            statements.insert(self._connection, "setting", {"name": "recorded", "value": about})

    def mark_all_offline(self) -> None:
        with self.transaction():
            self._connection.execute("UPDATE device SET online = 0 WHERE online = 1")

    def mark_offline(self, device_id: str, session_id: str) -> bool:
        """Only the session that is online can end: the will of one that was replaced comes late."""
        return self._changes(
            "UPDATE device SET online = 0 WHERE device_id = ? AND session_id = ? AND online = 1", device_id, session_id
        )

    def is_online(self, device_id: str, session_id: str) -> bool:
        sql = "SELECT 1 FROM device WHERE device_id = ? AND session_id = ? AND online = 1"
        return self._connection.execute(sql, (device_id, session_id)).fetchone() is not None

    def mark_seen(self, device_ids: Iterable[str], received_s: float) -> None:
        with self.transaction():
            self._connection.executemany(
                "UPDATE device SET last_seen_s = ? WHERE device_id = ?",
                [(received_s, device_id) for device_id in sorted(device_ids)],
            )

    def save_facts(
        self, facts: m.Facts, profile_id: str | None, profile_reason: str, profile_title: str | None = None
    ) -> None:
        with self.transaction():
            self._connection.execute(
                "UPDATE device SET facts = ?, emulated = ?, profile_id = ?, profile_reason = ?, profile_title = ?"
                " WHERE device_id = ?",
                (
                    rows.to_json(facts),
                    facts.emulates is not None or facts.replays is not None,
                    profile_id,
                    profile_reason,
                    profile_title,
                    facts.device_id,
                ),
            )

    def save_model(self, record: rest.ModelRecord) -> None:
        values = {
            "model_id": record.model_id,
            "name": record.name,
            "family": record.family,
            "format": record.format,
            "created_s": record.created_s,
            "document": rows.to_json(record),
        }
        files = [(record.model_id, file.path, file.size, file.sha256) for file in record.manifest.files]
        update = "family = excluded.family, document = excluded.document"
        with self.transaction():
            statements.insert(self._connection, "model", values, f"ON CONFLICT DO UPDATE SET {update}")
            self._connection.executemany("INSERT INTO model_file VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", files)
            self._connection.execute("DELETE FROM deleted WHERE kind = 'model' AND id = ?", (record.model_id,))
            outcomes.rebuild_cells(self._connection, record.model_id)

    def create_campaign(self, jobs: Sequence[rest.JobRecord]) -> None:
        with self.transaction():
            first = jobs[0]
            values = {"campaign_id": first.campaign_id, "created_s": first.created_s}
            statements.insert(self._connection, "campaign", values)
            for job in jobs:
                statements.insert(self._connection, "job", rows.job_values(job))
                if not job.config.is_speed:  # so no cell of the matrix
                    continue
                outcomes.touch_cell(
                    self._connection, job.device_id, job.model_id, job.config_key, rows.to_json(job.config), job.job_id
                )

    def save_job_state(
        self, job_id: str, attempt: int, state: rest.JobState, stage: str, fraction: float | None, note: str
    ) -> bool:
        """Also False for a message that comes late: a job never goes back to an earlier state."""
        now_s = time.time()
        earlier = _ORDER[: _ORDER.index(state) + (state == "running")]
        with self.transaction():
            done = self._connection.execute(
                "UPDATE job SET state = ?, stage = ?, fraction = ?, note = ?, updated_s = ?,"
                " began_s = iif(? = 'running', coalesce(began_s, ?), began_s)"
                f" WHERE job_id = ? AND attempt = ? AND state NOT IN {outcomes.ENDED}"
                f" AND state IN ({','.join('?' * len(earlier))})",
                (state, stage, fraction, note, now_s, state, now_s, job_id, attempt, *earlier),
            )
            if state == "cancelled":
                jobs.drop_cell_of(self._connection, job_id)
            return done.rowcount > 0

    def mark_sent(self, job_id: str, attempt: int, sent_s: float) -> None:
        with self.transaction():
            self._connection.execute(
                "UPDATE job SET sent_s = ?, updated_s = ?, state = iif(state = 'queued', 'sent', state)"
                f" WHERE job_id = ? AND attempt = ? AND state NOT IN {outcomes.ENDED}",
                (sent_s, sent_s, job_id, attempt),
            )

    def save_upgrade(self, upgrade_id: str, state: UpgradeState, note: str = "") -> None:
        self.change(lambda connection: upgrades.save(connection, upgrade_id, state, note))

    def sign_version(self, job_id: str, attempt: int) -> tuple[int, int]:
        with self.transaction():
            return signatures.version(self._connection, job_id, attempt, time.time_ns() // 1_000_000)

    def restart_job(self, job_id: str, attempt: int) -> bool:
        with self.transaction():
            done = self._connection.execute(
                "UPDATE job SET attempt = attempt + 1, state = 'queued', stage = '', fraction = NULL, note = '',"
                " result_id = NULL, sent_s = NULL, began_s = NULL, ran_s = NULL, updated_s = ?"
                f" WHERE job_id = ? AND attempt = ? AND state IN {outcomes.ENDED}",
                (time.time(), job_id, attempt),
            )
            if done.rowcount:
                self._restore_cell(job_id)
            return done.rowcount > 0

    def job_device(self, job_id: str) -> str | None:
        row = self._connection.execute("SELECT device_id FROM job WHERE job_id = ?", (job_id,)).fetchone()
        return row[0] if row else None

    def save_result(self, result: m.Result, payload_sha256: str, received_s: float) -> StoreOutcome:
        one = arriving.prepared(result, rows.to_json(result), payload_sha256, received_s)
        with self.transaction():
            verdict = self.save_results([one])[0]
        if isinstance(verdict, LookupError):
            raise verdict
        return verdict

    def save_results(self, arrived: Sequence[arriving.NewResult]) -> list[arriving.Verdict]:
        return arriving.save_results(self._connection, arrived)

    def save_dead_letter(self, topic: str, payload: bytes, reason: str, received_s: float) -> None:
        """Keep the beginning of a message that could not be used; the oldest ones go."""
        values = {
            "received_s": received_s,
            "topic": topic[:256],
            "size": len(payload),
            "beginning": payload[:KEPT_BYTES_OF_DEAD_LETTER],
            "reason": reason[:500],
        }
        with self.transaction():
            statements.insert(self._connection, "dead_letter", values)
            self._connection.execute(
                "DELETE FROM dead_letter WHERE id <= (SELECT max(id) FROM dead_letter) - ?", (KEPT_DEAD_LETTERS,)
            )

    def rename_device(self, device_id: str, name: str) -> bool:
        return self._changes("UPDATE device SET given_name = ? WHERE device_id = ?", name, device_id)

    def set_device_price(self, device_id: str, price_usd: float | None, source: str | None) -> bool:
        return self._changes(
            "UPDATE device SET price_usd = ?, price_source = ? WHERE device_id = ?", price_usd, source, device_id
        )

    def delete_device(self, device_id: str) -> bool:
        """With its results and cells. Its open jobs end as cancelled; it comes back at its next birth."""
        return self._delete_with_results("device", device_id)

    def set_group(self, name: str, device_ids: Sequence[str]) -> None:
        with self.transaction():
            self._connection.execute("DELETE FROM device_group WHERE name = ?", (name,))
            self._connection.executemany(
                "INSERT INTO device_group SELECT ?, device_id FROM device WHERE device_id = ?",
                [(name, device_id) for device_id in dict.fromkeys(device_ids)],
            )

    def rename_model(self, model_id: str, name: str) -> bool:
        return self._changes("UPDATE model SET name = ? WHERE model_id = ?", name, model_id)

    def delete_model(self, model_id: str) -> bool:
        """With its results and cells. Its open jobs end as cancelled."""
        return self._delete_with_results("model", model_id)

    def delete_result(self, result_id: str) -> bool:
        with self.transaction():
            return outcomes.delete_result(self._connection, result_id)

    def _save_birth(self, state: m.State, received_s: float) -> bool:
        values = {
            "device_id": state.device_id,
            "agent_name": names.tidy(state.name),
            "session_id": state.session_id,
            "online": 1,
            "last_seen_s": received_s,
            "agent_version": names.tidy(state.agent_version),
            "hostname": names.tidy(state.hostname),
            "place": state.place,
        }
        update = ", ".join(f"{column} = excluded.{column}" for column in values if column != "device_id")
        self._connection.execute("DELETE FROM deleted WHERE kind = 'device' AND id = ?", (state.device_id,))
        return statements.insert(self._connection, "device", values, f"ON CONFLICT DO UPDATE SET {update}")

    def _restore_cell(self, job_id: str) -> None:
        """Point the job's cell at it; a cell that went with its cancelled jobs comes back."""
        sql = "SELECT device_id, model_id, config_key, config FROM job WHERE job_id = ?"
        device_id, model_id, config_key, config = self._connection.execute(sql, (job_id,)).fetchone()
        if rows.run_config(config).is_speed:
            outcomes.touch_cell(self._connection, device_id, model_id, config_key, config, job_id)

    def _delete_with_results(self, kind: str, item_id: str) -> bool:
        """`kind` is this module's own word, not a caller's."""
        with self.transaction():
            found = self._connection.execute(f"SELECT result_id FROM result WHERE {kind}_id = ?", (item_id,))
            for row in found.fetchall():
                outcomes.delete_result(self._connection, row[0])
            if not self._changes(f"DELETE FROM {kind} WHERE {kind}_id = ?", item_id):
                return False
            outcomes.remember_deleted(self._connection, kind, [item_id])
            self._connection.execute(
                "UPDATE job SET state = 'cancelled', stage = '', fraction = NULL, note = ?, updated_s = ?"
                f" WHERE {kind}_id = ? AND state NOT IN {outcomes.ENDED}",
                (f"the {kind} was deleted", time.time(), item_id),
            )
            return True

    def _changes(self, sql: str, *values: object) -> bool:
        with self.transaction():
            return self._connection.execute(sql, values).rowcount > 0
