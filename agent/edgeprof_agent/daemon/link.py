"""The agent's place at the hub: claim its id, connect to the broker that the hub names, come back when it breaks.

Nothing here holds a message for later: what must not be lost is in the outbox, what must be known is in the birth.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from edgeprof.errors import EdgeprofError
from edgeprof.net.backoff import Backoff
from edgeprof.version import __version__
from edgeprof.wire import WIRE_VERSION
from edgeprof.wire.messages import Bootstrap, Cancel, Facts, Hello, Receipt, Result
from edgeprof.wire.topics import Upward
from edgeprof.wire.words import WORDS, Words, facts_for, known_words, result_for
from edgeprof_agent.daemon.condition import Condition
from edgeprof_agent.daemon.failed import Identity
from edgeprof_agent.daemon.http import HubHttp, HubRefused, HubUnreachable
from edgeprof_agent.daemon.session import Listener, MqttSession

log = logging.getLogger(__name__)

SLOW = Backoff(30.0, 120.0)
"""When somebody has to do something first: the hub's reason will not go away by asking more often."""

DISTRUST_AFTER_S = 10.0
"""What the broker had kept since before the hub's last start comes within that time of a connection."""

STALE = Backoff(3.0, 10.0)
"""While the hub counts another session of this device as live: it may be one that a power cut has ended."""


class AgentRefused(EdgeprofError):
    """The hub will not have this agent as it is; the sentence says what to do."""


class IdInUse(EdgeprofError):
    """Another session of this device is live, or may be."""


class LinkListener(Listener, Protocol):
    """How the agent stands with its hub, too. Called on the link's thread."""

    def on_claimed(self) -> None: ...
    def on_refused(self) -> None: ...
    def on_online(self, bootstrap: Bootstrap) -> None: ...
    def on_offline(self) -> None: ...


class HubLink:
    """One thread's work (`run`), and publishing from any other."""

    def __init__(
        self,
        hub: HubHttp,
        identity: Identity,
        facts: Callable[[], Facts],
        listener: LinkListener,
        keepalive_s: int,
        retry: Backoff,
        condition: Condition,
    ) -> None:
        self._hub = hub
        self._identity = identity
        self._facts = facts
        self._listener = listener
        self._keepalive_s = keepalive_s
        self._retry = retry
        self._condition = condition
        self._stopping = threading.Event()
        self._session: MqttSession | None = None
        self._was_connected = False
        self._words: Words = WORDS
        self._seal_key: bytes | None = None
        self._online_since_s = 0.0
        self._state = ""

    def publish(self, message_class: Upward, message: bytes, qos: int) -> bool:
        """Hand a message to the broker's connection. False: there is none now."""
        session = self._session
        return session is not None and session.publish(message_class, message, qos)

    def refuse(self, reason: str) -> None:
        """The hub has sent this agent away: leave, and come back slowly."""
        if session := self._session:
            session.end(reason)

    def announce(self) -> None:
        """Tell the hub again that this agent is there."""
        if session := self._session:
            session.announce()

    def is_from_hub(self, message: Receipt | Cancel) -> bool:
        """Whether a hub that seals its messages has sent this one; of any other hub all is believed.

        The key is that of the hub's last start. Where seals go on being wrong, the agent asks for the key again.
        """
        if self._seal_key is None:
            return True
        from edgeprof.signing import seals  # only an agent that has joined a hub needs it

        if seals.is_sealed(message, self._seal_key):
            return True
        session = self._session
        if session is not None and time.monotonic() - self._online_since_s > DISTRUST_AFTER_S:
            session.end("")
        return False

    def readable(self, result: Result) -> Result:
        """A result in the words of the hub that was met last; before the first one it stays as it is."""
        return result_for(result, self._words)

    def stop(self) -> None:
        """Say goodbye (retained offline state, then DISCONNECT) and end `run`."""
        self._stopping.set()
        if session := self._session:
            session.farewell()

    def run(self) -> None:
        """Until `stop`. Raises the hub's refusal if it comes before the first connection.

        A device id in use is waited for at any time: the other session may be what a power cut has left behind.
        """
        failures = 0
        while not self._stopping.is_set():
            try:
                self._connect_once()
                failures, delays, reason = 1, self._retry, "the connection ended"
            except IdInUse as error:
                self._listener.on_refused()
                failures, delays, reason = failures + 1, STALE, error.message
            except (HubRefused, AgentRefused) as error:
                if not self._was_connected:
                    raise
                failures, delays, reason = failures + 1, SLOW, error.message
            except EdgeprofError as error:
                failures, delays, reason = failures + 1, self._retry, error.message
            if not self._stopping.is_set():
                self._tell(f"offline: {reason}", logging.WARNING)
                self._stopping.wait(delays.delay_s(failures))

    def _connect_once(self) -> None:
        """Ask the hub anew each time (its broker's port may have changed), connect, serve until the end."""
        bootstrap = self._hub.bootstrap()
        if not bootstrap.wire_min <= WIRE_VERSION <= bootstrap.wire_max:
            raise AgentRefused(
                "wire_version",
                f"The hub uses wire versions {bootstrap.wire_min} to {bootstrap.wire_max}; this agent uses "
                f"{WIRE_VERSION}. Install the same edgeprof release on the hub and on the device.",
            )
        self._claim()
        self._words = known_words(bootstrap.words)
        self._seal_key = _seal_key(self._hub.url, bootstrap)
        facts = facts_for(self._facts(), self._words)
        session = MqttSession(
            self._hub, bootstrap, self._identity, facts, self._listener, self._keepalive_s, self._condition
        )
        self._session = session
        if self._stopping.is_set():
            return
        try:
            session.serve(lambda: self._on_online(bootstrap))
        finally:
            self._session = None
            self._listener.on_offline()
        if session.refusal:
            raise AgentRefused("refused", session.refusal)

    def _claim(self) -> None:
        identity = self._identity
        hello = Hello(
            device_id=identity.device_id,
            session_id=identity.session_id,
            name=identity.name,
            hostname=identity.hostname,
            agent_version=__version__,
            place=identity.place,
        )
        try:
            self._hub.claim(hello)
        except HubRefused as error:
            if error.code == "device_id_in_use":
                raise IdInUse(error.code, error.message) from error
            raise
        self._listener.on_claimed()

    def _on_online(self, bootstrap: Bootstrap) -> None:
        self._was_connected = True
        self._online_since_s = time.monotonic()
        self._tell("online", logging.INFO)
        self._listener.on_online(bootstrap)

    def _tell(self, state: str, level: int) -> None:
        """One line for each change, not for each try."""
        if state != self._state:
            self._state = state
            log.log(level, "link.%s hub=%s", state, self._hub.url)


def _seal_key(hub_url: str, bootstrap: Bootstrap) -> bytes | None:
    """Raises HubUnreachable for what is no key: without the one that was promised nothing may be believed."""
    if not bootstrap.seal_key_hex:
        return None
    try:
        return bytes.fromhex(bootstrap.seal_key_hex)
    except ValueError as error:
        raise HubUnreachable(hub_url, f"its key for seals is unreadable: {error}") from error
