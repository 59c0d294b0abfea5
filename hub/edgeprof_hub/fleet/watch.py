"""Looks over the fleet once a minute, and says once when a device's trouble begins and once when it is over."""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from edgeprof.tables import fleet_words
from edgeprof.tables.durations import duration_text
from edgeprof.version import __version__
from edgeprof.wire.notices import Notice, NoticeKind
from edgeprof_hub.context import HubContext
from edgeprof_hub.fleet import trouble
from edgeprof_hub.store import fleet
from edgeprof_hub.store.fleet import Watched

log = logging.getLogger(__name__)

LOOK_EVERY_S = 60.0
FIRST_LOOK_S = 300.0
"""After the hub's start: agents need a minute to come back, and their last word may be from before a long stop."""
HOUR_S = 3600.0
QUIET_S: Mapping[NoticeKind, float] = {"throttled": HOUR_S}
"""So long must it be over before that is said: throttling comes and goes within minutes."""
MAX_ALONE = 3
"""Devices with a notice each; more that begin in one look share one."""
MAX_NAMED = 5

_OVER: Mapping[NoticeKind, str] = {
    "device_offline": "is online again",
    "disk_nearly_full": "has disk space again",
    "throttled": "is no longer throttled",
    "results_quarantined": "has no quarantined result any more",
    "agent_too_old": "runs a current agent",
}
_TITLES: Mapping[NoticeKind, str] = {
    "device_offline": "offline",
    "disk_nearly_full": "nearly out of disk space",
    "throttled": "throttled",
    "results_quarantined": "with quarantined results",
    "agent_too_old": "with an old agent",
}


@dataclass(frozen=True)
class Episode:
    """A trouble of one device that begins or is over."""

    kind: NoticeKind
    device: Watched
    sentence: str
    is_over: bool


class Look:
    """Which episodes begin and end, from what the database says; it knows no clock and sends nothing."""

    def __init__(self) -> None:
        self._last_bad_s: dict[tuple[str, str], float] = {}

    def look(
        self, devices: Sequence[Watched], open_since_s: Mapping[tuple[str, str], float], now_s: float, offline_s: float
    ) -> list[Episode]:
        """Compare the fleet with the open episodes. Of a silent device only its silence is judged."""
        found: list[Episode] = []
        for device in devices:
            bad = conditions(device, now_s, offline_s)
            for kind in _OVER:
                key = (kind, device.device_id)
                if kind in bad:
                    self._last_bad_s[key] = now_s
                    if key not in open_since_s:
                        found.append(Episode(kind, device, bad[kind], is_over=False))
                elif key in open_since_s and device.online and self._is_over(key, kind, now_s):
                    found.append(Episode(kind, device, f"{device.name} {_OVER[kind]}.", is_over=True))
        return found

    def _is_over(self, key: tuple[str, str], kind: NoticeKind, now_s: float) -> bool:
        last_s = self._last_bad_s.setdefault(key, now_s)
        if now_s - last_s < QUIET_S.get(kind, 0.0):
            return False
        del self._last_bad_s[key]
        return True


def conditions(device: Watched, now_s: float, offline_s: float) -> dict[NoticeKind, str]:
    """The troubles of one device now, each with its sentence."""
    if not device.online:
        silent_s = now_s - device.last_seen_s
        words = f"{device.name} has been offline for {duration_text(silent_s)}."
        return {"device_offline": words} if silent_s >= offline_s else {}
    bad: dict[NoticeKind, str] = {}
    if trouble.is_old(device.agent_version, __version__):
        bad["agent_too_old"] = (
            f"{device.name} runs agent {device.agent_version}; this hub is {__version__}. Upgrade it."
        )
    vitals = device.vitals
    if vitals is None:
        return bad
    if vitals.disk_free_mib is not None and vitals.disk_free_mib < trouble.MIN_DISK_FREE_MIB:
        bad["disk_nearly_full"] = f"{device.name} has {vitals.disk_free_mib:,.0f} MiB of disk left."
    if vitals.throttle_flags:
        bad["throttled"] = f"{device.name} reports {fleet_words.flags(vitals.throttle_flags)}. Check power and cooling."
    if vitals.quarantined_results:
        many = vitals.quarantined_results
        bad["results_quarantined"] = (
            f"{device.name} has {many:,} quarantined result{'s' if many > 1 else ''}. "
            "List them there: `edgeprof agent outbox`."
        )
    return bad


class FleetWatch:
    """One thread that looks, notes and sends. A made-up fleet is not watched."""

    def __init__(self, hub: HubContext, offline_after_h: float, clock: Callable[[], float] = time.time) -> None:
        self._hub, self._clock = hub, clock
        self._offline_s = offline_after_h * HOUR_S
        self._look = Look()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="hub-fleet-watch", daemon=True)

    def start(self) -> None:
        """Begin; the first look comes when agents have had time to return."""
        if not self._hub.is_synthetic:
            self._thread.start()

    def stop(self) -> None:
        """End after the look that is being taken."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _work(self) -> None:
        wait_s = FIRST_LOOK_S
        while not self._stopping.wait(wait_s):
            wait_s = LOOK_EVERY_S
            try:
                self.look_once()
            except Exception:
                log.exception("fleet_watch.failed")

    def look_once(self) -> None:
        """Note first, then send: after a crash in between a notice is missing, and none comes twice."""
        reader, now_s = self._hub.reader.fleet, self._clock()
        episodes = self._look.look(reader.watched(), reader.episodes(), now_s, self._offline_s)
        if not episodes:
            return
        self._hub.writer.call(lambda store: store.change(lambda db: _noted(db, episodes, now_s)))
        for notice in notices_of(episodes, self._hub.hub_id, now_s):
            log.info("notice kind=%s %s", notice.kind, notice.sentence)
            self._hub.notices.send(notice)


def _noted(db: fleet.Connection, episodes: Sequence[Episode], now_s: float) -> None:
    for one in episodes:
        if one.is_over:
            fleet.end_episode(db, one.kind, one.device.device_id)
        else:
            fleet.begin_episode(db, one.kind, one.device.device_id, now_s)


def notices_of(episodes: Sequence[Episode], hub_id: str, now_s: float) -> list[Notice]:
    """One for each episode; where many of a kind come at once, one for all of them."""
    by_kind: dict[tuple[NoticeKind, bool], list[Episode]] = defaultdict(list)
    for one in episodes:
        by_kind[one.kind, one.is_over].append(one)
    made: list[Notice] = []
    for (kind, is_over), of_kind in by_kind.items():
        if len(of_kind) > MAX_ALONE:
            made.append(_shared(kind, is_over, of_kind, hub_id, now_s))
            continue
        made += [
            Notice(
                kind=kind,
                hub_id=hub_id,
                at_s=now_s,
                sentence=one.sentence,
                path=f"/devices/{one.device.device_id}",
                device_id=one.device.device_id,
                recovered=is_over,
            )
            for one in of_kind
        ]
    return made


def _shared(kind: NoticeKind, is_over: bool, of_kind: Sequence[Episode], hub_id: str, now_s: float) -> Notice:
    named = ", ".join(one.device.name for one in of_kind[:MAX_NAMED])
    more = f" and {len(of_kind) - MAX_NAMED:,} more" if len(of_kind) > MAX_NAMED else ""
    words = f"no longer {_TITLES[kind]}" if is_over else _TITLES[kind]
    sentence = f"{len(of_kind):,} devices {words}: {named}{more}."
    path = "/fleet?state=trouble"
    return Notice(kind=kind, hub_id=hub_id, at_s=now_s, sentence=sentence, path=path, recovered=is_over)
