"""Rollouts in SQL. What a rollout does next follows from these rows and its jobs, so that a restart loses nothing."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from edgeprof.wire import rest
from edgeprof.wire.rollouts import Compared, DeviceOutcome, RolloutKind, RolloutRequest, RolloutState
from edgeprof_hub.store import rows, statements

Ask = Callable[[str, Sequence[object]], list[sqlite3.Row]]

TABLES = (
    """CREATE TABLE rollout (
        rollout_id TEXT PRIMARY KEY, kind TEXT NOT NULL, of_rollout_id TEXT NOT NULL, model_id TEXT NOT NULL,
        created_s REAL NOT NULL, start_s REAL, request TEXT NOT NULL, notes TEXT NOT NULL, state TEXT NOT NULL,
        reason TEXT NOT NULL, ended_s REAL) STRICT""",
    "CREATE INDEX rollout_state ON rollout (state)",
    # One campaign a group: it is made in the transaction that starts the group, so that a group starts once.
    """CREATE TABLE rollout_group (
        rollout_id TEXT NOT NULL REFERENCES rollout ON DELETE CASCADE, number INTEGER NOT NULL, title TEXT NOT NULL,
        campaign_id TEXT, started_s REAL, approved_s REAL, noticed_s REAL, PRIMARY KEY (rollout_id, number)) STRICT""",
    "CREATE INDEX rollout_group_campaign ON rollout_group (campaign_id)",
    # It outlives its device and models, as jobs do.
    """CREATE TABLE rollout_device (
        rollout_id TEXT NOT NULL REFERENCES rollout ON DELETE CASCADE, device_id TEXT NOT NULL, number INTEGER NOT NULL,
        model_id TEXT NOT NULL, previous_model_id TEXT NOT NULL DEFAULT '', reference_model_id TEXT NOT NULL DEFAULT '',
        outcome TEXT NOT NULL DEFAULT '', sentence TEXT NOT NULL DEFAULT '', compared TEXT, gates TEXT NOT NULL
        DEFAULT '[]', decided_s REAL, PRIMARY KEY (rollout_id, device_id)) STRICT""",
    "CREATE INDEX rollout_device_device ON rollout_device (device_id, model_id)",
)
_OPEN = "('running', 'paused')"
_FLASHED = "1e12"
"""Seconds that put every flash after every run."""
_AMONG = "IN (SELECT value FROM json_each(?))"


@dataclass(frozen=True, kw_only=True)
class RolloutRow:
    """A rollout. `reason`: why it stopped or was aborted."""

    rollout_id: str
    kind: RolloutKind
    of_rollout_id: str
    model_id: str
    created_s: float
    start_s: float | None
    request: RolloutRequest
    notes: tuple[str, ...]
    state: RolloutState
    reason: str
    ended_s: float | None


@dataclass(frozen=True, kw_only=True)
class GroupRow:
    """A group. `started_s` None: not yet. Without `campaign_id` a started group had no device that takes a job."""

    rollout_id: str
    number: int
    title: str
    campaign_id: str | None = None
    started_s: float | None = None
    approved_s: float | None = None
    noticed_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class DeviceRow:
    """A device of a rollout. `reference_model_id` empty: it is compared with nothing."""

    rollout_id: str
    device_id: str
    number: int
    model_id: str
    previous_model_id: str = ""
    reference_model_id: str = ""
    outcome: DeviceOutcome = ""
    sentence: str = ""
    compared: Compared | None = None
    gates: tuple[str, ...] = ()
    decided_s: float | None = None


class RolloutReader:
    """Queries on the reader's own connections."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def newest(self, limit: int = 100) -> list[RolloutRow]:
        """Newest first."""
        return [_rollout(row) for row in self._ask("SELECT * FROM rollout ORDER BY rowid DESC LIMIT ?", (limit,))]

    def open(self) -> list[RolloutRow]:
        """Those that a tick may move."""
        return [_rollout(row) for row in self._ask(f"SELECT * FROM rollout WHERE state IN {_OPEN}", ())]

    def one(self, rollout_id: str) -> RolloutRow | None:
        """By its id."""
        return next(map(_rollout, self._ask("SELECT * FROM rollout WHERE rollout_id = ?", (rollout_id,))), None)

    def groups(self, rollout_id: str) -> list[GroupRow]:
        """In their order."""
        found = self._ask("SELECT * FROM rollout_group WHERE rollout_id = ? ORDER BY number", (rollout_id,))
        return [GroupRow(**dict(row)) for row in found]

    def devices(self, rollout_id: str) -> list[DeviceRow]:
        """In the order of the groups."""
        sql = "SELECT * FROM rollout_device WHERE rollout_id = ? ORDER BY number, rowid"
        return [_device(row) for row in self._ask(sql, (rollout_id,))]

    def of_campaign(self, campaign_id: str) -> str | None:
        """The rollout that made a campaign; None: a person did."""
        found = self._ask("SELECT rollout_id FROM rollout_group WHERE campaign_id = ?", (campaign_id,))
        return str(found[0][0]) if found else None

    def open_campaigns(self) -> list[tuple[str, RolloutState, str]]:
        """Campaigns of rollouts that go on: id, the rollout's state, its window of hours."""
        found = self._ask(
            "SELECT campaign_id, state, request ->> '$.plan.window' FROM rollout JOIN rollout_group USING (rollout_id)"
            f" WHERE state IN {_OPEN} AND campaign_id IS NOT NULL",
            (),
        )
        return [(str(row[0]), cast(RolloutState, row[1]), str(row[2] or "")) for row in found]

    def ran_before(self, device_ids: Sequence[str], model_ids: Sequence[str]) -> dict[str, str]:
        """By device the one of these models that it has: the last that was flashed there, else the last that ran.

        Runs of a rollout's reference, and repeats of a suspected regression, bring no model.
        """
        sql = (
            "SELECT device_id, model_id, max(place) FROM ("
            f" SELECT device_id, model_id, decided_s + {_FLASHED} AS place FROM rollout_device"
            f" WHERE outcome = 'succeeded' AND device_id {_AMONG} AND model_id {_AMONG}"
            " UNION ALL SELECT result.device_id, result.model_id,"
            f" received_s + iif(job.config ->> '$.load_only', {_FLASHED}, 0) AS place"
            " FROM result LEFT JOIN job USING (job_id) WHERE status = 'measured'"
            f" AND result.device_id {_AMONG} AND result.model_id {_AMONG}"
            " AND result.result_id NOT IN (SELECT result_id FROM evaluation)"
            " AND coalesce(job_id, '') NOT IN (SELECT rerun_job_id FROM regression)"
            " AND NOT EXISTS (SELECT 1 FROM rollout_group WHERE rollout_group.campaign_id = job.campaign_id)"
            ") GROUP BY device_id"
        )
        both = (rows.to_json(device_ids), rows.to_json(model_ids))
        return {str(row[0]): str(row[1]) for row in self._ask(sql, (*both, *both))}


