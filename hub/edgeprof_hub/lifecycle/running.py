"""How the hub's parts are joined, and the order in which they start and stop."""

import logging
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from edgeprof.wire import topics
from edgeprof_hub import config
from edgeprof_hub.blobs import MAX_ARTIFACT_BYTES, MAX_MODEL_FILE_BYTES, BlobStore
from edgeprof_hub.broker import choice
from edgeprof_hub.broker.base import Broker, BrokerEndpoint
from edgeprof_hub.broker.claims import Claims
from edgeprof_hub.broker.client_id import own_client_id
from edgeprof_hub.broker.dispatch import Dispatch
from edgeprof_hub.broker.link import AgentLink
from edgeprof_hub.broker.presence import Presence, Session
from edgeprof_hub.campaigns.regression_watch import Watch
from edgeprof_hub.config import HubSettings
from edgeprof_hub.context import DATABASE, HubContext
from edgeprof_hub.cost import past_prices
from edgeprof_hub.events import Change, Events
from edgeprof_hub.fleet.watch import FleetWatch
from edgeprof_hub.ingest.burst import Burst
from edgeprof_hub.ingest.inbox import Inbox
from edgeprof_hub.ingest.receiver import Ingest
from edgeprof_hub.lifecycle.damaged import read_only
from edgeprof_hub.locking import locked
from edgeprof_hub.notices import Notices
from edgeprof_hub.prediction.watch import PredictionWatch
from edgeprof_hub.quality.watch import QualityWatch
from edgeprof_hub.registry import parts, uploads
from edgeprof_hub.registry.parts import Parts
from edgeprof_hub.rollout import ticking
from edgeprof_hub.signing.device_seals import DeviceSeals
from edgeprof_hub.signing.job_key import JobKey
from edgeprof_hub.signing.job_signer import JobSigner
from edgeprof_hub.store import health, trouble
from edgeprof_hub.store.base import ReadStore, WriteStore
from edgeprof_hub.store.reader import SqliteReader
from edgeprof_hub.store.thread import WriterThread

if TYPE_CHECKING:
    from edgeprof_hub.identity.authority import Authority
    from edgeprof_hub.identity.identities import Identities

SEND_WAITING_EVERY_S = 5.0
LOOK_AFTER_IDENTITIES_S = 600.0

log = logging.getLogger(__name__)


@contextmanager
def running(settings: HubSettings) -> Generator[HubContext]:
    """A hub from its start to its stop. Raises EdgeprofError where it cannot start."""
    config.check(settings)
    with ExitStack() as stack:
        try:
            hub = _started(settings, stack)
        except (OSError, sqlite3.Error) as error:
            raise trouble.named(error, settings.data / DATABASE) or error from error
        yield hub


def _started(settings: HubSettings, stack: ExitStack) -> HubContext:
    stack.enter_context(locked(settings.data))
    authority = _authority(settings, stack)
    file = settings.data / DATABASE
    health.refuse_missing(file, settings.data / "blobs")
    if damage := health.damage(file):
        return read_only(settings, damage, stack)
    uploads.clear(settings.data)
    writer = WriterThread(file)
    stack.callback(writer.stop)  # its connection is the last one to close: then the database is one whole file
    reader = SqliteReader(file)
    stack.callback(reader.close)
    stack.callback(writer.finish)
    writer.call(lambda store: store.mark_all_offline())
    past_prices.keep_current(writer, time.time())
    broker, identities = _broker(settings, authority, stack)
    stack.callback(broker.stop)
    endpoint = broker.start()
    hub = _joined(settings, reader, writer, endpoint, broker.title, identities, stack)
    writer.on_error = hub.trouble
    watch = Watch(hub)
    watch.start()
    stack.callback(watch.stop)
    quality = QualityWatch(hub)
    quality.start()
    stack.callback(quality.stop)
    predictions = PredictionWatch(hub)
    predictions.start()
    stack.callback(predictions.stop)
    fleet_watch = FleetWatch(hub, settings.offline_after_h)
    fleet_watch.start()
    stack.callback(fleet_watch.stop)
    stack.callback(_every(SEND_WAITING_EVERY_S, lambda: writer.post(lambda store: _look_round(hub, store))))
    stack.callback(_every(ticking.TICK_EVERY_S, lambda: ticking.tick(hub)))  # its own: judging a gate takes seconds
    return hub


