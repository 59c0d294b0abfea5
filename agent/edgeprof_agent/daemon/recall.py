"""What a hub has lost comes back: one restored from a backup is told which confirmed results are still here."""

import logging
import time
from pathlib import Path

import msgspec

from edgeprof.wire.messages import MAX_HOLDINGS, Bootstrap, Holdings
from edgeprof_agent.daemon.durable import replace_durably
from edgeprof_agent.daemon.http import HubHttp
from edgeprof_agent.daemon.outbox import Outbox

log = logging.getLogger(__name__)


class _KnownHub(msgspec.Struct):
    """The hub that confirms results, and since when; what was confirmed before then is another hub's."""

    hub_id: str
    since_s: float


class Recall:
    """Names the confirmed results once to each start of a hub, and queues again those that it lacks."""

    def __init__(self, outbox: Outbox, hub: HubHttp, device_id: str, folder: Path) -> None:
        self._outbox = outbox
        self._hub = hub
        self._device_id = device_id
        self._file = folder / "hub.json"
        self._told = ""

    def offer(self, bootstrap: Bootstrap) -> None:
        """Raises what the hub's API raises; then it may be called again. A hub that does not ask is told nothing."""
        if bootstrap.hub_session in ("", self._told):
            return
        for part in self._outbox.confirmed(self._since_s(bootstrap.hub_id), MAX_HOLDINGS):
            lacking = self._hub.wanted(Holdings(device_id=self._device_id, results=part))
            if lacking:
                log.warning("outbox.recalled results=%d of=%d", len(lacking), len(part))
                self._outbox.queue_again(lacking)
        self._told = bootstrap.hub_session

    def _since_s(self, hub_id: str) -> float:
        """0 where no hub was noted yet: an agent has one hub, as a rule for good."""
        try:
            known = msgspec.json.decode(self._file.read_bytes(), type=_KnownHub)
        except FileNotFoundError:
            known = self._note(_KnownHub(hub_id, 0.0))
        except msgspec.MsgspecError:
            known = _KnownHub("", 0.0)
        if known.hub_id != hub_id:
            known = self._note(_KnownHub(hub_id, time.time()))
        return known.since_s

    def _note(self, known: _KnownHub) -> _KnownHub:
        replace_durably(self._file, msgspec.json.encode(known))
        return known
