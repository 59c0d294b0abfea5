"""From the network to the disk: queue, one transaction for what has gathered, and only then acknowledge and answer."""

import logging
import threading
from collections import deque

from edgeprof.wire.messages import Receipt
from edgeprof_hub.broker.dispatch import Dispatch
from edgeprof_hub.broker.link import AgentLink, Arrival
from edgeprof_hub.events import Events
from edgeprof_hub.ingest.burst import Burst
from edgeprof_hub.ingest.effects import Effects, Spoiled
from edgeprof_hub.ingest.inbox import Inbox
from edgeprof_hub.store.thread import WriterThread
from edgeprof_hub.store.writer import SqliteWriter

log = logging.getLogger(__name__)

MAX_BATCH = 512
MAX_WAITING = 20_000
"""Beyond it, messages that nobody waits for (QoS 0) are dropped. Of the others the broker's own window is the bound."""
RETRY_S = 1.0


class Ingest:
    """`arrived` is called by the network's thread; everything else happens on the writer's."""

    def __init__(self, writer: WriterThread, inbox: Inbox, events: Events, burst: Burst) -> None:
        self._writer = writer
        self._inbox = inbox
        self._events = events
        self._burst = burst
        self._link: AgentLink | None = None
        self._dispatch: Dispatch | None = None
        self._lock = threading.Lock()
        self._waiting: deque[Arrival] = deque()
        self._is_scheduled = False
        self._is_stopped = False

    def connect(self, link: AgentLink, dispatch: Dispatch) -> None:
        """Name who acknowledges and who sends jobs."""
        self._link, self._dispatch = link, dispatch

    def stop(self) -> None:
        """Take nothing more. What is not stored is not acknowledged, so it comes again."""
        with self._lock:
            self._is_stopped = True
            self._waiting.clear()

    def arrived(self, arrival: Arrival) -> None:
        """Queue one message; never waits."""
        with self._lock:
            if self._is_stopped or (arrival.qos == 0 and len(self._waiting) >= MAX_WAITING):
                return
            self._waiting.append(arrival)
            if self._is_scheduled:
                return
            self._is_scheduled = True
        self._writer.post(self._drain)

    def _drain(self, store: SqliteWriter) -> None:
        with self._lock:
            batch = [self._waiting.popleft() for _ in range(min(MAX_BATCH, len(self._waiting)))]
        try:
            effects = self._store(store, batch)
        except Exception as error:
            log.error("ingest.failed messages=%d error=%s; trying again", len(batch), error)
            self._writer.on_error(error)
            self._again_later(batch)
            return
        self._burst.note(len(batch))
        self._schedule_rest()
        try:
            self._follow(store, batch, effects)
        except Exception:
            log.exception("ingest.follow_up_failed messages=%d", len(batch))

    def _store(self, store: SqliteWriter, batch: list[Arrival]) -> Effects:
        try:
            return self._store_in(store, batch, one_by_one=False)
        except Spoiled as error:
            log.warning("ingest.one_by_one messages=%d error=%s", len(batch), error.__cause__)
            return self._store_in(store, batch, one_by_one=True)

    def _store_in(self, store: SqliteWriter, batch: list[Arrival], *, one_by_one: bool) -> Effects:
        effects = Effects()
        with store.transaction():
            self._inbox.begin(one_by_one=one_by_one)
            for arrival in batch:
                self._inbox.take(store, arrival, effects)
            self._inbox.finish(store, effects)
            if effects.seen:
                store.mark_seen(effects.seen, batch[-1].received_s)
        return effects

    def _follow(self, store: SqliteWriter, batch: list[Arrival], effects: Effects) -> None:
        if self._link is None or self._dispatch is None:
            return
        for arrival in batch:
            self._link.acknowledge(arrival)
        for device_id, reply in effects.replies:
            self._link.send(device_id, "receipt" if isinstance(reply, Receipt) else "refusal", reply)
        for device_id in effects.to_ask:
            self._link.ask(device_id)
        for device_id in dict.fromkeys(effects.births):
            self._dispatch.greet(store, device_id)
        self._events.publish(effects.changes)

    def _schedule_rest(self) -> None:
        with self._lock:
            self._is_scheduled = bool(self._waiting)
        if self._is_scheduled:
            self._writer.post(self._drain)

    def _again_later(self, batch: list[Arrival]) -> None:
        """A full or locked disk: nothing is acknowledged and nothing is lost, and it mends itself.

        Of a damaged database the writer takes no more, and the devices keep what was not acknowledged.
        """
        with self._lock:
            if self._is_stopped:
                return
            self._waiting.extendleft(reversed(batch))
        timer = threading.Timer(RETRY_S, self._writer.post, [self._drain])
        timer.daemon = True
        timer.start()
