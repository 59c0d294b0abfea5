"""By how much a figure may change from run to run: learned where its device was calibrated, else assumed."""

import math
from collections.abc import Iterable

from edgeprof.tables import figures
from edgeprof.wire import rest
from edgeprof.wire.evidence import NoiseFloor

ASSUMED = 0.05
"""Of the value, at both ends of an interval: nobody has measured how much this device's runs differ."""

_GENERATING = frozenset({"inter_token", "decode"})
_READING = frozenset({"prefill", "ttft"})
_MEDIANS: dict[str, frozenset[str]] = {
    "latency_p50_ms": frozenset({"latency"}),
    "inter_token_p50_ms": _GENERATING,
    "decode_tokens_per_s": _GENERATING,
    "prefill_tokens_per_s": _READING,
    "ttft_ms": _READING,
}
"""Figures that a calibration speaks of, and the series that it may have been learned on."""
_TAILS: dict[str, frozenset[str]] = {
    **dict.fromkeys(
        ("latency_p90_ms", "latency_p95_ms", "latency_p99_ms", "latency_p999_ms", "latency_mean_ms"),
        _MEDIANS["latency_p50_ms"],
    ),
    "throughput_per_s": _MEDIANS["latency_p50_ms"],
    "inter_token_p95_ms": _GENERATING,
    "inter_token_p99_ms": _GENERATING,
}
"""Figures of the same series that are no medians: they differ at least as much from run to run."""
_MOST_NAMED = 4


def share(cell: rest.Cell, metric: str) -> float:
    """What one run's figure may be off by, as a share of it.

    Two runs of one set-up differ by at most the floor F, so that log (1 + F) is 1.96 standard deviations of a
    difference, and one run's own part of it is log (1 + F) / sqrt 2. Two intervals that are widened by their own parts
    and still apart differ by more than the floor, whichever two devices they are of.
    """
    floor = learned(cell, metric)
    if floor is None:
        return ASSUMED
    own = math.expm1(math.log1p(floor.floor) / math.sqrt(2))
    return own if metric in _MEDIANS else max(own, ASSUMED)


def learned(cell: rest.Cell, metric: str) -> NoiseFloor | None:
    """The cell's noise floor, where it was learned on this device and on the series that the metric is of."""
    floor = cell.noise_floor
    fitting = _MEDIANS.get(metric) or _TAILS.get(metric) or frozenset[str]()
    usable = floor and floor.device_id == cell.device_id and floor.series in fitting and math.isfinite(floor.floor)
    return floor if usable else None


def legend(table: rest.CompareTable, metrics: Iterable[str]) -> str:
    """Which allowance the marks of these metrics rest on; empty where there is no mark."""
    wanted = frozenset(metrics)
    marked = {mark.metric for cell in table.cells for mark in cell.marks} & wanted
    pairs = [(cell, metric) for cell in table.cells for metric in marked if _has_interval(cell, metric)]
    labels = {device.device_id: device.label for device in table.devices}
    named = list(dict.fromkeys(_named(floor, labels) for cell, metric in pairs if (floor := learned(cell, metric))))
    if not pairs:
        return ""
    assumed = f"{ASSUMED * 100:g} % of the figure, which is assumed"
    if not named:
        return f"Widened by {assumed}: no device here has been calibrated (`edgeprof calibrate`)."
    more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    text = f"Widened by what calibration found: {'; '.join(named[:_MOST_NAMED])}{more}"
    rest_of = any(learned(cell, metric) is None for cell, metric in pairs)
    return f"{text}. Elsewhere by {assumed}." if rest_of else f"{text}."


def floor_text(floor: NoiseFloor) -> str:
    """`two runs may differ by 3.2 % (20 runs of digits-cnn, 2026-11-25)`."""
    learned_on = f"{floor.runs} runs of {figures.clean(floor.model_name)}, {figures.clean(floor.date)}"
    return f"two runs may differ by {figures.percent(floor.floor)} ({learned_on})"


def _named(floor: NoiseFloor, labels: dict[str, str]) -> str:
    return f"on {figures.clean(labels.get(floor.device_id, floor.device_id))} {floor_text(floor)}"


def _has_interval(cell: rest.Cell, metric: str) -> bool:
    row = cell.metrics.get(metric)
    return cell.ranked and row is not None and row.ci_low is not None
