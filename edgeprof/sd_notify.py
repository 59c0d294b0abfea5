"""What a service tells systemd (sd_notify(3)): it is ready, it is alive, it stops. Without systemd nothing is sent."""

import logging
import os
import socket
import time
from collections.abc import MutableMapping

log = logging.getLogger(__name__)

FEEDS_PER_LIMIT = 2
"""sd_watchdog_enabled(3): feed at half of the limit."""


class Notifier:
    """The way to the service manager. Its variables leave the environment, so that no child speaks for the service."""

    def __init__(self, environment: MutableMapping[str, str]) -> None:
        self._address = environment.pop("NOTIFY_SOCKET", "")
        limit_us = environment.pop("WATCHDOG_USEC", "")
        pid = environment.pop("WATCHDOG_PID", "")
        is_ours = bool(self._address) and limit_us.isdecimal() and int(limit_us) > 0 and pid in ("", str(os.getpid()))
        self.period_s = int(limit_us) / 1e6 / FEEDS_PER_LIMIT if is_ours else None
        """How often the watchdog wants to be fed; None: there is no watchdog."""
        self._next_s = 0.0

    def ready(self) -> None:
        """The start is over: what waits for this service may start."""
        self._send("READY=1")

    def alive(self) -> None:
        """Feed the watchdog. To be called by nothing that goes on while the service hangs."""
        if self.period_s is not None:
            self._send("WATCHDOG=1")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def is_due(self) -> bool:
        """Whether a loop that turns often should feed in this turn."""
        if self.period_s is None or time.monotonic() < self._next_s:
            return False
        self._next_s = time.monotonic() + self.period_s
        return True

    def _send(self, state: str) -> None:
        if not self._address:
            return
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.sendto(state.encode(), address)
        except OSError as error:  # a service that works is not ended because nobody listens
            log.warning("systemd.not_notified state=%s reason=%s", state, error)