def create(
    connection: sqlite3.Connection, row: RolloutRow, groups: Sequence[GroupRow], devices: Sequence[DeviceRow]
) -> None:
    """Store a new rollout."""
    values = {**vars(row), "request": rows.to_json(row.request), "notes": rows.to_json(row.notes)}
    statements.insert(connection, "rollout", values)
    for group in groups:
        statements.insert(connection, "rollout_group", vars(group))
    for device in devices:
        statements.insert(connection, "rollout_device", _values(device))


def set_state(
    connection: sqlite3.Connection,
    rollout_id: str,
    state: RolloutState,
    reason: str,
    ended_s: float | None,
    *,
    before: Sequence[RolloutState],
) -> bool:
    """False where its state is none of `before` any more: somebody was quicker."""
    done = connection.execute(
        f"UPDATE rollout SET state = ?, reason = ?, ended_s = ? WHERE rollout_id = ? AND state {_AMONG}",
        (state, reason, ended_s, rollout_id, rows.to_json(before)),
    )
    return done.rowcount > 0


def start_group(
    connection: sqlite3.Connection, group: GroupRow, campaign_id: str | None, devices: Sequence[DeviceRow], now_s: float
) -> bool:
    """Mark a group as started, with what each device is compared with. False where it has started, or may not."""
    done = connection.execute(
        "UPDATE rollout_group SET campaign_id = ?, started_s = ? WHERE (rollout_id, number) = (?, ?)"
        " AND started_s IS NULL"
        " AND (SELECT state FROM rollout WHERE rollout_id = rollout_group.rollout_id) = 'running'",
        (campaign_id, now_s, group.rollout_id, group.number),
    )
    if not done.rowcount:
        return False
    for device in devices:
        _save(connection, device)
    return True


