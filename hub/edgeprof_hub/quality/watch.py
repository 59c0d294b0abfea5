"""Judges families again when their evaluations, models or gates change, off the writer's thread."""

import logging
import threading
from collections.abc import Iterable

from edgeprof.errors import EdgeprofError
from edgeprof_hub.context import HubContext
from edgeprof_hub.events import Change
from edgeprof_hub.quality.judging import refresh, refresh_all

log = logging.getLogger(__name__)

EVERYTHING = ""
"""In the place of a family."""
SETTLE_S = 0.5
"""Results that come together are judged together."""


class QualityWatch:
    """`changed` never waits and may be called from any thread."""

    def __init__(self, hub: HubContext) -> None:
        self._hub = hub
        self._waiting: dict[Change, None] = {}
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="hub-quality", daemon=True)

    def start(self) -> None:
        """Begin with what changed while no hub was there."""
        if self._hub.is_synthetic:
            return
        self._hub.events.tap(self.changed)
        self.changed([Change("model", EVERYTHING)])
        self._thread.start()

    def stop(self) -> None:
        """End after the family that is being judged."""
        self._stopping.set()
        with self._changed:
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join()

    def changed(self, changes: Iterable[Change]) -> None:
        """Note what may need another verdict."""
        noted = [change for change in changes if change.kind in ("result", "model", "evaluation_set", "gate")]
        if noted:
            with self._changed:
                self._waiting.update(dict.fromkeys(noted))
                self._changed.notify()

    def _work(self) -> None:
        while not self._stopping.is_set():
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._stopping.is_set())
            self._hub.burst.wait_until_over(self._stopping)
            with self._changed:
                waiting, self._waiting = self._waiting, {}
            for family in self._known_families(waiting):
                if self._stopping.is_set():
                    return
                self._judge(family)
            self._stopping.wait(SETTLE_S)

    def _known_families(self, changes: Iterable[Change]) -> list[str]:
        """All of them where the database cannot say: this thread must not end."""
        try:
            return self._families(changes)
        except EdgeprofError as error:  # a damaged or full database has been named where it was met
            log.warning("quality.changes_unread reason=%s", error)
            return []
        except Exception:
            log.exception("quality.changes_unread")
            return [EVERYTHING]

    def _families(self, changes: Iterable[Change]) -> list[str]:
        """Those that a change may concern; of what was deleted nobody knows which."""
        found: dict[str, None] = {}
        for change in changes:
            if change.kind == "gate":
                found[change.id] = None
            elif change.kind != "result":
                return [EVERYTHING]
            else:
                model_id = self._hub.reader.evaluations.model_of(change.id)
                if model_id is None:
                    continue
                model = self._hub.reader.model(model_id) if model_id else None
                if model is None:
                    return [EVERYTHING]
                found[model.family] = None
        return list(found)

    def _judge(self, family: str) -> None:
        try:
            if family == EVERYTHING:
                refresh_all(self._hub)
            else:
                refresh(self._hub, family)
        except EdgeprofError as error:
            log.warning("quality.not_judged family=%s reason=%s", family, error)
        except Exception:
            log.exception("quality.failed family=%s", family)
