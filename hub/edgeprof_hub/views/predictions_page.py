"""The page of predictions: how far off they were on what this hub has measured, and what it predicts now."""

import math
import statistics
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edgeprof.prediction.predicted import Predicted
from edgeprof.tables import figures
from edgeprof.wire import rest
from edgeprof.wire.metrics import METRICS
from edgeprof_hub.prediction.cells import Predictions, ScoredCell
from edgeprof_hub.store.predictions import Pair, RecordedPrediction

MAX_LINES = 200
METHODS = {
    "same board kind": "Same model, same board kind",
    "common models": "Models in common",
    "two models here": "Two models of the device",
    "profile alone": "The board's profile",
}
"""What each method is called on the page."""


@dataclass(frozen=True)
class MethodLine:
    """How one way to predict came out."""

    metric: str
    rests_on: str
    count: int
    median_percent: str
    worst_of_90_percent: str


@dataclass(frozen=True)
class ScoredLine:
    """One measured cell beside its prediction."""

    model: str
    model_id: str
    device: str
    device_id: str
    result_id: str
    predicted: str
    measured: str
    unit: str
    off_percent: str
    rests_on: str


@dataclass(frozen=True)
class KeptLine:
    """A prediction that was recorded, next to the measurement that came later."""

    model: str
    model_id: str
    device: str
    device_id: str
    result_id: str
    predicted: str
    span: str
    measured: str
    unit: str
    off_percent: str
    held: bool
    """Whether the measurement lies in the range."""
    made: str
    rests_on: str


@dataclass(frozen=True)
class OpenLine:
    """One cell without a measurement."""

    model: str
    model_id: str
    device: str
    device_id: str
    predicted: str
    span: str
    unit: str
    rests_on: str


@dataclass(frozen=True)
class PredictionsPage:
    """`scored` has the worst first; `more_scored`, `more_open`: how many lines were left out."""

    sentence: str
    kept_sentence: str
    kept: tuple[KeptLine, ...]
    methods: tuple[MethodLine, ...]
    scored: tuple[ScoredLine, ...]
    more_scored: int
    open: tuple[OpenLine, ...]
    more_open: int
    untold: int
    """Pairs that nobody ran and that nothing is predicted of."""


def predictions_page(
    made: Predictions,
    recorded: Mapping[Pair, RecordedPrediction],
    models: Iterable[rest.ModelRecord],
    devices: Iterable[rest.DeviceRecord],
) -> PredictionsPage:
    """The page of these predictions; names are looked up in what the hub has. What was deleted since is left out."""
    model_names = {each.model_id: each.name for each in models}
    labels = {each.device_id: each.label for each in devices}

    def is_there(pair: Pair) -> bool:
        return pair[0] in model_names and pair[1] in labels

    scored = [one for one in made.scored if is_there(one.pair)]
    worst = sorted(scored, key=lambda one: -one.log_ratio)
    waiting = sorted(
        ((pair, one) for pair, one in made.cells.items() if is_there(pair)),
        key=lambda item: (labels[item[0][1]], model_names[item[0][0]]),
    )
    kept = [
        _kept(pair, one, made.measured[pair], model_names, labels)
        for pair, one in sorted(recorded.items(), key=lambda item: -item[1].made_s)
        if is_there(pair) and pair in made.measured and made.measured[pair][1] == one.predicted.metric
    ]
    return PredictionsPage(
        sentence=_sentence(scored),
        kept_sentence=_kept_sentence(recorded, made),
        kept=tuple(kept[:MAX_LINES]),
        methods=tuple(_methods(scored)),
        scored=tuple(_scored(one, model_names, labels) for one in worst[:MAX_LINES]),
        more_scored=max(0, len(worst) - MAX_LINES),
        open=tuple(_open(pair, each, model_names, labels) for pair, each in waiting[:MAX_LINES]),
        more_open=max(0, len(waiting) - MAX_LINES),
        untold=made.untold,
    )


