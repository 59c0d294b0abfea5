"""Who may speak for a device: two live agents with one id (a cloned card) never fight over a connection."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from edgeprof.errors import EdgeprofError
from edgeprof.wire.messages import Hello, State
from edgeprof_hub.broker.presence import SILENT_S, Presence, Session

GRACE_S = 5.0
"""For so long after its claim an agent may be on its way to the broker."""

HOLD_S = 35.0
"""After the hub's start: the longest pause between two tries of an agent that was there before (30 s), and some."""


@dataclass
class _Claim:
    session_id: str
    hostname: str
    place: str
    at_s: float
    is_born: bool = False
    """Its birth has come: from here on `Presence` knows whether it is there."""


class Claims:
    """Claims that this hub process has granted, along with the sessions that are there.

    A hub that starts has heard of nobody. So for `HOLD_S` it lets a device in only at the place of its last session,
    unless that one says goodbye.
    """

    def __init__(self, presence: Presence, before: Iterable[Session] = (), started_s: float = 0.0) -> None:
        self._presence = presence
        self._held = {session.device_id: session for session in before if session.place}
        self._held_until_s = started_s + HOLD_S
        self._lock = threading.Lock()
        self._granted: dict[str, _Claim] = {}

    def take(self, hello: Hello, now_s: float) -> None:
        """Raises EdgeprofError `device_id_in_use` while another session of this device is, or may be, alive."""
        with self._lock:
            live = self._presence.current(hello.device_id)
            if live and not _may_follow(hello, live):
                if live.place:  # an older agent would take the question for a refusal
                    self._presence.doubt(hello.device_id)
                raise _in_use(hello, live.hostname)
            claim = self._granted.get(hello.device_id)
            is_on_its_way = claim and not claim.is_born and now_s - claim.at_s < GRACE_S
            if claim and is_on_its_way and not _may_follow(hello, claim):
                raise _in_use(hello, claim.hostname)
            held = self._held.get(hello.device_id)
            if held and now_s < self._held_until_s and not _may_follow(hello, held):
                raise _is_held(hello, held.hostname)
            is_born = live is not None and live.session_id == hello.session_id
            self._granted[hello.device_id] = _Claim(hello.session_id, hello.hostname, hello.place, now_s, is_born)

    def born(self, state: State) -> bool:
        """Note a birth. Whether this session has the device's last claim: the birth is no older than that."""
        with self._lock:
            self._held.pop(state.device_id, None)  # `Presence` knows from here on
            claim = self._granted.get(state.device_id)
            if claim is None or claim.session_id != state.session_id:
                return False
            claim.is_born = True
            return True

    def ended(self, state: State) -> None:
        """A session's goodbye: the hub need not wait for it any more."""
        with self._lock:
            held = self._held.get(state.device_id)
            if held and held.session_id == state.session_id:
                del self._held[state.device_id]


def _may_follow(hello: Hello, other: Session | _Claim) -> bool:
    """It is the same session, or the other one has ended: one folder on one machine has one agent at a time."""
    return hello.session_id == other.session_id or (bool(other.place) and hello.place == other.place)


def _in_use(hello: Hello, other: str) -> EdgeprofError:
    return EdgeprofError(
        "device_id_in_use",
        f"Device id {hello.device_id} of {hello.hostname} is in use by an agent on {other}. The hub lets this agent in "
        f"{SILENT_S:.0f} s after the other one has gone silent. If this machine is a copy of the other, start its "
        "agent with a new --data folder: it gets an id of its own.",
    )


def _is_held(hello: Hello, other: str) -> EdgeprofError:
    return EdgeprofError(
        "device_id_in_use",
        f"Device id {hello.device_id} of {hello.hostname} was last used by an agent on {other}, in another folder or "
        f"before a boot. The hub has just started, and holds the id for that agent for {HOLD_S:.0f} s. If this machine "
        "is a copy of the other, start its agent with a new --data folder: it gets an id of its own.",
    )
