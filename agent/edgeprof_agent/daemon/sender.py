"""Carries queued results to the hub: artifacts by HTTP first, then the result by MQTT, until its receipt comes."""

import logging
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence

from edgeprof.net.backoff import Backoff
from edgeprof.wire.messages import Bootstrap
from edgeprof_agent.daemon.http import HubHttp, HubRefused, HubUnreachable
from edgeprof_agent.daemon.outbox import DAMAGED, Outbox, OutboxEntry
from edgeprof_agent.daemon.recall import Recall

log = logging.getLogger(__name__)

WINDOW = 20
"""Results on their way at once: what a broker lets be unacknowledged by default."""
NEVER_TAKEN = (400, 409, 411, 413, 415, 422)
TRIES_TO_NOTE = 3


class _Waits(Exception):
    """Nothing can be sent for now; the reason is with the result that met it."""


class Sender:
    """One thread's work (`run`), and what wakes it."""

    def __init__(
        self,
        outbox: Outbox,
        device_id: str,
        hub: HubHttp,
        recall: Recall,
        publish: Callable[[bytes], bool],
        resend_after_s: float,
        backoff: Backoff,
    ) -> None:
        self._outbox = outbox
        self._device_id = device_id
        self._hub = hub
        self._recall = recall
        self._publish = publish
        self._resend_after_s = resend_after_s
        self._backoff = backoff
        self._failures = 0
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._reconnected: Bootstrap | None = None
        self._to_offer: Bootstrap | None = None
        self.is_online = False
        self._sent_s: dict[str, float] = {}
        self._tries: Counter[str] = Counter()
        self._stored: set[str] = set()
        self.empty = threading.Event()
        """Set while nothing waits for a receipt."""

    def wake(self) -> None:
        """There is a new result, or one of the old ones is settled."""
        self.empty.clear()
        self._wake.set()

    def online(self, bootstrap: Bootstrap) -> None:
        """A new connection: whatever has no receipt is sent again, as the broker may have forgotten it."""
        self._reconnected = bootstrap  # first: a round between the two would send everything twice
        self.is_online = True
        self.wake()

    def offline(self) -> None:
        """The connection is gone; results wait on disk."""
        self.is_online = False

    def stop(self) -> None:
        self._stopping.set()
        self._wake.set()

    def run(self) -> None:
        """Until `stop`."""
        while not self._stopping.is_set():
            self._wake.clear()
            self._wake.wait(self._round())

    def _round(self) -> float | None:
        """Send what is due; the seconds until something is due again, or None when only an event can change that."""
        is_online = self.is_online  # read before what `online` sets before it
        if bootstrap := self._reconnected:
            self._reconnected, self._to_offer = None, bootstrap
            self._sent_s, self._failures = {}, 0
            self._stored = set()
            self._outbox.meet(bootstrap.hub_version)
        try:
            if is_online:
                self._offer()
            waiting = self._outbox.queued_ids(WINDOW)
            if not waiting:
                self._sent_s = {}
                self.empty.set()
            if not waiting or not is_online:
                return None
            self._forget_others(waiting)
            due = [self._send_if_due(result_id) for result_id in waiting]
        except (HubUnreachable, _Waits, sqlite3.OperationalError, OSError) as error:
            # Also a disk that is full or read-only: what is noted of a result waits, and the agent lives on.
            self._failures += 1
            if self._failures == 1:
                log.warning("courier.waiting reason=%s", error)
            return self._backoff.delay_s(self._failures)
        self._failures = 0
        return max(0.0, min(due) - time.monotonic())

    def _offer(self) -> None:
        """Once a connection, before anything is sent: what the hub lacks of the results that it confirmed."""
        if self._to_offer is None:
            return
        try:
            self._recall.offer(self._to_offer)
        except HubRefused as error:
            log.warning("courier.not_offered reason=%s", error.message)
        self._to_offer = None

    def _forget_others(self, waiting: Sequence[str]) -> None:
        self._sent_s = {result_id: at for result_id in waiting if (at := self._sent_s.get(result_id))}
        self._tries = Counter({result_id: self._tries[result_id] for result_id in self._sent_s})

    def _send_if_due(self, result_id: str) -> float:
        """When this result is due again. Its bytes are read only when it is."""
        now_s = time.monotonic()
        due_s = self._sent_s.get(result_id, now_s - self._resend_after_s) + self._resend_after_s
        if due_s > now_s:
            return due_s
        entry = self._outbox.entry(result_id)
        if entry is None or not self._may_go(entry):
            return now_s
        if self._tries[result_id]:
            self._stored.difference_update(entry.artifacts)  # the hub may have lost them since
        if self._artifacts_stored(entry):
            self._send(entry, now_s)
        return now_s + self._resend_after_s

    def _may_go(self, entry: OutboxEntry) -> bool:
        """What rotted on the disk is never sent, nor what is another device's."""
        if entry.is_damaged:
            self._outbox.quarantine(entry.result_id, DAMAGED)
        elif entry.device_id != self._device_id:
            self._outbox.quarantine(
                entry.result_id, f"it is a result of the device {entry.device_id}; this agent is {self._device_id}"
            )
        else:
            return True
        return False

    def _send(self, entry: OutboxEntry, now_s: float) -> None:
        if not self._publish(entry.payload):
            return
        self._sent_s[entry.result_id] = now_s
        self._tries[entry.result_id] += 1
        if self._tries[entry.result_id] == TRIES_TO_NOTE:
            self._outbox.note(
                entry.result_id, f"sent {TRIES_TO_NOTE} times or more since the last connection, no receipt"
            )

    def _artifacts_stored(self, entry: OutboxEntry) -> bool:
        """Whether the hub has the entry's artifacts now. One that it will never have is dropped from the result."""
        for sha256 in entry.artifacts:
            if sha256 not in self._stored and (loss := self._store(entry, sha256)):
                self._outbox.drop_artifact(entry, sha256, loss)
                self.wake()
                return False
        return True

    def _store(self, entry: OutboxEntry, sha256: str) -> str | None:
        """Put an artifact into the hub; the reason why that can never be. Raises _Waits to try again."""
        try:
            damage = self._outbox.artifact_damage(sha256)
            if damage is None:
                self._hub.put_artifact(sha256, self._outbox.artifact(sha256))
            elif not self._hub.has_artifact(sha256):
                return f"{damage} on the device's disk"
        except (HubRefused, HubUnreachable, OSError) as error:
            if isinstance(error, HubRefused) and error.status in NEVER_TAKEN:
                return f"refused by the hub: {error.message}"
            self._outbox.note(entry.result_id, f"artifact {sha256[:12]}: {error}")
            raise _Waits(str(error)) from error
        self._stored.add(sha256)
        return None
