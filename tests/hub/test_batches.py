"""Messages in one batch leave the same rows and get the same answers as one after the other."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from edgeprof.wire import codec, topics
from edgeprof.wire import messages as m
from edgeprof_hub.blobs import MAX_ARTIFACT_BYTES, BlobStore
from edgeprof_hub.broker.claims import Claims
from edgeprof_hub.broker.dispatch import Dispatch
from edgeprof_hub.broker.link import AgentLink, Arrival
from edgeprof_hub.broker.presence import Presence
from edgeprof_hub.events import Events
from edgeprof_hub.ingest.burst import Burst
from edgeprof_hub.ingest.inbox import Inbox
from edgeprof_hub.ingest.receiver import Ingest
from edgeprof_hub.store.thread import WriterThread
from edgeprof_hub.store.writer import SqliteWriter
from tests.hub import fleet

MODEL = fleet.model("cnn", "digits")
UNKNOWN_MODEL = fleet.model("later", "digits")
JOB = replace(fleet.job(1, MODEL), job_id="j-1")
TABLES = (
    *("result", "metric", "artifact", "cell", "outcome", "standing", "job", "conflict", "dead_letter", "quarantine"),
    "device",
)
_NEVER_THE_SAME = {"job": ("created_s", "updated_s", "began_s")}


def result(
    number: int, *, device: int = 1, model: str = MODEL.model_id, p50_ms: float = 4.0, **changes: object
) -> m.Result:
    made = fleet.result(device, MODEL, fleet.vision_rows(p50_ms, 0.1))
    changes = {"result_id": f"r-{number}", "model_id": model, **changes}
    return replace(made, **changes)  # pyright: ignore[reportArgumentType]


def failed(number: int, code: m.FailureCode, **changes: object) -> m.Result:
    failure = m.Failure(stage="measure", code=code, message="It ended.", signal=None)
    changes = {"status": "failed", "failure": failure, "metrics": (), **changes}
    return replace(result(number), **changes)  # pyright: ignore[reportArgumentType]


def arrival(message: m.Message | bytes, message_class: topics.Upward = "result", device: int = 1) -> Arrival:
    payload = message if isinstance(message, bytes) else codec.encode(message)
    topic = topics.build("home", fleet.device_id(device), message_class)
    return Arrival(topic=topic, payload=payload, qos=1, mid=1, connection=1, received_s=fleet.NOW_S)


class Here:
    """Link and dispatch: what was answered, in its order."""

    def __init__(self, store: SqliteWriter) -> None:
        self.store = store
        self.replies: list[tuple[str, m.Message]] = []
        self.posted: list[Callable[[SqliteWriter], object]] = []

    def post(self, change: Callable[[SqliteWriter], object]) -> None:
        self.posted.append(change)

    def said(self) -> list[tuple[str, bytes]]:
        return [(device_id, codec.encode(message)) for device_id, message in self.replies]

    def work(self) -> None:
        while self.posted:
            self.posted.pop(0)(self.store)

    def acknowledge(self, arrival: Arrival) -> None: ...
    def send(self, device_id: str, message_class: str, message: m.Receipt | m.Refusal) -> bool:
        self.replies.append((device_id, message))
        return True

    def ask(self, device_id: str) -> bool:
        return True

    def greet(self, store: SqliteWriter, device_id: str) -> None: ...


def taken(folder: Path, arrivals: Sequence[Arrival], *, together: bool, prepare: str = "") -> Here:
    """The answers; the rows are in the folder."""
    folder.mkdir()
    store = SqliteWriter(folder / "hub.sqlite")
    here, presence = Here(store), Presence()
    inbox = Inbox("home", BlobStore(folder / "artifacts", MAX_ARTIFACT_BYTES), presence, Claims(presence))
    ingest = Ingest(cast(WriterThread, here), inbox, Events(), Burst())
    ingest.connect(cast(AgentLink, here), cast(Dispatch, here))
    store.save_model(MODEL)
    for number in (1, 2):
        store.save_state(fleet.state(number, f"pi-{number}"), fleet.NOW_S)
    store.create_campaign([JOB])
    store.change(lambda db: db.execute("INSERT INTO deleted VALUES ('result', 'r-gone')"))
    if prepare:
        store.change(lambda db: db.execute(prepare))
    for one in arrivals:
        ingest.arrived(one)
        if not together:
            here.work()
    here.work()
    store.close()
    return here


def rows(folder: Path) -> dict[str, list[dict[str, object]]]:
    with closing(sqlite3.connect(folder / "hub.sqlite")) as connection:
        connection.row_factory = sqlite3.Row
        found = {table: [dict(row) for row in connection.execute(f"SELECT * FROM {table}")] for table in TABLES}
    for table, columns in _NEVER_THE_SAME.items():
        for row in found[table]:
            for column in columns:
                del row[column]
    return {table: sorted(of_table, key=str) for table, of_table in found.items()}


MIXED = (
    arrival(result(1)),
    arrival(result(1)),  # a duplicate in the same batch
    arrival(result(1, agent_version="9")),  # a conflict
    arrival(result(2, p50_ms=3.0)),  # the same cell
    arrival(b"{}"),
    arrival(result(3, device=2), device=2),
    arrival(result(4, device=7), device=7),  # not born yet
    arrival(result(5, model=UNKNOWN_MODEL.model_id)),
    arrival(replace(result(6), result_id="r-gone")),
    arrival(failed(7, "cancelled")),  # the cell goes on showing r-2
    arrival(failed(8, "cancelled", config_key="k-8")),
    arrival(m.Progress(job_id="j-1", attempt=1, stage="measure", fraction=0.5), "progress"),
    arrival(result(9, job_id="j-1", p50_ms=5.0)),
    arrival(m.Progress(job_id="j-1", attempt=1, stage="measure", fraction=0.7), "progress"),  # too late
    arrival(result(10, device=2)),  # speaks for another
    *(arrival(failed(20 + number, "crash")) for number in range(3)),
    arrival(result(30)),
    arrival(codec.encode(result(31)).replace(b'{"result_id"', b'{"later":"\xff","result_id"', 1)),
)


def test_a_batch_is_stored_as_its_messages_one_by_one_are(tmp_path: Path) -> None:
    together = taken(tmp_path / "a", MIXED, together=True)
    one_by_one = taken(tmp_path / "b", MIXED, together=False)
    assert rows(tmp_path / "a") == rows(tmp_path / "b")
    assert sorted(together.said()) == sorted(one_by_one.said())
    found = rows(tmp_path / "a")
    assert [row["result_id"] for row in found["conflict"]] == ["r-1"]
    assert len(found["quarantine"]) == 1
    assert {row["state"] for row in found["job"]} == {"measured"}


def test_a_result_that_the_database_refuses_costs_no_other_one(tmp_path: Path) -> None:
    refuse = (
        "CREATE TRIGGER no BEFORE INSERT ON result WHEN new.result_id = 'r-2'"
        " BEGIN SELECT RAISE(ABORT, 'no such thing'); END"
    )
    arrivals = [arrival(result(number, p50_ms=number)) for number in (1, 2, 3)]
    here = taken(tmp_path / "a", arrivals, together=True, prepare=refuse)
    receipts = [message for _, message in here.replies if isinstance(message, m.Receipt)]
    assert [(each.result_id, each.status) for each in receipts] == [("r-1", "stored"), ("r-3", "stored")]
    found = rows(tmp_path / "a")
    assert [row["result_id"] for row in found["result"]] == ["r-1", "r-3"]
    assert [row["reason"] for row in found["dead_letter"]] == ["no such thing"]


@pytest.mark.parametrize("together", [True, False])
def test_a_result_is_kept_as_it_came_with_fields_of_a_later_release(tmp_path: Path, together: bool) -> None:
    payload = codec.encode(result(1)).replace(b'{"result_id"', b'{"added_later":[1,2],"result_id"', 1)
    taken(tmp_path / "a", [arrival(payload)], together=together)
    assert [row["document"] for row in rows(tmp_path / "a")["result"]] == [payload.decode()]
