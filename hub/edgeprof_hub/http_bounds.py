"""What a stranger may hold of the HTTP server: how many connections, and for how long without a whole header.

Far more than 40 agents behind one router use: theirs are short, and one that is idle makes room for one that asks.
A request is at work once all of it has come: until then it costs its sender nothing to hold the connection.
"""

import asyncio
import logging
import resource
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import ClassVar, cast

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from edgeprof_hub.addresses import network_of
from edgeprof_hub.identity.tls_peer import PEER, peer_of
from edgeprof_hub.quiet_logs import LOG_EVERY_S

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 700
"""paho waits for its socket by select(), which takes no descriptor from 1,024 on; the rest of those is for files."""
RESERVED_FILES = 300
MAX_FILES = 65_536
TRUSTED = "is_trusted"
"""Set in the state of a request whose body may take long: it keeps its connection, though others ask for room."""
REFUSAL = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nretry-after: 5\r\nconnection: close\r\n\r\n"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How many connections at once, and how long a header may take."""

    header_within_s: float = 10.0
    per_address: int = 256
    in_all: int = MAX_CONNECTIONS


def limits() -> Limits:
    """Those in force, with as many open files as this process may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    usable = MAX_CONNECTIONS if soft == resource.RLIM_INFINITY else max(16, soft - RESERVED_FILES)
    in_all = min(MAX_CONNECTIONS, usable)
    return Limits(in_all=in_all, per_address=min(Limits.per_address, in_all))


class Connections:
    """Who holds how many, and which of them wait for a whole request, the longest first."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._open: defaultdict[str, int] = defaultdict(int)
        self._idle: dict[BoundedProtocol, None] = {}
        self._idle_of: defaultdict[str, dict[BoundedProtocol, None]] = defaultdict(dict)
        self._refused_s = -LOG_EVERY_S

    def enter(self, connection: "BoundedProtocol") -> bool:
        """Make room, and let it in. False where everything that could go is at work."""
        of_address = self._idle_of.get(connection.address, {})
        held = self._open.get(connection.address, 0)
        if held >= self.limits.per_address and not self._make_room(of_address, connection):
            return False
        if sum(self._open.values()) >= self.limits.in_all and not self._make_room(self._idle, connection):
            return False
        self._open[connection.address] += 1
        self.rest(connection)
        return True

    def leave(self, connection: "BoundedProtocol") -> None:
        """It is gone."""
        self.work(connection)
        self._open[connection.address] -= 1
        if not self._open[connection.address]:
            del self._open[connection.address]
            self._idle_of.pop(connection.address, None)

    def rest(self, connection: "BoundedProtocol") -> None:
        """It waits for a whole request from now on, or still does."""
        self._idle[connection] = None
        self._idle_of[connection.address][connection] = None

    def work(self, connection: "BoundedProtocol") -> None:
        """It has a whole request."""
        self._idle.pop(connection, None)
        self._idle_of[connection.address].pop(connection, None)

    def _make_room(self, idle: "dict[BoundedProtocol, None]", newcomer: "BoundedProtocol") -> bool:
        now_s = time.monotonic()
        if now_s - self._refused_s >= LOG_EVERY_S:
            self._refused_s = now_s
            log.warning(
                "http.crowded address=%s connections=%d; idle ones make room",
                newcomer.address,
                self._open.get(newcomer.address, 0),
            )
        oldest = next((connection for connection in idle if not connection.is_trusted), None)
        if oldest is None:
            return False
        oldest.drop()
        return True


class BoundedProtocol(H11Protocol):
    """uvicorn's own, which waits for a header for as long as it is held open."""

    bounds: ClassVar[Connections]
    address = ""
    _deadline: asyncio.TimerHandle | None = None
    _is_in = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """One more, or one too many."""
        super().connection_made(transport)
        peer = peer_of(transport.get_extra_info("ssl_object"))
        if peer is not None:  # of this connection alone: uvicorn's own is every connection's
            self.app_state = {**self.app_state, PEER: peer}
        self.address = network_of(self.client[0] if self.client else "")
        if self.bounds.enter(self):
            self._is_in = True
            self._await_header()
        else:
            transport.write(REFUSAL)
            transport.close()

    def data_received(self, data: bytes) -> None:
        """A deadline runs from the first byte of a request to the end of its header, and over an unread body."""
        before = cast("RequestResponseCycle | None", self.cycle)
        if self._deadline is None and (before is None or before.response_complete):
            self._await_header()
        super().data_received(data)
        if self.cycle is not before:
            self._end_deadline()
        self._settle()

    def on_response_complete(self) -> None:
        """Idle again, until the next request is whole."""
        super().on_response_complete()
        self._settle()

    @property
    def is_trusted(self) -> bool:
        """Whether a request is on its way of which the application has said so."""
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return cycle is not None and not cycle.response_complete and bool(cycle.scope.get("state", {}).get(TRUSTED))

    def connection_lost(self, exc: Exception | None) -> None:
        """One less."""
        self._end_deadline()
        self._leave()
        super().connection_lost(exc)

    def drop(self) -> None:
        """Close at once, whatever was on its way."""
        self._end_deadline()
        self._leave()
        self.transport.abort()

    def _settle(self) -> None:
        """At work from the end of a request's body to the end of its response."""
        cycle = cast("RequestResponseCycle | None", self.cycle)
        if not self._is_in or self.transport.is_closing():
            return
        if cycle is None or cycle.response_complete or cycle.more_body:
            self.bounds.rest(self)
        else:
            self.bounds.work(self)

    def _leave(self) -> None:
        if self._is_in:
            self._is_in = False
            self.bounds.leave(self)

    def _await_header(self) -> None:
        self._deadline = self.loop.call_later(self.bounds.limits.header_within_s, self.drop)

    def _end_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def bounded(limits: Limits) -> type[BoundedProtocol]:
    """The protocol for one server."""
    return type("BoundedProtocol", (BoundedProtocol,), {"bounds": Connections(limits)})