def _authority(settings: HubSettings, stack: ExitStack) -> "Authority | None":
    """With TLS: whose certificates are good. It needs no database: a damaged one is shown by HTTPS, too."""
    if not settings.tls:
        return None
    from edgeprof_hub.identity import opening  # its cryptography is of no use without TLS

    authority = opening.opened(settings)
    stack.callback(authority.ledger.close)
    return authority


def _broker(
    settings: HubSettings, authority: "Authority | None", stack: ExitStack
) -> "tuple[Broker, Identities | None]":
    """The broker, and with TLS who may speak for a device."""
    if authority is None:
        return choice.choose(settings), None
    from edgeprof_hub.identity import opening

    broker = choice.with_devices(settings, opening.doors_of(settings, authority))
    identities = opening.identities_of(settings, authority, broker)
    stack.callback(_every(LOOK_AFTER_IDENTITIES_S, identities.look_after))
    return broker, identities


def _look_round(hub: HubContext, store: WriteStore) -> None:
    """What has to be done from time to time, on the writer's thread."""
    gone = hub.dispatch.check_presence(store)
    hub.events.publish(Change("device", device_id) for device_id in gone)
    hub.dispatch.send_waiting(store)


def _joined(
    settings: HubSettings,
    reader: SqliteReader,
    writer: WriterThread,
    endpoint: BrokerEndpoint,
    title: str,
    identities: "Identities | None",
    stack: ExitStack,
) -> HubContext:
    hub_id = reader.hub_id()
    events = Events()
    artifacts = BlobStore(settings.data / "artifacts", MAX_ARTIFACT_BYTES)
    presence = Presence()
    claims = Claims(presence, last_sessions(reader), time.monotonic())
    burst = Burst()
    ingest = Ingest(writer, Inbox(settings.site, artifacts, presence, claims), events, burst)

    def connected(has_session: bool) -> None:
        presence.doubt_all()
        if not has_session:
            writer.post(lambda store: store.mark_all_offline())

    job_key, hub_session = JobKey.open(settings.data / "identity"), secrets.token_hex(8)
    seals = DeviceSeals(job_key, hub_session) if identities is not None else None
    link = AgentLink(
        own_client_id(settings.data / "broker"),
        settings.site,
        endpoint,
        on_arrival=ingest.arrived,
        on_connected=connected,
        seals=seals,
    )
    dispatch = Dispatch(reader, link, presence, JobSigner(job_key, hub_id))
    ingest.connect(link, dispatch)
    stack.callback(ingest.stop)
    stack.callback(link.stop)
    link.start()
    notices = Notices(
        settings.webhooks, lambda body: link.announce(topics.notices(settings.site), body), settings.email
    )
    stack.callback(notices.stop)
    return HubContext(
        settings=settings,
        hub_id=hub_id,
        hub_session=hub_session,
        reader=reader,
        writer=writer,
        blobs=BlobStore(settings.data / "blobs", MAX_MODEL_FILE_BYTES),
        artifacts=artifacts,
        parts=Parts(settings.data / parts.FOLDER),
        events=events,
        link=link,
        dispatch=dispatch,
        claims=claims,
        endpoint=endpoint,
        broker_title=title,
        job_key=job_key,
        seals=seals,
        is_synthetic=reader.is_synthetic(),
        notices=notices,
        identities=identities,
        burst=burst,
    )


def last_sessions(reader: ReadStore) -> list[Session]:
    """Who may still be there though this hub has not heard of anybody yet."""
    return [
        Session(device_id=device_id, session_id=session_id, hostname=hostname, place=place)
        for device_id, session_id, hostname, place in reader.last_sessions()
    ]


def _every(period_s: float, action: Callable[[], object]) -> Callable[[], None]:
    """Do something again and again; returns how to stop."""
    stopping = threading.Event()

    def work() -> None:
        while not stopping.wait(period_s):
            try:
                action()
            except Exception:  # the next time comes anyway; a list that is not renewed shuts every device out
                log.exception("hub.ticker_failed")

    thread = threading.Thread(target=work, name="hub-ticker", daemon=True)
    thread.start()

    def stop() -> None:
        stopping.set()
        thread.join()

    return stop
