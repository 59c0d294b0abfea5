"""What the API answers about cells that nobody has measured."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PredictionRecord:
    """A predicted figure of a model on a device, never a measurement. The value has the metric's unit.

    `tier`: cold, from the device's profile and other machines; probed, after two measured models on the device.
    `low` to `high` held 90 % of the scored predictions made in the same way.
    """

    model_id: str
    device_id: str
    metric: str
    value: float
    low: float
    high: float
    tier: str
    basis: str


@dataclass(frozen=True, kw_only=True)
class ScoredPrediction:
    """A measured cell beside what was predicted of it from everything but its own figure."""

    model_id: str
    device_id: str
    result_id: str
    metric: str
    predicted: float
    measured: float
    method: str


@dataclass(frozen=True, kw_only=True)
class PredictionsAnswer:
    """`made`: false while a large fleet's first predictions are being made. Ask again after a minute.

    `untold`: pairs that nobody ran and that nothing can be predicted of. `more`: predictions beyond `limit`.
    """

    made: bool
    predictions: tuple[PredictionRecord, ...] = ()
    more: int = 0
    scored: tuple[ScoredPrediction, ...] = ()
    untold: int = 0
