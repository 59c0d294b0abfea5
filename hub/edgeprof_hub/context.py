"""The running hub: everything that a request may need. `lifecycle/running.py` joins and starts it."""

import logging
import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from fastapi import Request

from edgeprof.errors import EdgeprofError
from edgeprof_hub.blobs import BlobStore
from edgeprof_hub.broker.base import BrokerEndpoint
from edgeprof_hub.broker.claims import Claims
from edgeprof_hub.broker.dispatch import Dispatch
from edgeprof_hub.broker.link import AgentLink
from edgeprof_hub.config import HubSettings
from edgeprof_hub.events import Events
from edgeprof_hub.fleet.refused import Refused
from edgeprof_hub.ingest.burst import Burst
from edgeprof_hub.notices import Notices
from edgeprof_hub.page_cache import PageCache
from edgeprof_hub.registry.parts import Parts
from edgeprof_hub.signing.device_seals import DeviceSeals
from edgeprof_hub.signing.job_key import JobKey
from edgeprof_hub.store import trouble
from edgeprof_hub.store.reader import SqliteReader
from edgeprof_hub.store.thread import WriterThread

if TYPE_CHECKING:
    from edgeprof_hub.identity.identities import Identities  # its cryptography is of no use without TLS

log = logging.getLogger(__name__)

DATABASE = "hub.sqlite"


@dataclass
class Health:
    """What is wrong with the database; a page says so."""

    message: str | None = None
    is_read_only: bool = False
    """The file is broken: nothing is written. Results wait on their devices. Found at the start, no broker runs."""
    refusal: EdgeprofError | None = None
    """Why nothing is written, where that is no damage: the hub shows a recording."""


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
    parts: Parts
    events: Events
    link: AgentLink
    dispatch: Dispatch
    endpoint: BrokerEndpoint
    broker_title: str
    pages: PageCache = field(default_factory=PageCache)
    job_key: JobKey | None = None
    """Signs jobs and bundles. None: nothing is sent from here."""
    seals: DeviceSeals | None = None
    """Of receipts and cancels, for devices that have joined. None: the hub serves no TLS."""
    is_synthetic: bool = False
    """Its data folder was filled by `edgeprof hub seed`."""
    recorded: str = ""
    """When and on what everything here was measured, where the hub only shows a recording."""
    claims: Claims
    notices: Notices
    identities: "Identities | None" = None
    """Who may speak for a device; None where the hub serves no TLS."""
    burst: Burst = field(default_factory=Burst)
    refused: Refused = field(default_factory=Refused)
    health: Health = field(default_factory=Health)

    def trouble(self, error: Exception) -> EdgeprofError | None:
        """What an error of the database or the disk means for a person; None for a bug. A damage is remembered."""
        file = self.settings.data / DATABASE
        known = trouble.named(error, file)
        if known is None and self.health.is_read_only and isinstance(error, sqlite3.Error):
            known = trouble.damaged(file, str(error))
        if known is not None and known.code == "database_damaged":
            self._remember(known, is_of_file=trouble.is_of_file(error))
        return known

    def _remember(self, damage: EdgeprofError, *, is_of_file: bool) -> None:
        """One row that rotted harms no other. A file that is broken is not written to any more."""
        if is_of_file and not self.health.is_read_only:
            self.health.is_read_only = True
            self.writer.refuse(damage)
            self.health.message = damage.message
            log.error("database.damaged %s Nothing more is written; results wait on their devices.", damage.message)
        elif self.health.message is None:
            self.health.message = damage.message
            log.error("database.damaged %s", damage.message)

    def artifact(self, sha256: str) -> bytes | None:
        """An artifact of a result; None where the hub does not have it."""
        try:
            return self.artifacts.path(sha256).read_bytes()
        except FileNotFoundError:
            return None


def hub_of(request: Request) -> HubContext:
    """The hub that serves this request."""
    return cast(HubContext, request.app.state.hub)
