"""The fleet in SQL: each device's newest vitals, retirement and replacement, and one page of devices by any column."""

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from edgeprof.wire import rest
from edgeprof.wire.fleet import FleetQuery, FleetSort, FleetState
from edgeprof.wire.vitals import Vitals
from edgeprof_hub import names
from edgeprof_hub.store import rows

Connection = sqlite3.Connection
Ask = Callable[[str, Sequence[object] | Mapping[str, object]], list[sqlite3.Row]]

TABLES = (
    """CREATE TABLE device_vitals (
        device_id TEXT PRIMARY KEY REFERENCES device ON DELETE CASCADE, received_s REAL NOT NULL, temperature_c REAL,
        disk_free_mib REAL, disk_wear_percent REAL, throttled INTEGER NOT NULL, quarantined INTEGER NOT NULL,
        document TEXT NOT NULL) STRICT""",
    # A retired device is hidden and gets no job. `successor_id`: the board that took its place, if one did.
    """CREATE TABLE retired_device (
        device_id TEXT PRIMARY KEY REFERENCES device ON DELETE CASCADE, retired_s REAL NOT NULL,
        successor_id TEXT REFERENCES device ON DELETE SET NULL) STRICT""",
    "CREATE INDEX retired_device_successor ON retired_device (successor_id)",
    "CREATE INDEX job_device_failed ON job (device_id, updated_s) WHERE state = 'failed'",
    "CREATE INDEX device_name ON device (coalesce(given_name, agent_name))",
    # An episode is told once when it begins and once when it ends, also over a restart of the hub.
    """CREATE TABLE notice_episode (
        kind TEXT NOT NULL, device_id TEXT NOT NULL REFERENCES device ON DELETE CASCADE, began_s REAL NOT NULL,
        PRIMARY KEY (kind, device_id)) STRICT, WITHOUT ROWID""",
)

_NAME = "coalesce(given_name, agent_name)"
_OPEN = "('queued', 'sent', 'accepted', 'running')"
_QUEUE = f"(SELECT count(*) FROM job WHERE job.device_id = device.device_id AND job.state IN {_OPEN})"
_FAILED = "(SELECT max(updated_s) FROM job WHERE job.device_id = device.device_id AND job.state = 'failed')"
_FROM = "FROM device LEFT JOIN device_vitals USING (device_id) LEFT JOIN retired_device USING (device_id)"
_ORDER: Mapping[FleetSort, str] = {
    "name": f"{_NAME} COLLATE NOCASE",
    "state": f"online, {_NAME} COLLATE NOCASE",
    "seen": "last_seen_s",
    "version": "(SELECT key FROM json_each(:versions) WHERE value = agent_version)",
    "temperature": "temperature_c",
    "disk": "disk_free_mib",
    "wear": "disk_wear_percent",
    "queue": _QUEUE,
    "error": _FAILED,
}
_TROUBLE = (
    "(online = 0 OR throttled = 1 OR quarantined > 0 OR disk_free_mib < :min_disk_mib"
    f" OR disk_wear_percent >= :max_wear OR {_FAILED} > :errors_since_s)"
)
_STATES: Mapping[FleetState, str] = {
    "all": "retired_s IS NULL",
    "online": "retired_s IS NULL AND online = 1",
    "offline": "retired_s IS NULL AND online = 0",
    "trouble": f"retired_s IS NULL AND {_TROUBLE}",
    "upgrade": "retired_s IS NULL AND agent_version IN (SELECT value FROM json_each(:old_versions))",
    "retired": "retired_s IS NOT NULL",
}


@dataclass(frozen=True, kw_only=True)
class FleetLimits:
    """From where on a device is in trouble, and which agents are old. `versions`: all, the oldest first."""

    min_disk_mib: float
    max_wear_percent: float
    errors_since_s: float
    versions: Sequence[str]
    old_versions: Sequence[str]


@dataclass(frozen=True)
class FleetRow:
    """One device as the database has it. `queue`: open jobs; `failed_*`: its newest failed job."""

    device: rest.DeviceRecord
    vitals: Vitals | None
    vitals_s: float | None
    queue: int
    groups: tuple[str, ...]
    failed_s: float | None = None
    failed_note: str = ""
    failed_job_id: str = ""


@dataclass(frozen=True)
class Watched:
    """A device in use, as notices look at it."""

    device_id: str
    name: str
    online: bool
    last_seen_s: float
    agent_version: str
    vitals: Vitals | None


