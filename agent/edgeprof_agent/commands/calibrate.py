"""`edgeprof calibrate`: runs of one and the same set-up teach what two runs on this machine may differ by (A/A)."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path

import click
import msgspec

from edgeprof.commands.grouped_help import GroupedCommand
from edgeprof.commands.options import FiniteRange
from edgeprof.compare import noise_floors as learning
from edgeprof.compare.sources import SERIES, Run, default_series
from edgeprof.errors import EdgeprofError
from edgeprof.statistics.calibration import MIN_RUNS
from edgeprof.statistics.verdict import DEFAULT_FLOOR
from edgeprof.wire.evidence import NoiseFloor
from edgeprof_agent import noise_floors
from edgeprof_agent.commands.profile_options import measuring_options
from edgeprof_agent.commands.profile_request import parse_options
from edgeprof_agent.commands.profile_run import INTERRUPTED, run_shown, setups_named
from edgeprof_agent.commands.view.words import percent, plural
from edgeprof_agent.runtimes import registry
from edgeprof_agent.series.interleaving import interleaved
from edgeprof_agent.series.running import SeriesState
from edgeprof_agent.series.storage import Keeper, plan_of

_DEFAULTS = {"onnx": "digits-cnn-int8.onnx", "tflite": "digits-cnn-int8.tflite"}
_ORDER_SEED = 1
"""There is one set-up as a rule, and then no order to draw."""


@click.command(
    cls=GroupedCommand,
    as_in="edgeprof profile --help",
    shown=("runtime", "threads", "provider", "runs", "pause_s", "out", "as_json"),
)
@click.argument("model", required=False, type=click.Path(path_type=Path))
@measuring_options
@click.option(
    "--runs",
    type=click.IntRange(MIN_RUNS, 1000),
    default=10,
    show_default=True,
    metavar="N",
    help="More runs give a lower floor.",
)
@click.option(
    "--pause-s",
    type=FiniteRange(0, 86_400),
    default=0.0,
    show_default=True,
    metavar="NUMBER",
    help="Pause between two runs.",
)
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Save every result in this folder.")
@click.option("--json", "as_json", is_flag=True, help="Print only the noise floors, as JSON.")
def calibrate(model: Path | None, runs: int, pause_s: float, out: Path | None, as_json: bool, **options: object) -> int:
    """Measure this machine's noise floor from repeated runs of one set-up.

    The default MODEL is a small one that edgeprof ships. For claims about your own model, calibrate with that model.
    Later runs on this machine carry the floor, and `edgeprof compare` reports no difference below it.
    """
    noise_floors.check_file()
    request = parse_options(
        {**options, "energy": False}
    )  # a floor is of times; energy would make each run last minutes
    setups = setups_named([model or _bundled()], request)
    series = SeriesState(setups, interleaved(len(setups), runs, _ORDER_SEED))
    keeper = Keeper(out)
    keeper.begin(plan_of(setups, series.turns, _ORDER_SEED))
    unsaved = run_shown(series, request, keeper, lambda: time.sleep(pause_s))
    if series.interrupted:
        click.echo(f"Stopped after {series.done} of {len(series.turns)} runs. No noise floor was measured.", err=True)
        return INTERRUPTED
    date = datetime.now(timezone.utc).isoformat(timespec="seconds")
    taught = {index: _floors(series, index, date) for index in range(len(setups))}
    learned = [floor for floors in taught.values() if not isinstance(floors, EdgeprofError) for floor in floors]
    file = noise_floors.keep(learned) if learned else None
    if as_json and learned:
        click.echo(msgspec.json.format(msgspec.json.encode(learned)).decode())
    elif not as_json:
        _tell(series, taught)
    if file is not None and not as_json:
        click.echo(f"Saved in {file}. Later runs on this machine carry it.")
    if unsaved is not None:
        raise unsaved
    failed = [error for error in taught.values() if isinstance(error, EdgeprofError)]
    if failed:
        raise EdgeprofError(failed[0].code, " ".join(error.message for error in failed))
    return 0


def _tell(series: SeriesState, taught: Mapping[int, Sequence[NoiseFloor] | EdgeprofError]) -> None:
    for index, floors in taught.items():
        if not isinstance(floors, EdgeprofError):
            click.echo(_sentence(series, index, floors[0]))


def _bundled() -> Path:
    """The model for which a runtime is there; ONNX where none is, so that the error names how to install one."""
    from edgeprof_exports.bundle import FOLDER

    facts = registry.facts()
    there = [form for fact in facts if fact.version or fact.named_python for form in fact.formats if form in _DEFAULTS]
    return FOLDER / _DEFAULTS["tflite" if there and "onnx" not in there else "onnx"]


def _floors(series: SeriesState, index: int, date: str) -> list[NoiseFloor] | EdgeprofError:
    """One for each series of times that the runs have a median of, that which is compared as a rule first.

    An error is returned: what the other set-ups taught must not be lost with this one.
    """
    runs = series.measured(index)
    if len(runs) < MIN_RUNS:
        failures = [result.failure for result in series.failed(index) if result.failure]
        why = f" Last failure: {failures[-1].code}: {failures[-1].message}" if failures else ""
        turns = sum(turn.setup == index for turn in series.turns)
        return EdgeprofError(
            "too_few_runs",
            f"{series.setups[index].label}: only {len(runs)} of {turns} runs measured; a noise floor needs "
            f"{MIN_RUNS}.{why}",
        )
    try:
        return [learning.learn(runs, None, date), *_others(runs, date)]
    except EdgeprofError as error:
        return EdgeprofError(error.code, f"{series.setups[index].label}: {error.message}")


def _others(runs: list[Run], date: str) -> list[NoiseFloor]:
    """A language model is compared by other times than that between tokens, too, where its runs have them."""
    if default_series(runs[0].result) == "latency":
        return []
    found: list[NoiseFloor] = []
    for name in SERIES:
        try:
            found += [learning.learn(runs, name, date)] if name not in ("latency", "inter_token") else []
        except EdgeprofError:
            continue
    return found


def _sentence(series: SeriesState, index: int, floor: NoiseFloor) -> str:
    runs = series.measured(index)
    return (
        f"{series.setups[index].label}: the noise floor of {floor.series.replace('_', '-')} is "
        f"{percent(floor.floor)}. Two single runs on this machine must differ by more to get a verdict. Two "
        f"identical runs differ by up to {percent(floor.expected)} (95 % of pairs; interval {percent(floor.low)} "
        f"to {percent(floor.high)}, from {plural(floor.runs, 'run')}).{_doubt(runs, floor)}"
    )


def _doubt(runs: list[Run], floor: NoiseFloor) -> str:
    """What makes this floor one of a troubled machine."""
    marked = [run for run in runs if run.result.trust is not None and not run.result.trust.is_clean]
    found = [f"{len(marked)} of the runs carry a trust mark"] if marked else []
    if floor.floor > DEFAULT_FLOOR:
        found.append(f"this is above the {percent(DEFAULT_FLOOR)} assumed for an uncalibrated machine")
    return f" But {' and '.join(found)}: calibrate again when the machine is quiet." if found else ""
