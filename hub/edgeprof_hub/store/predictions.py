"""The newest prediction of each pair that nobody had run: it stays as it was when the measurement came."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from edgeprof.prediction.predicted import Predicted, Tier

TABLE = """CREATE TABLE prediction (
    model_id TEXT NOT NULL REFERENCES model (model_id) ON DELETE CASCADE,
    device_id TEXT NOT NULL REFERENCES device (device_id) ON DELETE CASCADE,
    metric TEXT NOT NULL, value REAL NOT NULL, low REAL NOT NULL, high REAL NOT NULL,
    tier TEXT NOT NULL, basis TEXT NOT NULL, made_s REAL NOT NULL,
    PRIMARY KEY (model_id, device_id)) STRICT"""
_SAVE = """INSERT INTO prediction (model_id, device_id, metric, value, low, high, tier, basis, made_s)
    SELECT model.model_id, device.device_id, ?, ?, ?, ?, ?, ?, ? FROM model, device
    WHERE model.model_id = ? AND device.device_id = ?
    ON CONFLICT DO UPDATE SET metric = excluded.metric, value = excluded.value, low = excluded.low,
        high = excluded.high, tier = excluded.tier, basis = excluded.basis, made_s = excluded.made_s"""
"""A model or device that was deleted meanwhile gets no row."""
Pair = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class RecordedPrediction:
    """A prediction and when it was made, by the hub's clock."""

    predicted: Predicted
    made_s: float


class PredictionReader:
    """Queries on the reader's own connections."""

    def __init__(self, ask: Callable[[str, Sequence[object]], list[sqlite3.Row]]) -> None:
        self._ask = ask

    def recorded(self) -> dict[Pair, RecordedPrediction]:
        """All of them, by model and device."""
        found = self._ask("SELECT * FROM prediction", ())
        return {(str(row["model_id"]), str(row["device_id"])): _recorded(row) for row in found}


def save(connection: sqlite3.Connection, predictions: Mapping[Pair, Predicted], made_s: float) -> None:
    """Replace those of these pairs."""
    connection.executemany(
        _SAVE,
        [
            (one.metric, one.value, one.low, one.high, one.tier, one.basis, made_s, *pair)
            for pair, one in predictions.items()
        ],
    )


def _recorded(row: sqlite3.Row) -> RecordedPrediction:
    predicted = Predicted(
        metric=row["metric"],
        value=row["value"],
        low=row["low"],
        high=row["high"],
        tier=cast("Tier", row["tier"]),
        basis=row["basis"],
    )
    return RecordedPrediction(predicted=predicted, made_s=row["made_s"])