class FleetReader:
    """Queries on the reader's own connections."""

    def __init__(self, ask: Ask, device: Callable[[sqlite3.Row, str], rest.DeviceRecord]) -> None:
        self._ask, self._device = ask, device

    def versions(self) -> list[str]:
        """Every agent version of devices that are not retired."""
        found = self._ask(f"SELECT DISTINCT agent_version {_FROM} WHERE retired_s IS NULL", ())
        return [str(row[0]) for row in found]

    def counts(self, query: FleetQuery, limits: FleetLimits) -> dict[FleetState, int]:
        """How many devices match in each state, whatever state the query asks for."""
        where, values = _where(query, limits, ())
        sums = ", ".join(f"coalesce(sum({clause}), 0)" for clause in _STATES.values())
        row = self._ask(f"SELECT {sums} {_FROM}{where}", values)[0]
        return dict(zip(_STATES, map(int, row), strict=True))

    def ids(self, query: FleetQuery, limits: FleetLimits) -> list[str]:
        """Every device that matches, in the query's order."""
        where, values = _where(query, limits, (_STATES[query.state],))
        sql = f"SELECT device.device_id {_FROM}{where} ORDER BY {_order(query)}"
        return [str(row[0]) for row in self._ask(sql, values)]

    def page(self, query: FleetQuery, limits: FleetLimits, limit: int, offset: int) -> list[FleetRow]:
        """One page of devices. What is shown of a device beyond its order is read for this page's devices alone."""
        where, values = _where(query, limits, (_STATES[query.state],))
        sql = f"SELECT device.device_id {_FROM}{where} ORDER BY {_order(query)} LIMIT :limit OFFSET :offset"
        found = self._ask(sql, {**values, "limit": limit, "offset": offset})
        return self.rows([str(row[0]) for row in found])

    def rows(self, device_ids: Sequence[str]) -> list[FleetRow]:
        """These devices, in this order."""
        ids = rows.to_json(device_ids)
        found = self._ask(
            f"SELECT device.*, {_NAME} AS name, {_QUEUE} AS queue, document, received_s, retired_s, successor_id"
            f" {_FROM} WHERE device.device_id IN (SELECT value FROM json_each(?))",
            (ids,),
        )
        labels = self._labels(found)
        groups = self._groups(ids)
        failed = self._failed(ids)
        made = {row["device_id"]: self._row(row, labels, groups, failed) for row in found}
        return [made[device_id] for device_id in device_ids if device_id in made]

    def predecessors(self, device_id: str) -> list[tuple[str, str, float]]:
        """The boards that this one replaced, newest first: id, name and when. A chain that closes ends."""
        found: list[tuple[str, str, float]] = []
        seen, last = {device_id}, device_id
        while True:
            row = self._ask(
                f"SELECT device.device_id, {_NAME} AS name, retired_s FROM retired_device JOIN device USING (device_id)"
                " WHERE successor_id = ? ORDER BY retired_s DESC LIMIT 1",
                (last,),
            )
            if not row or row[0]["device_id"] in seen:
                return found
            last = str(row[0]["device_id"])
            seen.add(last)
            found.append((last, str(row[0]["name"]), float(row[0]["retired_s"])))

    def watched(self) -> list[Watched]:
        """Every device in use."""
        found = self._ask(
            f"SELECT device.device_id, {_NAME} AS name, online, last_seen_s, agent_version, document"
            f" {_FROM} WHERE retired_s IS NULL",
            (),
        )
        return [
            Watched(
                device_id=row["device_id"],
                name=row["name"],
                online=bool(row["online"]),
                last_seen_s=row["last_seen_s"],
                agent_version=row["agent_version"],
                vitals=rows.from_json(row["document"], Vitals) if row["document"] else None,
            )
            for row in found
        ]

    def episodes(self) -> dict[tuple[str, str], float]:
        """Open episodes: kind and device, and since when."""
        found = self._ask("SELECT kind, device_id, began_s FROM notice_episode", ())
        return {(row["kind"], row["device_id"]): row["began_s"] for row in found}

    def _labels(self, found: Sequence[sqlite3.Row]) -> dict[str, str]:
        """Names made unique among all that are called so; those are sought by an index."""
        wanted = rows.to_json(sorted({str(row["name"]) for row in found}))
        twins = self._ask(
            f"SELECT device.device_id, {_NAME} AS name FROM device LEFT JOIN retired_device USING (device_id)"
            f" WHERE {_NAME} IN (SELECT value FROM json_each(?)) AND retired_s IS NULL",
            (wanted,),
        )
        everyone = {str(row["device_id"]): str(row["name"]) for row in (*twins, *found)}
        return names.labels(everyone)

    def _groups(self, ids: str) -> dict[str, tuple[str, ...]]:
        sql = "SELECT name, device_id FROM device_group WHERE device_id IN (SELECT value FROM json_each(?)) ORDER BY 1"
        made: dict[str, tuple[str, ...]] = {}
        for row in self._ask(sql, (ids,)):
            made[row["device_id"]] = (*made.get(row["device_id"], ()), str(row["name"]))
        return made

    def _failed(self, ids: str) -> dict[str, sqlite3.Row]:
        """Each device's newest failed job; SQLite gives the other columns of the row that has the maximum."""
        found = self._ask(
            "SELECT job.device_id, max(job.updated_s) AS at_s, job.job_id, job.note,"
            " result.document ->> '$.failure.message' AS message FROM job LEFT JOIN result USING (result_id)"
            " WHERE job.state = 'failed' AND job.device_id IN (SELECT value FROM json_each(?)) GROUP BY job.device_id",
            (ids,),
        )
        return {row["device_id"]: row for row in found}

    def _row(
        self,
        row: sqlite3.Row,
        labels: Mapping[str, str],
        groups: Mapping[str, tuple[str, ...]],
        failed: Mapping[str, sqlite3.Row],
    ) -> FleetRow:
        device_id = row["device_id"]
        last = failed.get(device_id)
        return FleetRow(
            device=self._device(row, labels[device_id]),
            vitals=rows.from_json(row["document"], Vitals) if row["document"] else None,
            vitals_s=row["received_s"],
            queue=row["queue"],
            groups=groups.get(device_id, ()),
            failed_s=last["at_s"] if last else None,
            failed_note=(last["message"] or last["note"] or "failed without a reason") if last else "",
            failed_job_id=last["job_id"] if last else "",
        )


