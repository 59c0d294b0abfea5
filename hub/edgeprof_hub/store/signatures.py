"""Versions of signed jobs: a number that grows with each attempt, and the lowest that a device may still run."""

import sqlite3

from edgeprof_hub.store import outcomes

TABLE = """CREATE TABLE signed_job (
    version INTEGER PRIMARY KEY, job_id TEXT NOT NULL REFERENCES job ON DELETE CASCADE, attempt INTEGER NOT NULL,
    UNIQUE (job_id, attempt)) STRICT"""

_KNOWN = "SELECT version FROM signed_job WHERE job_id = ? AND attempt = ?"
_FLOOR = (
    "SELECT min(signed_job.version) FROM signed_job JOIN job USING (job_id, attempt)"
    " WHERE job.device_id = (SELECT device_id FROM job WHERE job_id = ?)"
    f" AND job.state NOT IN {outcomes.ENDED}"
)


def version(connection: sqlite3.Connection, job_id: str, attempt: int, now_ms: int) -> tuple[int, int]:
    """The version of this attempt, made now if it has none, and the lowest one of the device's open jobs.

    Versions begin at the time of day, so that they also grow over the restore of an older backup.
    """
    known = connection.execute(_KNOWN, (job_id, attempt)).fetchone()
    if known is None:
        newest = connection.execute("SELECT max(version) FROM signed_job").fetchone()[0] or 0
        chosen = max(newest + 1, now_ms)
        connection.execute("INSERT INTO signed_job VALUES (?, ?, ?)", (chosen, job_id, attempt))
    else:
        chosen = int(known[0])
    floor = connection.execute(_FLOOR, (job_id,)).fetchone()[0]
    return chosen, chosen if floor is None else min(chosen, int(floor))