def decide(connection: sqlite3.Connection, device: DeviceRow) -> bool:
    """Store what came of a device. False where that is known already."""
    return _save(connection, device, " AND outcome = ''")


def decide_again(connection: sqlite3.Connection, rollout_id: str, device_ids: Sequence[str]) -> None:
    """Forget what came of these devices: their jobs run again."""
    connection.execute(
        "UPDATE rollout_device SET outcome = '', sentence = '', compared = NULL, gates = '[]', decided_s = NULL"
        f" WHERE rollout_id = ? AND device_id {_AMONG}",
        (rollout_id, rows.to_json(device_ids)),
    )


def add_flash(connection: sqlite3.Connection, job: rest.JobRecord) -> bool:
    """Queue the job by which a device switches to the model. False where it has one, or the rollout has ended."""
    may = connection.execute(
        f"SELECT 1 FROM rollout JOIN rollout_group USING (rollout_id) WHERE campaign_id = ? AND state IN {_OPEN}"
        " AND NOT EXISTS (SELECT 1 FROM job WHERE (campaign_id, device_id) = (?, ?) AND config ->> '$.load_only')",
        (job.campaign_id, job.campaign_id, job.device_id),
    ).fetchone()
    return may is not None and statements.insert(connection, "job", rows.job_values(job))


def stamp_group(connection: sqlite3.Connection, group: GroupRow, column: str, now_s: float) -> bool:
    """Note once when a group was approved, or when people were told that it waits. `column` is the caller's own word.

    False where that is noted already.
    """
    done = connection.execute(
        f"UPDATE rollout_group SET {column} = ? WHERE (rollout_id, number) = (?, ?) AND {column} IS NULL",
        (now_s, group.rollout_id, group.number),
    )
    return done.rowcount > 0


def clear_notice(connection: sqlite3.Connection, rollout_id: str) -> None:
    """People are told again of what waits."""
    connection.execute("UPDATE rollout_group SET noticed_s = NULL WHERE rollout_id = ?", (rollout_id,))


def _save(connection: sqlite3.Connection, device: DeviceRow, only: str = "") -> bool:
    values = _values(device)
    changed = ", ".join(f"{name} = :{name}" for name in values)
    sql = f"UPDATE rollout_device SET {changed} WHERE rollout_id = :rollout_id AND device_id = :device_id{only}"
    return connection.execute(sql, values).rowcount > 0


def _values(device: DeviceRow) -> dict[str, object]:
    compared = rows.to_json(device.compared) if device.compared else None
    return {**vars(device), "compared": compared, "gates": rows.to_json(device.gates)}


def _rollout(row: sqlite3.Row) -> RolloutRow:
    values: dict[str, Any] = dict(row)
    values["request"] = rows.from_json(row["request"], RolloutRequest)
    values["notes"] = rows.from_json(row["notes"], tuple[str, ...])
    return RolloutRow(**values)


def _device(row: sqlite3.Row) -> DeviceRow:
    values: dict[str, Any] = dict(row)
    values["compared"] = rows.from_json(row["compared"], Compared) if row["compared"] else None
    values["gates"] = rows.from_json(row["gates"], tuple[str, ...])
    return DeviceRow(**values)