def _order(query: FleetQuery) -> str:
    """Devices without a value come last in both directions."""
    by = _ORDER[query.sort]
    direction = "DESC" if query.descending else "ASC"
    if query.sort == "state":
        by = by.replace("online", f"online {direction}", 1)
        return f"{by}, device.device_id"
    return f"{by} IS NULL, {by} {direction}, device.device_id"


def _where(query: FleetQuery, limits: FleetLimits, clauses: Sequence[str]) -> tuple[str, dict[str, object]]:
    used = list(clauses)
    values: dict[str, object] = {
        "min_disk_mib": limits.min_disk_mib,
        "max_wear": limits.max_wear_percent,
        "errors_since_s": limits.errors_since_s,
        "versions": json.dumps(list(limits.versions)),
        "old_versions": json.dumps(list(limits.old_versions)),
    }
    for number, word in enumerate(query.search.split()[:MAX_SEARCH_WORDS]):
        used.append(
            f"({_NAME} || ' ' || hostname || ' ' || device.device_id || ' ' || coalesce(profile_title, '') || ' ' ||"
            f" agent_version || ' ' || tags) LIKE :word{number} ESCAPE '\\'"
        )
        values[f"word{number}"] = f"%{_escaped(word)}%"
    if query.group:
        used.append("device.device_id IN (SELECT device_id FROM device_group WHERE name = :group)")
        values["group"] = query.group
    if query.tag:
        used.append("EXISTS (SELECT 1 FROM json_each(device.tags) WHERE value = :tag)")
        values["tag"] = query.tag
    return (f" WHERE {' AND '.join(used)}" if used else ""), values


MAX_SEARCH_WORDS = 6


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def save_vitals(connection: sqlite3.Connection, device_id: str, vitals: Vitals, received_s: float) -> None:
    """Replace those of a device that the hub knows."""
    values = (
        received_s,
        vitals.temperature_c,
        vitals.disk_free_mib,
        vitals.disk_wear_percent,
        bool(vitals.throttle_flags),
        vitals.quarantined_results or 0,
        rows.to_json(vitals),
    )
    connection.execute(
        "INSERT OR REPLACE INTO device_vitals SELECT device_id, ?, ?, ?, ?, ?, ?, ? FROM device WHERE device_id = ?",
        (*values, device_id),
    )


def retire(connection: sqlite3.Connection, device_id: str, at_s: float, successor_id: str | None = None) -> None:
    """Hide a device. Its open jobs are another matter."""
    connection.execute("INSERT OR REPLACE INTO retired_device VALUES (?, ?, ?)", (device_id, at_s, successor_id))
    connection.execute("DELETE FROM notice_episode WHERE device_id = ?", (device_id,))


def restore(connection: sqlite3.Connection, device_id: str) -> bool:
    """Show it again, as a board of its own. False where it was not retired."""
    return connection.execute("DELETE FROM retired_device WHERE device_id = ?", (device_id,)).rowcount > 0


def take_over(connection: sqlite3.Connection, old_id: str, new_id: str) -> None:
    """Put a new device into the old one's groups in its place, under its name and with its tags added."""
    connection.execute(
        "UPDATE device SET given_name = (SELECT coalesce(given_name, agent_name) FROM device WHERE device_id = ?1),"
        " tags = (SELECT json_group_array(value) FROM (SELECT DISTINCT each.value FROM device AS one,"
        " json_each(one.tags) AS each WHERE one.device_id IN (?1, ?2) ORDER BY 1)) WHERE device_id = ?2",
        (old_id, new_id),
    )
    connection.execute(
        "INSERT OR IGNORE INTO device_group SELECT name, ? FROM device_group WHERE device_id = ?", (new_id, old_id)
    )
    connection.execute("DELETE FROM device_group WHERE device_id = ?", (old_id,))


def begin_episode(connection: sqlite3.Connection, kind: str, device_id: str, at_s: float) -> None:
    """Note that it was told."""
    connection.execute("INSERT OR IGNORE INTO notice_episode VALUES (?, ?, ?)", (kind, device_id, at_s))


def end_episode(connection: sqlite3.Connection, kind: str, device_id: str) -> None:
    """The next one is told again."""
    connection.execute("DELETE FROM notice_episode WHERE kind = ? AND device_id = ?", (kind, device_id))
