"""Predictions beside the matrix: for cells without a measurement, and how predictions of measured cells came out."""

import logging
import math
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal
from weakref import WeakKeyDictionary

from edgeprof.prediction.cold import ranged
from edgeprof.prediction.constants import COLD, PROBED_SPREAD
from edgeprof.prediction.fitting import MIN_EXAMPLES
from edgeprof.prediction.predicted import Predicted
from edgeprof.prediction.roofline import METRIC, Kind, figure
from edgeprof.prediction.scoring import COVERED
from edgeprof_hub.prediction.neighbours import Guess, Neighbours
from edgeprof_hub.prediction.observed import Fleet, Observed, Pair, fleet_of
from edgeprof_hub.store.base import ReadStore

PredictedCells = Mapping[tuple[str, str], Predicted]
"""By model id and device id."""

MIN_AGE_S = 10.0
"""Predictions stay this long, whatever the hub has received since."""
MAX_SHARE = 0.02
"""Of one core's time that predictions may take on a busy hub: a larger fleet's are made less often."""
MAX_AT_ONCE = 2000
"""Cells of a fleet whose first page waits for its predictions, some 0.1 s."""
MAX_SCORED = 1500
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ScoredCell:
    """A measured pair beside what was predicted of it from everything but its own figure."""

    pair: Pair
    result_id: str
    metric: str
    method: str
    basis: str
    predicted: float
    measured: float
    log_ratio: float


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """Of one state of the hub."""

    cells: PredictedCells
    scored: Sequence[ScoredCell]
    measured: Mapping[Pair, tuple[str, str, float]]
    """Of each measured pair the newest result's id, the metric and the figure."""
    spreads: Mapping[tuple[Kind, str], float]
    """By kind and method, the logarithm of the factor that 90 % of this hub's scored cells keep to."""
    chosen: Mapping[str, str] = field(default_factory=lambda: {})
    """By model id the key of the configuration that its predictions are of; a model never run has none."""
    untold: int = 0
    """Pairs that nobody ran and that nothing can be predicted of, or that the device cannot run."""
    version: int = -1
    made_s: float = 0.0
    took_s: float = 0.0


@dataclass
class _Slot:
    """The newest predictions of one store."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    made: Predictions | None = None
    is_working: bool = False


_SLOTS: WeakKeyDictionary[ReadStore, _Slot] = WeakKeyDictionary()
_SLOTS_LOCK = threading.Lock()


def predicted_cells(store: ReadStore) -> PredictedCells:
    """For pairs that nobody has run: the cells of `latest_predictions`; none while the first are made."""
    made = latest_predictions(store)
    return {} if made is None else made.cells


def latest_predictions(store: ReadStore) -> Predictions | None:
    """The last ones; older than `MIN_AGE_S`, they are made again on a thread of their own.

    None: a large fleet's first ones are being made. A small fleet's first ones are made now.
    """
    slot = _slot(store)
    made = slot.made
    if made is None:
        if len(store.columns()) * len(store.devices()) <= MAX_AT_ONCE:
            return current_predictions(store)
        _start(store, slot)
        return None
    old_s = time.monotonic() - made.made_s
    if old_s > max(MIN_AGE_S, made.took_s / MAX_SHARE) and made.version != store.version():
        _start(store, slot)
    return made


def predicted_set_ups(store: ReadStore) -> Mapping[str, str]:
    """By model id the key of the configuration that the newest predictions are of. Makes none."""
    made = _slot(store).made
    return {} if made is None else made.chosen


def current_predictions(store: ReadStore) -> Predictions:
    """Those of the hub's present state; made now where they are older."""
    slot = _slot(store)
    version = store.version()
    with slot.lock:
        if slot.made is None or slot.made.version != version:
            started_s = time.monotonic()
            made = make_predictions(fleet_of(store))
            now_s = time.monotonic()
            slot.made = replace(made, version=version, made_s=now_s, took_s=now_s - started_s)
        return slot.made


def make_predictions(fleet: Fleet) -> Predictions:
    """All of them. Ranges are this hub's own misses where it has 5, else those of the public rows."""
    neighbours = Neighbours(fleet, COLD)
    scored = _scored(fleet, neighbours)
    spreads = _spreads(fleet, scored)
    pairs = [(model_id, device_id) for model_id in fleet.works for device_id in fleet.devices]
    guesses = {
        pair: None if pair in fleet.impossible else neighbours.guess(pair) for pair in pairs if pair not in fleet.seen
    }
    cells = {
        pair: _predicted(fleet.works[pair[0]].kind, guess, spreads)
        for pair, guess in guesses.items()
        if guess is not None
    }
    measured = {pair: (one.result_id, *_figure(fleet, one)) for pair, one in fleet.observed.items()}
    return Predictions(
        cells=cells,
        scored=scored,
        measured=measured,
        spreads=spreads,
        chosen=fleet.chosen,
        untold=len(guesses) - len(cells),
    )


def _figure(fleet: Fleet, one: Observed) -> tuple[str, float]:
    kind = fleet.works[one.pair[0]].kind
    return METRIC[kind], figure(kind, one.step_s)


def _slot(store: ReadStore) -> _Slot:
    with _SLOTS_LOCK:
        return _SLOTS.setdefault(store, _Slot())


def _start(store: ReadStore, slot: _Slot) -> None:
    if slot.is_working:
        return
    slot.is_working = True

    def work() -> None:
        try:
            current_predictions(store)
        except sqlite3.Error as error:  # the hub stops, or its file is broken: a page says so
            log.info("predictions.left_out %s", error)
        finally:
            slot.is_working = False

    threading.Thread(target=work, name="hub-predictions", daemon=True).start()


def _scored(fleet: Fleet, neighbours: Neighbours) -> list[ScoredCell]:
    found: list[ScoredCell] = []
    every = -(-len(fleet.observed) // MAX_SCORED) or 1  # of a very large fleet one in so many
    for pair, one in list(fleet.observed.items())[::every]:
        kind = fleet.works[pair[0]].kind
        guess = neighbours.guess(pair)
        if guess is not None:
            predicted, measured = figure(kind, guess.step_s), figure(kind, one.step_s)
            found.append(
                ScoredCell(
                    pair=pair,
                    result_id=one.result_id,
                    metric=METRIC[kind],
                    method=guess.method,
                    basis=guess.basis,
                    predicted=predicted,
                    measured=measured,
                    log_ratio=abs(math.log(predicted / measured)),
                )
            )
    return found


def _spreads(fleet: Fleet, scored: Iterable[ScoredCell]) -> dict[tuple[Kind, str], float]:
    misses: defaultdict[tuple[Kind, str], list[float]] = defaultdict(list)
    for one in scored:
        misses[fleet.works[one.pair[0]].kind, one.method].append(one.log_ratio)
    return {
        key: sorted(values)[math.ceil(COVERED * len(values)) - 1]
        for key, values in misses.items()
        if len(values) >= MIN_EXAMPLES
    }


def _predicted(kind: Kind, guess: Guess, spreads: Mapping[tuple[Kind, str], float]) -> Predicted:
    """The public rows scored two probes on the board itself, and boards that ran nothing: `PROBED_SPREAD`, `COLD`.

    What other boards tell was scored by neither. Until this hub has its own misses, it gets the wider range.
    """
    public = PROBED_SPREAD[kind] if guess.method == "two models here" else COLD[kind, "cpu"].spread
    tier: Literal["cold", "probed"] = "cold" if guess.method in ("profile alone", "same board kind") else "probed"
    return ranged(kind, guess.step_s, spreads.get((kind, guess.method), public), tier, guess.basis)