def off(one: ScoredCell) -> float:
    """By how much the prediction is off, in % of the measurement.

    A rate that is half as high is 50 % off; a time that is twice as long, 100 %.
    """
    return 100 * abs(one.predicted / one.measured - 1)


def _sentence(scored: Iterable[ScoredCell]) -> str:
    found = [off(one) for one in scored]
    if not found:
        return "Nothing to score yet: a prediction needs a measured neighbour of the cell."
    return f"Predictions of {len(found)} measured cells are off by {statistics.median(found):.0f} % at the median."


def _kept_sentence(recorded: Mapping[Pair, RecordedPrediction], made: Predictions) -> str:
    ratios = [
        (abs(one.predicted.value / value - 1), one.predicted.low <= value <= one.predicted.high)
        for pair, one in recorded.items()
        for _, metric, value in [made.measured.get(pair, ("", "", 0.0))]
        if metric == one.predicted.metric
    ]
    if not ratios:
        return "No recorded prediction has been measured yet."
    median = 100 * statistics.median(off for off, _ in ratios)
    held = sum(held for _, held in ratios)
    return f"{len(ratios)} were measured later: off by {median:.0f} % at the median, {held} in their range."


def _kept(
    pair: Pair,
    one: RecordedPrediction,
    measured: tuple[str, str, float],
    models: Mapping[str, str],
    labels: Mapping[str, str],
) -> KeptLine:
    result_id, metric, value = measured
    places = figures.decimals(one.predicted.value)
    return KeptLine(
        model=figures.clean(models[pair[0]]),
        model_id=pair[0],
        device=figures.clean(labels[pair[1]]),
        device_id=pair[1],
        result_id=result_id,
        predicted=figures.number(one.predicted.value),
        span=f"{figures.number(one.predicted.low, places)} to {figures.number(one.predicted.high, places)}",
        measured=figures.number(value),
        unit=METRICS[metric].unit,
        off_percent=f"{100 * abs(one.predicted.value / value - 1):.0f} %",
        held=one.predicted.low <= value <= one.predicted.high,
        made=time.strftime("%Y-%m-%d %H:%M", time.gmtime(one.made_s)),
        rests_on=one.predicted.basis,
    )


def _methods(scored: Iterable[ScoredCell]) -> Iterable[MethodLine]:
    found: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for one in scored:
        found[one.metric, one.method].append(off(one))
    for (metric, method), values in sorted(found.items()):
        yield MethodLine(
            metric=METRICS[metric].title,
            rests_on=METHODS[method],
            count=len(values),
            median_percent=f"{statistics.median(values):.0f} %",
            worst_of_90_percent=f"{sorted(values)[math.ceil(0.9 * len(values)) - 1]:.0f} %",
        )


def _scored(one: ScoredCell, models: Mapping[str, str], labels: Mapping[str, str]) -> ScoredLine:
    model_id, device_id = one.pair
    return ScoredLine(
        model=figures.clean(models[model_id]),
        model_id=model_id,
        device=figures.clean(labels[device_id]),
        device_id=device_id,
        result_id=one.result_id,
        predicted=figures.number(one.predicted),
        measured=figures.number(one.measured),
        unit=METRICS[one.metric].unit,
        off_percent=f"{off(one):.0f} %",
        rests_on=one.basis,
    )


def _open(pair: tuple[str, str], one: Predicted, models: Mapping[str, str], labels: Mapping[str, str]) -> OpenLine:
    model_id, device_id = pair
    places = figures.decimals(one.value)
    return OpenLine(
        model=figures.clean(models[model_id]),
        model_id=model_id,
        device=figures.clean(labels[device_id]),
        device_id=device_id,
        predicted=figures.number(one.value),
        span=f"{figures.number(one.low, places)} to {figures.number(one.high, places)}",
        unit=METRICS[one.metric].unit,
        rests_on=one.basis,
    )
