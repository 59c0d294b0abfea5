"""Carries queued results to the hub: artifacts by HTTP first, then the result by MQTT, until its receipt comes."""

import logging
import threading
import time
from collections.abc import Callable

from edgeprof.net.backoff import Backoff
from edgeprof_agent.daemon.http import HubHttp, HubRefused, HubUnreachable
from edgeprof_agent.daemon.outbox import DAMAGED, Outbox, OutboxEntry

log = logging.getLogger(__name__)

WINDOW = 20
"""Results on their way at once: what a broker lets be unacknowledged by default."""
_NEVER_TAKEN = (400, 409, 411, 413, 415, 422)


class Sender:
    """One thread's work (`run`), and what wakes it."""

    def __init__(
        self, outbox: Outbox, hub: HubHttp, publish: Callable[[bytes], bool], resend_after_s: float, backoff: Backoff
    ) -> None:
        self._outbox = outbox
        self._hub = hub
        self._publish = publish
        self._resend_after_s = resend_after_s
        self._backoff = backoff
        self._failures = 0
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._reconnected = threading.Event()
        self.is_online = False
        self._sent_s: dict[str, float] = {}
        self._stored: set[str] = set()
        self.empty = threading.Event()
        """Set while nothing waits for a receipt."""

    def wake(self) -> None:
        """There is a new result, or one of the old ones is settled."""
        self.empty.clear()
        self._wake.set()

    def online(self) -> None:
        """A new connection: whatever has no receipt is sent again, as the broker may have forgotten it."""
        self.is_online = True
        self._reconnected.set()
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
        if self._reconnected.is_set():
            self._reconnected.clear()
            self._sent_s, self._failures = {}, 0
            self._stored = set()
        entries = self._outbox.queued(WINDOW)
        if not entries:
            self._sent_s = {}
            self.empty.set()
        if not entries or not self.is_online:
            return None
        self._sent_s = {entry.result_id: at for entry in entries if (at := self._sent_s.get(entry.result_id))}
        try:
            due = [self._send_if_due(entry) for entry in entries]
        except HubUnreachable as error:
            self._failures += 1
            if self._failures == 1:
                log.warning("courier.waiting reason=%s", error.message)
            return self._backoff.delay_s(self._failures)
        self._failures = 0
        return max(0.0, min(due) - time.monotonic())

    def _send_if_due(self, entry: OutboxEntry) -> float:
        """When this entry is due again. One that rotted on the disk is never sent."""
        now_s = time.monotonic()
        if entry.is_damaged:
            self._outbox.quarantine(entry.result_id, DAMAGED)
            return now_s
        due_s = self._sent_s.get(entry.result_id, now_s - self._resend_after_s) + self._resend_after_s
        if due_s <= now_s and self._artifacts_stored(entry):
            if self._publish(entry.payload):
                self._sent_s[entry.result_id] = now_s
            due_s = now_s + self._resend_after_s
        return due_s

    def _artifacts_stored(self, entry: OutboxEntry) -> bool:
        """Whether the hub has the entry's artifacts now. What it will never take is set aside."""
        for sha256 in entry.artifacts:
            if sha256 in self._stored:
                continue
            if damage := self._outbox.artifact_damage(sha256):
                self._outbox.quarantine(entry.result_id, f"artifact {sha256[:12]} is {damage} on this device's disk")
                self.wake()
                return False
            try:
                self._hub.put_artifact(sha256, self._outbox.artifact(sha256))
                self._stored.add(sha256)
            except HubRefused as error:
                if error.status not in _NEVER_TAKEN:
                    raise HubUnreachable(self._hub.url, error.message) from error
                self._outbox.quarantine(entry.result_id, f"artifact {sha256[:12]} was refused: {error.message}")
                self.wake()
                return False
        return True
