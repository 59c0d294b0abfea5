"""Who may speak for a device: two live agents with one id (a cloned card) never fight over a connection."""

import threading
from dataclasses import dataclass

from edgeprof.errors import EdgeprofError
from edgeprof.wire.messages import Hello
from edgeprof_hub.store.base import AgentSession

GRACE_S = 5.0
"""For so long after its claim an agent may be on its way to the broker."""


@dataclass(frozen=True)
class _Claim:
    session_id: str
    hostname: str
    at_s: float


class Claims:
    """Claims that have not become a birth yet, along with the sessions that the store knows."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._recent: dict[str, _Claim] = {}

    def take(self, hello: Hello, session: AgentSession | None, now_s: float) -> None:
        """Raises EdgeprofError `device_id_in_use` while another session of this device is alive."""
        with self._lock:
            self._recent = {key: claim for key, claim in self._recent.items() if now_s - claim.at_s < GRACE_S}
            recent = self._recent.get(hello.device_id)
            if session and session.online and session.session_id != hello.session_id:
                raise _in_use(hello, session.hostname)
            is_born = recent and session and recent.session_id == session.session_id  # then the store knows its end
            if recent and not is_born and recent.session_id != hello.session_id:
                raise _in_use(hello, recent.hostname)
            self._recent[hello.device_id] = _Claim(hello.session_id, hello.hostname, now_s)


def _in_use(hello: Hello, other: str) -> EdgeprofError:
    return EdgeprofError(
        "device_id_in_use",
        f"Device id {hello.device_id} of {hello.hostname} is in use by a live agent on {other}. "
        "If one machine is a copy of the other, delete the agent's data folder on the copy to get a new id.",
    )
