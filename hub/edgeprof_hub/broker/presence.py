"""Which agents are there now. Known from what arrives live; nothing that a broker or a database kept is proof.

A broker tells the end of a connection by the agent's will. One that was killed has forgotten the wills, and what it
saved may be old. So after each new connection to the broker every session is in doubt, until its agent says something.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from edgeprof.wire.messages import State

SILENT_S = 30.0
"""A session in doubt that is silent for so long has ended: its agent was asked every 5 s and would have answered."""
ASK_EVERY_S = 5.0
OLD_AGENTS_RETURN_S = 15.0
"""An agent from before `announce` answers it by connecting again. For so long it may come by itself."""


@dataclass(frozen=True, kw_only=True)
class Session:
    """One agent process that speaks for a device."""

    device_id: str
    session_id: str
    hostname: str
    place: str


@dataclass
class _Known:
    session: Session
    doubted_s: float | None = None
    asked_s: float | None = None


class Presence:
    """Safe from any thread. Nothing of it is stored: a hub that starts knows nobody."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}

    def current(self, device_id: str) -> Session | None:
        """The session of a device that counts as there, be it in doubt."""
        with self._lock:
            known = self._known.get(device_id)
            return known.session if known else None

    def born(self, state: State, is_proven: bool) -> None:
        """A live birth. Not proven: it may have waited at the broker for longer than its agent lived."""
        session = Session(
            device_id=state.device_id, session_id=state.session_id, hostname=state.hostname, place=state.place
        )
        with self._lock:
            self._known[state.device_id] = _Known(session, None if is_proven else self._clock())

    def heard(self, device_id: str) -> bool:
        """Something came live from a device. False where no session of it is known.

        It ends a doubt only after the question: before, it may be what had waited at the broker.
        """
        with self._lock:
            known = self._known.get(device_id)
            if known is not None and (known.asked_s is not None or not known.session.place):
                known.doubted_s = known.asked_s = None
            return known is not None

    def died(self, device_id: str, session_id: str) -> None:
        """A farewell or a will. That of a replaced session comes late, and ends nothing."""
        with self._lock:
            known = self._known.get(device_id)
            if known is not None and known.session.session_id == session_id:
                del self._known[device_id]

    def doubt(self, device_id: str) -> None:
        """Somebody else claims the device: its session has to show that it is there."""
        with self._lock:
            known = self._known.get(device_id)
            if known is not None and known.doubted_s is None:
                known.doubted_s = self._clock()

    def doubt_all(self) -> None:
        """The connection to the broker is another one: wills may have been lost meanwhile."""
        with self._lock:
            for known in self._known.values():
                known.doubted_s, known.asked_s = self._clock(), None

    def to_ask(self) -> list[str]:
        """Devices whose session is in doubt and is to be asked now; each counts as asked from here on."""
        with self._lock:
            now_s = self._clock()
            due = [known for known in self._known.values() if _is_due(known, now_s)]
            for known in due:
                known.asked_s = now_s
            return [known.session.device_id for known in due]

    def drop_silent(self) -> list[Session]:
        """Sessions that were asked in vain; they count no more."""
        with self._lock:
            now_s = self._clock()
            silent = [
                known.session
                for known in self._known.values()
                if known.doubted_s is not None and known.asked_s is not None and now_s - known.doubted_s >= SILENT_S
            ]
            for session in silent:
                del self._known[session.device_id]
            return silent


def _is_due(known: _Known, now_s: float) -> bool:
    if known.doubted_s is None:
        return False
    if not known.session.place and now_s - known.doubted_s < OLD_AGENTS_RETURN_S:
        return False
    return known.asked_s is None or now_s - known.asked_s >= ASK_EVERY_S
