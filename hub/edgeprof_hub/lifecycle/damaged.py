"""A hub over a damaged database: it shows what can be read, and changes nothing."""

import logging
import secrets
import sqlite3
from contextlib import ExitStack

from edgeprof_hub.blobs import MAX_ARTIFACT_BYTES, MAX_MODEL_FILE_BYTES, BlobStore
from edgeprof_hub.broker.base import BrokerEndpoint
from edgeprof_hub.broker.claims import Claims
from edgeprof_hub.broker.dispatch import Dispatch
from edgeprof_hub.broker.link import AgentLink
from edgeprof_hub.broker.presence import Presence
from edgeprof_hub.config import HubSettings
from edgeprof_hub.context import DATABASE, Health, HubContext
from edgeprof_hub.events import Events
from edgeprof_hub.notices import Notices
from edgeprof_hub.registry import parts
from edgeprof_hub.registry.parts import Parts
from edgeprof_hub.store import trouble
from edgeprof_hub.store.reader import SqliteReader
from edgeprof_hub.store.thread import RefusingWriter

log = logging.getLogger(__name__)


def read_only(settings: HubSettings, damage: str, stack: ExitStack) -> HubContext:
    """The pages of a damaged database, as far as they can be read. No broker: a result that comes could not be kept."""
    file = settings.data / DATABASE
    error = trouble.damaged(file, damage)
    reader = SqliteReader(file)
    stack.callback(reader.close)
    try:
        hub_id, is_synthetic = reader.hub_id(), reader.is_synthetic()
    except (sqlite3.Error, IndexError) as unreadable:
        raise trouble.unreadable(file, str(unreadable)) from unreadable
    log.error("database.damaged %s Nothing is written, and no broker runs.", error.message)
    endpoint = BrokerEndpoint(host="127.0.0.1", port=0)
    link = AgentLink("hub", settings.site, endpoint, on_arrival=lambda _: None, on_connected=lambda _: None)
    presence = Presence()
    return HubContext(
        settings=settings,
        hub_id=hub_id,
        hub_session=secrets.token_hex(8),
        reader=reader,
        writer=RefusingWriter(error),
        blobs=BlobStore(settings.data / "blobs", MAX_MODEL_FILE_BYTES),
        artifacts=BlobStore(settings.data / "artifacts", MAX_ARTIFACT_BYTES),
        parts=Parts(settings.data / parts.FOLDER),
        events=Events(),
        link=link,
        dispatch=Dispatch(reader, link, presence),
        claims=Claims(presence),
        endpoint=endpoint,
        broker_title="none: the database is damaged, and nothing is written",
        is_synthetic=is_synthetic,
        notices=Notices((), lambda _: False),
        health=Health(message=error.message, is_read_only=True),
    )
