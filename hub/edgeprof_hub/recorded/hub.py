"""A hub that shows a recording: the pages and the API as ever, and nothing can be changed."""

import secrets
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from edgeprof.errors import EdgeprofError
from edgeprof.wire.identity import sha256_hex
from edgeprof_hub.blobs import MAX_ARTIFACT_BYTES, MAX_MODEL_FILE_BYTES, BlobStore
from edgeprof_hub.broker.base import BrokerEndpoint
from edgeprof_hub.broker.claims import Claims
from edgeprof_hub.broker.dispatch import Dispatch
from edgeprof_hub.broker.link import AgentLink
from edgeprof_hub.broker.presence import Presence
from edgeprof_hub.config import HubSettings
from edgeprof_hub.context import DATABASE, Health, HubContext
from edgeprof_hub.cost import past_prices
from edgeprof_hub.events import Events
from edgeprof_hub.notices import Notices
from edgeprof_hub.quality.judging import refresh_all
from edgeprof_hub.recorded.recording import Recording
from edgeprof_hub.registry import parts
from edgeprof_hub.registry.parts import Parts
from edgeprof_hub.store import evaluations, gates
from edgeprof_hub.store.reader import SqliteReader
from edgeprof_hub.store.rows import to_json
from edgeprof_hub.store.thread import RefusingWriter, WriterThread
from edgeprof_hub.store.writer import SqliteWriter

READ_ONLY = (
    "This hub shows recorded results, and nothing here can be changed. Start a hub of your own: "
    "`edgeprof hub serve`, or `edgeprof demo` with agents that measure."
)
NO_BROKER = "none: this hub shows a recording"


@contextmanager
def showing(settings: HubSettings, recording: Recording) -> Generator[HubContext]:
    """From an empty data folder to the end of the block. No broker runs, and no agent can join."""
    with ExitStack() as stack:
        file = settings.data / DATABASE
        writer = WriterThread(file)
        stack.callback(writer.stop)
        writer.call(lambda store: fill(store, recording))
        past_prices.keep_current(writer, max((one.received_s for one in recording.results), default=0.0))
        reader = SqliteReader(file)
        stack.callback(reader.close)
        hub = _context(settings, reader, writer)
        for sha256, text in recording.artifacts.items():
            target = hub.artifacts.path(sha256)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        refresh_all(hub)
        refusal = EdgeprofError("recorded_hub", READ_ONLY)
        yield replace(hub, writer=RefusingWriter(refusal), health=Health(is_read_only=True, refusal=refusal))


def fill(store: SqliteWriter, recording: Recording) -> None:
    """Write everything as the hub wrote it when it came, in one transaction."""
    with store.transaction():
        store.mark_recorded(recording.about)
        first_s = min((one.received_s for one in recording.results), default=0.0)
        for device in recording.devices:
            device_id = device.state.device_id
            store.save_state(device.state, first_s)
            if device.facts is not None:
                store.save_facts(device.facts, device.profile_id, device.profile_reason, device.profile_title)
            store.set_device_price(device_id, device.price_usd, device.price_source)
        for model in recording.models:
            store.save_model(model)
        for one in recording.sets:
            files = [file.sha256 for file in one.manifest.files]
            store.change(lambda db, one=one, files=files: evaluations.save_set(db, one, files))
        for family, lines in recording.gates.items():
            store.change(lambda db, family=family, lines=lines: gates.set_gates(db, family, lines))
        for jobs in recording.campaigns:
            waiting = [replace(job, state="queued", stage="", note="", result_id=None) for job in jobs]
            store.create_campaign(waiting)
        for stored in recording.results:
            digest = sha256_hex(to_json(stored.result).encode())
            store.save_result(stored.result, digest, stored.received_s)
        store.mark_all_offline()


def _context(settings: HubSettings, reader: SqliteReader, writer: WriterThread) -> HubContext:
    endpoint = BrokerEndpoint(host="127.0.0.1", port=0)
    link = AgentLink("hub", settings.site, endpoint, on_arrival=lambda _: None, on_connected=lambda _: None)
    presence = Presence()
    return HubContext(
        settings=settings,
        hub_id=reader.hub_id(),
        hub_session=secrets.token_hex(8),
        reader=reader,
        writer=writer,
        blobs=BlobStore(settings.data / "blobs", MAX_MODEL_FILE_BYTES),
        artifacts=BlobStore(settings.data / "artifacts", MAX_ARTIFACT_BYTES),
        parts=Parts(settings.data / parts.FOLDER),
        events=Events(),
        link=link,
        dispatch=Dispatch(reader, link, presence),
        claims=Claims(presence),
        endpoint=endpoint,
        broker_title=NO_BROKER,
        recorded=reader.recorded(),
        notices=Notices((), lambda _: False),
    )
