"""Whether the hub hears this device: the proof that an installation works, and the one that commits an upgrade."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from edgeprof.errors import EdgeprofError
from edgeprof.net.http import bearer
from edgeprof_agent.installing.hub_source import HubSource

POLL_S = 0.5


@dataclass(frozen=True)
class Contact:
    """The device as the hub shows it."""

    device_id: str
    label: str
    version: str


class Hearing:
    """What the hub says of the device in this state folder. Times are the hub's own."""

    def __init__(self, source: HubSource, token: str | None, state: Path) -> None:
        self._source = source
        self._headers = bearer(token)
        self._state = state
        self._since_s = 0.0

    def begin(self) -> None:
        """From here on: what reached the hub before counts for nothing. Raises EdgeprofError as `check` does."""
        self._since_s = self.check()

    def check(self) -> float:
        """The hub's time. Raises EdgeprofError where it does not answer, or does not let this device in."""
        answer = cast("dict[str, object]", self._source.json("GET", "/api/v1/bootstrap", self._headers))
        return float(str(answer["hub_time_s"]))

    def wait(self, version: str, within_s: float, is_alive: Callable[[], bool]) -> Contact:
        """Until the hub hears this version. Raises EdgeprofError `no_contact`."""
        deadline_s = time.monotonic() + within_s
        reason = "the agent has not started"
        while time.monotonic() < deadline_s:
            try:
                record = self._record()
                if record is not None and self._is_new(record, version):
                    return Contact(str(record["device_id"]), str(record["label"]), str(record["agent_version"]))
                reason = "it has not connected" if record is None else "only its earlier session is known"
            except EdgeprofError as error:
                reason = error.message
            if not is_alive():
                raise EdgeprofError("no_contact", f"edgeprof {version} ended before it reached the hub.")
            time.sleep(POLL_S)
        raise EdgeprofError(
            "no_contact", f"The hub did not hear edgeprof {version} of this device within {within_s:g} s: {reason}."
        )

    def _is_new(self, record: "dict[str, object]", version: str) -> bool:
        seen_s = float(str(record["last_seen_s"]))
        return record["online"] is True and record["agent_version"] == version and seen_s >= self._since_s

    def _record(self) -> "dict[str, object] | None":
        try:
            device_id = (self._state / "device_id").read_text().strip()
        except OSError:
            return None
        try:
            found = self._source.json("GET", f"/api/v1/presence/{device_id}", self._headers)
        except EdgeprofError as error:
            if error.code == "not_found":
                return None
            raise
        return cast("dict[str, object]", found)
