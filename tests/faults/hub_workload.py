"""What a hub does with its disk when devices report, without a network: it says each receipt when it would send it."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

from edgeprof.wire import codec, topics
from edgeprof.wire import messages as m
from edgeprof.wire.identity import sha256_hex
from edgeprof_hub.blobs import MAX_ARTIFACT_BYTES, BlobStore
from edgeprof_hub.broker.claims import Claims
from edgeprof_hub.broker.dispatch import Dispatch
from edgeprof_hub.broker.link import AgentLink, Arrival
from edgeprof_hub.broker.presence import Presence
from edgeprof_hub.context import DATABASE
from edgeprof_hub.events import Events
from edgeprof_hub.ingest.burst import Burst
from edgeprof_hub.ingest.inbox import Inbox
from edgeprof_hub.ingest.receiver import Ingest
from edgeprof_hub.store.thread import WriterThread
from edgeprof_hub.store.writer import SqliteWriter
from tests.hub import fleet

DEVICES = 3
ROUNDS = 6


def say(*words: object) -> None:
    """One promise."""
    print(*words, flush=True)


class Here:
    """The writer's thread, the link and the dispatch in one: everything happens at once, in one thread."""

    def __init__(self, store: SqliteWriter) -> None:
        self._store = store

    def post(self, change: Callable[[SqliteWriter], object]) -> None:
        change(self._store)

    def on_error(self, error: Exception) -> None:
        raise error

    def acknowledge(self, arrival: Arrival) -> None:
        say("acknowledged", arrival.topic, sha256_hex(arrival.payload))

    def send(self, device_id: str, message_class: str, message: m.Receipt) -> bool:
        say("receipt", message.result_id, message.sha256, message.status)
        return True

    def ask(self, device_id: str) -> bool:
        return True

    def greet(self, store: SqliteWriter, device_id: str) -> None:
        return None


def main(data: Path) -> None:
    data.mkdir()
    store = SqliteWriter(data / DATABASE)
    here = Here(store)
    artifacts = BlobStore(data / "artifacts", MAX_ARTIFACT_BYTES)
    presence = Presence()
    ingest = Ingest(cast(WriterThread, here), Inbox("home", artifacts, presence, Claims(presence)), Events(), Burst())
    ingest.connect(cast(AgentLink, here), cast(Dispatch, here))
    model = fleet.model("digits", "digits")
    store.save_model(model)
    say("model", model.model_id)
    for number in range(1, DEVICES + 1):
        arrive(ingest, number, fleet.state(number, f"pi-{number}"))
    for turn in range(ROUNDS):
        for number in range(1, DEVICES + 1):
            arrive(ingest, number, with_artifact(data, artifacts, number, turn))
    store.close()


def with_artifact(data: Path, artifacts: BlobStore, number: int, turn: int) -> m.Result:
    """A result whose artifact was stored before it, as the agent does."""
    content = f"samples {number} {turn} ".encode() * 300
    sha256 = sha256_hex(content)
    incoming = data / f"upload-{number}-{turn}"
    incoming.write_bytes(content)
    artifacts.adopt(incoming, sha256)
    say("artifact", sha256)
    reference = m.ArtifactRef(name="samples", sha256=sha256, size=len(content), media_type="text/plain")
    result = fleet.result(number, fleet.model("digits", "digits"), fleet.vision_rows(4.0 + turn, 0.1))
    return replace(result, artifacts=(reference,))


def arrive(ingest: Ingest, number: int, message: m.State | m.Result) -> None:
    name: topics.Upward = "state" if isinstance(message, m.State) else "result"
    topic = topics.build("home", fleet.device_id(number), name)
    ingest.arrived(
        Arrival(topic=topic, payload=codec.encode(message), qos=1, mid=1, connection=1, received_s=fleet.NOW_S)
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
