"""Predicts again after a change, off every page's path, and records what stands: later measurements score it."""

import logging
import threading
import time
from collections.abc import Iterable, Mapping

from edgeprof.prediction.predicted import Predicted
from edgeprof_hub.context import HubContext
from edgeprof_hub.events import Change
from edgeprof_hub.prediction.cells import MAX_SHARE, current_predictions
from edgeprof_hub.store import predictions as store_predictions
from edgeprof_hub.store.predictions import Pair, RecordedPrediction

log = logging.getLogger(__name__)

SETTLE_S = 2.0
"""Results that come together are predicted from together."""
_SAME = 0.01
"""A figure that moved by less is not written again."""


class PredictionWatch:
    """`changed` never waits and may be called from any thread."""

    def __init__(self, hub: HubContext) -> None:
        self._hub = hub
        self._has_news = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="hub-prediction-watch", daemon=True)

    def start(self) -> None:
        """Begin with what changed while no hub was there. What was made up is not predicted from."""
        if not self._hub.is_synthetic:
            self._hub.events.tap(self.changed)
            self._has_news.set()
            self._thread.start()

    def stop(self) -> None:
        """End after the predictions that are being made."""
        self._stopping.set()
        self._has_news.set()
        if self._thread.ident is not None:
            self._thread.join()

    def changed(self, changes: Iterable[Change]) -> None:
        """Note that something may be predicted in another way."""
        if any(change.kind in ("result", "model", "device") for change in changes):
            self._has_news.set()

    def _work(self) -> None:
        while True:
            self._has_news.wait()
            if self._stopping.wait(SETTLE_S) or self._hub.burst.wait_until_over(self._stopping):
                return
            self._has_news.clear()
            started_s = time.monotonic()
            try:
                self._record()
            except Exception as error:
                known = self._hub.trouble(error)
                log.error("predictions.not_recorded error=%s", error, exc_info=None if known else error)
            if self._stopping.wait((time.monotonic() - started_s) / MAX_SHARE):
                return

    def _record(self) -> None:
        made = current_predictions(self._hub.reader).cells
        news = changed_predictions(made, self._hub.reader.predictions.recorded())
        if news:
            self._hub.writer.post(lambda store: store.change(lambda db: store_predictions.save(db, news, time.time())))


def changed_predictions(
    made: Mapping[Pair, Predicted], recorded: Mapping[Pair, RecordedPrediction]
) -> dict[Pair, Predicted]:
    """Those that are new, or that moved by more than 1 %."""
    return {pair: one for pair, one in made.items() if pair not in recorded or _moved(one, recorded[pair].predicted)}


def _moved(one: Predicted, other: Predicted) -> bool:
    if (one.metric, one.tier, one.basis) != (other.metric, other.tier, other.basis):
        return True
    pairs = ((one.value, other.value), (one.low, other.low), (one.high, other.high))
    return any(abs(new - old) > _SAME * abs(old) for new, old in pairs)
