"""By how much a figure may change from run to run: learned where its very set-up was calibrated, else assumed."""

import math
from collections.abc import Iterable, Iterator, Mapping

from edgeprof.tables import figures
from edgeprof.wire import rest
from edgeprof.wire.evidence import NoiseFloor

ASSUMED = 0.05
"""Of the value, at both ends of an interval: nobody has measured how much this device's runs differ."""

_MEDIANS: dict[str, tuple[str, ...]] = {
    "latency_p50_ms": ("latency",),
    "inter_token_p50_ms": ("inter_token", "decode"),
    "decode_tokens_per_s": ("decode", "inter_token"),
    "prefill_tokens_per_s": ("prefill", "ttft"),
    "ttft_ms": ("ttft", "prefill"),
}
"""Figures that a calibration speaks of, and the series that it may have been learned on, the figure's own first."""
_TAILS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("latency_p90_ms", "latency_p95_ms", "latency_p99_ms", "latency_p999_ms", "latency_mean_ms"),
        _MEDIANS["latency_p50_ms"],
    ),
    "throughput_per_s": _MEDIANS["latency_p50_ms"],
    "inter_token_p95_ms": _MEDIANS["inter_token_p50_ms"],
    "inter_token_p99_ms": _MEDIANS["inter_token_p50_ms"],
}
"""Figures of the same series that are no medians: they differ at least as much from run to run."""
_MAX_NAMED = 4


def share(cell: rest.Cell, metric: str) -> float:
    """What one run's figure may be off by, as a share of it.

    Two runs of one set-up differ by at most the floor F, so that log (1 + F) is 1.96 standard deviations of a
    difference, and one run's own part of it is log (1 + F) / sqrt 2. Two intervals that are widened by their own parts
    and still apart differ by more than the floor, whichever two devices they are of.
    """
    return share_of({series: floor.floor for series, floor in _usable(cell).items()}, metric)


def share_of(floors: Mapping[str, float], metric: str) -> float:
    """`share` by the noise floors of the set-up, by series."""
    known = (floors[series] for series in _series_of(metric) if series in floors)
    floor = next(filter(math.isfinite, known), None)
    if floor is None:
        return ASSUMED
    own = math.expm1(math.log1p(floor) / math.sqrt(2))
    return own if metric in _MEDIANS else max(own, ASSUMED)


def learned(cell: rest.Cell, metric: str) -> NoiseFloor | None:
    """The cell's noise floor in the metric's series, where it was learned on this very device, model, configuration."""
    usable = _usable(cell)
    return next((usable[series] for series in _series_of(metric) if series in usable), None)


def legend(table: rest.CompareTable, metrics: Iterable[str]) -> str:
    """Which allowance the marks of these metrics rest on; empty where there is no mark."""
    wanted = frozenset(metrics)
    marked = {mark.metric for cell in table.cells for mark in cell.marks} & wanted
    if not any(True for _ in _with_interval(table.cells, marked)):
        return ""
    labels = {device.device_id: device.label for device in table.devices}
    calibrated = [cell for cell in table.cells if cell.noise_floor is not None or cell.noise_floors]
    pairs = _with_interval(calibrated, marked)
    named = list(dict.fromkeys(_named(floor, labels) for cell, metric in pairs if (floor := learned(cell, metric))))
    assumed = f"an assumed {ASSUMED * 100:g} %"
    if not named:
        return f"Widened by {assumed}: no set-up here is calibrated. Calibrate with `edgeprof calibrate`."
    more = f" and {len(named) - _MAX_NAMED} more" if len(named) > _MAX_NAMED else ""
    text = f"Widened by the calibrated noise floor: {'; '.join(named[:_MAX_NAMED])}{more}"
    rest_of = any(learned(cell, metric) is None for cell, metric in _with_interval(table.cells, marked))
    return f"{text}. Elsewhere by {assumed}." if rest_of else f"{text}."


def floor_text(floor: NoiseFloor) -> str:
    """`two runs may differ by 3.2 % (20 runs of digits-cnn, 2026-11-25)`."""
    learned_on = f"{floor.runs} runs of {figures.clean(floor.model_name)}, {figures.clean(floor.date)}"
    return f"two runs may differ by {figures.percent(floor.floor)} ({learned_on})"


def _series_of(metric: str) -> tuple[str, ...]:
    return _MEDIANS.get(metric) or _TAILS.get(metric) or ()


def _usable(cell: rest.Cell) -> dict[str, NoiseFloor]:
    if cell.noise_floor is None and not cell.noise_floors:
        return {}
    floors = [cell.noise_floor, *cell.noise_floors]
    return {floor.series: floor for floor in floors if floor is not None and _holds(floor, cell)}


def _holds(floor: NoiseFloor, cell: rest.Cell) -> bool:
    own = floor.device_id == cell.device_id and floor.is_of(cell.model_id, cell.config_key)
    return own and math.isfinite(floor.floor)


def _named(floor: NoiseFloor, labels: dict[str, str]) -> str:
    return f"on {figures.clean(labels.get(floor.device_id, floor.device_id))} {floor_text(floor)}"


def _with_interval(cells: Iterable[rest.Cell], metrics: Iterable[str]) -> Iterator[tuple[rest.Cell, str]]:
    """Ranked cells and those of their figures that have an interval."""
    for cell in cells:
        for metric in metrics if cell.ranked else ():
            row = cell.metrics.get(metric)
            if row is not None and row.ci_low is not None:
                yield cell, metric
