"""What became of every result: the agents' databases next to the hub's, read from their files."""

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path

from edgeprof.wire.rest import TERMINAL_STATES

HUB_DATABASE = Path("hub") / "hub.sqlite"


@dataclass(frozen=True)
class Count:
    """One run's outcome. `lost`, `duplicated` and `stuck` name each case in a few words."""

    created: int = 0
    stored: int = 0
    outcomes: dict[str, int] = field(default_factory=lambda: {})
    """Stored results by `measured` or the failure's code."""
    lost: tuple[str, ...] = ()
    """Made on a device, and neither on the hub nor in the outbox; or on the hub with other bytes."""
    duplicated: tuple[str, ...] = ()
    """One attempt of a job with two results, one id with two contents, or a result that no device made."""
    stuck: tuple[str, ...] = ()
    """Jobs without an end, results still in an outbox, devices that are shut out."""
    dead_letters: int = 0

    @property
    def is_clean(self) -> bool:
        """Nothing lost, nothing twice, nothing stuck."""
        return not (self.lost or self.duplicated or self.stuck)


def open_work(folder: Path, agents: tuple[str, ...]) -> list[str]:
    """What has not ended yet, in a few words each: the hub's jobs, the agents' jobs and outboxes."""
    marks = ", ".join("?" * len(TERMINAL_STATES))
    found = [
        f"job {job} is {state} ({stage or note or 'no stage'}) on the hub"
        for job, state, stage, note in rows(
            folder / HUB_DATABASE,
            f"SELECT job_id, state, stage, note FROM job WHERE state NOT IN ({marks})",
            TERMINAL_STATES,
        )
    ]
    for name in agents:
        file = folder / name / "agent.db"
        found += [
            f"result {result} is {state} on {name}: {reason or 'no reason'}"
            for result, state, reason in rows(
                file, "SELECT result_id, state, reason FROM results WHERE state != 'receipted'"
            )
        ]
        found += [
            f"job {job} is {state} on {name}"
            for job, state in rows(file, "SELECT job_id, state FROM jobs WHERE state != 'done'")
        ]
    return found


def count(folder: Path, agents: tuple[str, ...], offline: tuple[str, ...]) -> Count:
    """Compare all databases. `offline`: devices that did not come back."""
    made: dict[str, str | None] = {}  # result id -> SHA-256 of its bytes; None: the outbox has no row of it
    waiting: set[str] = set()
    for name in agents:
        file = folder / name / "agent.db"
        made |= {result: None for (result,) in rows(file, "SELECT result_id FROM jobs WHERE result_id IS NOT NULL")}
        made |= {result: sha256 for result, sha256 in rows(file, "SELECT result_id, sha256 FROM results")}
        waiting |= {result for (result,) in rows(file, "SELECT result_id FROM results WHERE state = 'queued'")}
    hub = folder / HUB_DATABASE
    stored = {result: sha256 for result, sha256 in rows(hub, "SELECT result_id, payload_sha256 FROM result")}
    lost = [f"{result} is not on the hub" for result in made if result not in stored and result not in waiting]
    lost += [
        f"{result} has other bytes on the hub" for result, sha in made.items() if stored.get(result, sha) != sha and sha
    ]
    twice = rows(
        hub,
        "SELECT job_id, json_extract(document, '$.attempt') AS attempt, count(*) FROM result"
        " WHERE job_id IS NOT NULL GROUP BY job_id, attempt HAVING count(*) > 1",
    )
    duplicated = [f"job {job} attempt {attempt} has {n} results" for job, attempt, n in twice]
    duplicated += [f"{result} came with other content" for (result,) in rows(hub, "SELECT result_id FROM conflict")]
    duplicated += [f"{result} was made by no device" for result in stored if result not in made]
    statuses = Counter(str(code or status) for status, code in rows(hub, "SELECT status, failure_code FROM result"))
    return Count(
        created=len(made),
        stored=len(stored),
        outcomes=dict(statuses.most_common()),
        lost=tuple(lost),
        duplicated=tuple(duplicated),
        stuck=(*open_work(folder, agents), *(f"device {name} is offline" for name in offline)),
        dead_letters=len(rows(hub, "SELECT id FROM dead_letter")),
    )


def document(counted: Count) -> dict[str, object]:
    """As saved."""
    return json.loads(json.dumps(asdict(counted)))


def rows(file: Path, query: str, values: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """All rows of a query, read only: the program that owns the file may be writing."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)) as database:
        return database.execute(query, values).fetchall()
