"""Failures for the audit log: one entry a minute for each address and kind, with the number of those between.

A device with an old token asks once a minute, and who guesses asks as often as it can: neither may fill the disk.
"""

import time
from collections.abc import Callable

from edgeprof_hub.addresses import network_of
from edgeprof_hub.context import HubContext
from edgeprof_hub.people import audit

EVERY_S = 60.0
MAX_KEYS = 1000


class Refusals:
    """Of the event loop and of threads: each step is one operation on a dictionary."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[tuple[str, str, str], tuple[float, int]] = {}

    def note(self, hub: HubContext, actor: str, action: str, address: str, detail: str = "") -> None:
        """Something was refused to somebody there."""
        key, now_s = (network_of(address), actor, action), self._clock()
        last_s, waiting = self._seen.pop(key, (-EVERY_S, 0))
        is_due = now_s - last_s >= EVERY_S
        self._seen[key] = (now_s, 0) if is_due else (last_s, waiting + 1)  # the last one to be forgotten
        if len(self._seen) > MAX_KEYS:
            self._seen.pop(next(iter(self._seen)), None)
        if not is_due or hub.health.is_read_only:
            return
        text = "; ".join(filter(None, (detail, f"{waiting} more before it" if waiting else "")))
        hub.writer.post(
            lambda store: store.change(
                lambda db: audit.record(db, actor, action, detail=text, address=address, failed=True)
            )
        )
