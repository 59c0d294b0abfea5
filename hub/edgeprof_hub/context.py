"""The running hub: everything that a request may need. `lifecycle.py` joins and starts it."""

from dataclasses import dataclass, field
from typing import cast

from fastapi import Request

from edgeprof_hub.blobs import BlobStore
from edgeprof_hub.broker.base import BrokerEndpoint
from edgeprof_hub.broker.claims import Claims
from edgeprof_hub.broker.dispatch import Dispatch
from edgeprof_hub.broker.link import AgentLink
from edgeprof_hub.config import HubSettings
from edgeprof_hub.events import Events
from edgeprof_hub.notices import Notices
from edgeprof_hub.page_cache import PageCache
from edgeprof_hub.store.reader import SqliteReader
from edgeprof_hub.store.thread import WriterThread

DATABASE = "hub.sqlite"


@dataclass(frozen=True, kw_only=True)
class HubContext:
    """Everything that a request may need."""

    settings: HubSettings
    hub_id: str
    hub_session: str
    """Another one at each start."""
    reader: SqliteReader
    writer: WriterThread
    blobs: BlobStore
    artifacts: BlobStore
    events: Events
    link: AgentLink
    dispatch: Dispatch
    endpoint: BrokerEndpoint
    broker_title: str
    pages: PageCache = field(default_factory=PageCache)
    is_synthetic: bool = False
    """Its data folder was filled by `edgeprof hub seed`."""
    claims: Claims
    notices: Notices

    def artifact(self, sha256: str) -> bytes | None:
        """An artifact of a result; None where the hub does not have it."""
        try:
            return self.artifacts.path(sha256).read_bytes()
        except FileNotFoundError:
            return None


def hub_of(request: Request) -> HubContext:
    """The hub that serves this request."""
    return cast(HubContext, request.app.state.hub)
