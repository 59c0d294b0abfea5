"""A device's noise floor between its wire form, its file and the statistics: learned, read, told, and found fitting."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import msgspec

from edgeprof.compare.sources import Run, Series, default_series, estimates
from edgeprof.errors import EdgeprofError
from edgeprof.statistics import calibration
from edgeprof.statistics.verdict import DEFAULT_FLOOR
from edgeprof.wire.evidence import NoiseFloor

_REPLICATES = 4
"""Runs of both sides together from which statistics/verdict.py takes their spread from the runs themselves."""


def learn(runs: Sequence[Run], series: Series | None, date: str) -> NoiseFloor:
    """What two runs of one set-up may differ by, from several of them."""
    first = runs[0].result
    if len(runs) < calibration.MIN_RUNS:
        raise EdgeprofError(
            "too_few_runs", f"A noise floor needs at least {calibration.MIN_RUNS} runs; this has {len(runs)}."
        )
    if any(_setup(run) != _setup(runs[0]) for run in runs):
        raise EdgeprofError(
            "not_one_setup",
            "These runs differ in device, model or configuration. A noise floor needs runs of one set-up.",
        )
    series = series or default_series(first)
    learned = calibration.noise_floor(estimates(runs, series), date)
    return NoiseFloor(
        floor=learned.floor,
        expected=learned.expected,
        low=learned.low,
        high=learned.high,
        within_run=learned.within_run,
        runs=learned.runs,
        date=learned.date,
        device_id=first.device_id,
        model_name=first.model_name,
        config_key=first.config_key,
        series=series,
        model_id=first.model_id,
    )


class _Kept(msgspec.Struct):
    """An entry of the file that the agent keeps, see agent/edgeprof_agent/noise_floors.py."""

    floor: NoiseFloor


def read(path: Path) -> list[NoiseFloor]:
    """What `--learn-floor` wrote, `calibrate --json` printed, or the agent keeps: a floor or a list of them."""
    try:
        data = path.read_bytes()
        raw: object = msgspec.json.decode(data)
        listed = cast("list[object]", raw) if isinstance(raw, list) else [raw]
        if not listed:
            raise msgspec.ValidationError("an empty list")
        return [_one(each) for each in listed]
    except OSError as error:
        raise EdgeprofError("no_such_file", f"Cannot read the noise floor {path}: {error.strerror}.") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise EdgeprofError(
            "not_a_floor", f"{path} is not a noise floor ({error}). Make one with --learn-floor."
        ) from error


def _one(raw: object) -> NoiseFloor:
    if isinstance(raw, dict) and "floor" in raw and isinstance(raw["floor"], dict):
        return msgspec.convert(raw, _Kept).floor
    return msgspec.convert(raw, NoiseFloor)


def text_of(floor: NoiseFloor) -> str:
    """One sentence."""
    return (
        f"Two runs of {floor.model_name} on {floor.device_id} differ by up to {floor.expected:.1%} in "
        f"{floor.series} (95 % interval {floor.low:.1%} to {floor.high:.1%}, {floor.runs} runs). `edgeprof "
        f"compare` reports no difference below {floor.floor:.1%} between two single runs."
    )


def fitting(
    given: Sequence[NoiseFloor], series: str, runs: Sequence[Run]
) -> tuple[calibration.LearnedFloor | None, list[str]]:
    """The floor for these runs, and what to warn of: of those given, else of those that the results carry.

    A floor holds for its own device and series only. Where each run's set-up has its own, the largest of them is used,
    each the newest of its set-up. Where one has none, a floor of another set-up stands in and may only make the verdict
    more careful: it widens what replicates tell, and between single runs it counts where it is above the default.
    """
    found = [floor for floor in given or _carried(runs) if _fits(floor, series, runs)]
    if not found:
        known = ", ".join(dict.fromkeys(f"{floor.series} of {floor.device_id}" for floor in given))
        return None, [f"noise floor ignored: it was measured on {known}"] if given else []
    own = [_newest([floor for floor in found if _is_of(floor, run)]) for run in runs]
    known_ones = [floor for floor in own if floor is not None]
    if len(known_ones) == len(runs):
        return _known(max(known_ones, key=lambda floor: floor.floor)), []
    standing_in = max(known_ones or [_last(found)], key=lambda floor: floor.floor)
    warning = f"the noise floor was measured on another set-up ({standing_in.model_name})"
    if len(runs) >= _REPLICATES:
        return _known(standing_in), [f"{warning}; it can only widen the spread of the repeats"]
    warning += f"; where it is smaller, {DEFAULT_FLOOR:.0%} is assumed"
    if standing_in.floor <= DEFAULT_FLOOR:
        return None, [warning]
    return _known(replace(standing_in, within_run=0.0)), [warning]


def _carried(runs: Sequence[Run]) -> list[NoiseFloor]:
    lead = [run.result.noise_floor for run in runs if run.result.noise_floor is not None]
    return [*lead, *(floor for run in runs for floor in run.result.noise_floors)]


def _newest(floors: Sequence[NoiseFloor]) -> NoiseFloor | None:
    return _last(floors) if floors else None


def _last(floors: Sequence[NoiseFloor]) -> NoiseFloor:
    return max(floors, key=lambda floor: floor.date)


def _is_of(floor: NoiseFloor, run: Run) -> bool:
    return floor.is_of(run.result.model_id, run.result.config_key)


def _fits(floor: NoiseFloor, series: str, runs: Sequence[Run]) -> bool:
    return floor.series == series and all(run.result.device_id == floor.device_id for run in runs)


def _known(floor: NoiseFloor) -> calibration.LearnedFloor:
    return calibration.LearnedFloor(
        floor=floor.floor,
        expected=floor.expected,
        low=floor.low,
        high=floor.high,
        within_run=floor.within_run,
        runs=floor.runs,
        date=floor.date,
    )


def _setup(run: Run) -> tuple[str, str, str]:
    return run.result.device_id, run.result.model_id, run.result.config_key
