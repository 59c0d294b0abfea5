"""A device's noise floor between its wire form, its file and the statistics: learned, read, told, and found fitting."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from edgeprof.compare_sources import Run, Series, default_series, estimates
from edgeprof.errors import EdgeprofError
from edgeprof.statistics import calibration
from edgeprof.wire.evidence import NoiseFloor


def learn(runs: Sequence[Run], series: Series | None, date: str) -> NoiseFloor:
    """What two runs of one set-up may differ by, from several of them."""
    first = runs[0].result
    if len(runs) < calibration.FEWEST_RUNS:
        raise EdgeprofError(
            "too_few_runs", f"A noise floor takes at least {calibration.FEWEST_RUNS} runs; these are {len(runs)}."
        )
    if any(_setup(run) != _setup(runs[0]) for run in runs):
        raise EdgeprofError("not_one_setup", "These runs are not all of one device, model and configuration.")
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
    )


def read(path: Path) -> NoiseFloor:
    """A noise floor that `--learn-floor` wrote."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=NoiseFloor)
    except OSError as error:
        raise EdgeprofError("no_such_file", f"The noise floor {path} cannot be read: {error.strerror}.") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise EdgeprofError(
            "not_a_floor", f"{path} is no noise floor ({error}). Make one with --learn-floor."
        ) from error


def text_of(floor: NoiseFloor) -> str:
    """One sentence."""
    return (
        f"Two runs of {floor.model_name} on {floor.device_id} may differ by {floor.expected:.1%} in {floor.series} "
        f"(95 % interval {floor.low:.1%} to {floor.high:.1%}, {floor.runs} runs); "
        f"nothing below {floor.floor:.1%} will be claimed of two single runs."
    )


def fitting(
    given: NoiseFloor | None, series: str, runs: Sequence[Run]
) -> tuple[calibration.NoiseFloor | None, list[str]]:
    """The floor for these runs, and what to warn of: the one given, else the newest that the results carry.

    A floor holds for its own device and series only; on another model or configuration it is used, and that is said.
    """
    if given is not None and not _fits(given, series, runs):
        return None, [f"the noise floor is not used: it was learned on {given.series} of {given.device_id}"]
    floor = given or _carried(series, runs)
    if floor is None:
        return None, []
    alien = any(run.result.config_key != floor.config_key or run.result.model_name != floor.model_name for run in runs)
    return _known(floor), [f"the noise floor was learned on another set-up ({floor.model_name})"] if alien else []


def _carried(series: str, runs: Sequence[Run]) -> NoiseFloor | None:
    carried = [run.result.noise_floor for run in runs if run.result.noise_floor is not None]
    fitting_ones = [floor for floor in carried if _fits(floor, series, runs)]
    return max(fitting_ones, key=lambda floor: floor.date, default=None)


def _fits(floor: NoiseFloor, series: str, runs: Sequence[Run]) -> bool:
    return floor.series == series and all(run.result.device_id == floor.device_id for run in runs)


def _known(floor: NoiseFloor) -> calibration.NoiseFloor:
    return calibration.NoiseFloor(
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
