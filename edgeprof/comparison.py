"""Two sides of runs to a report, a folder of runs to a noise floor, and both as text."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from edgeprof import comparability
from edgeprof.compare_sources import Run, Series, default_series, estimates
from edgeprof.errors import EdgeprofError
from edgeprof.statistics.calibration import FEWEST_RUNS, NoiseFloor, noise_floor
from edgeprof.statistics.estimate import Estimate
from edgeprof.statistics.verdict import Outcome, Verdict, abstention, compare

_SENTENCE: dict[Outcome, str] = {
    "faster": "B is faster than A",
    "slower": "B is slower than A",
    "no_difference_shown": "No difference shown between A and B",
    "abstains": "No verdict on A and B",
}


@dataclass(frozen=True, kw_only=True)
class FloorFile:
    """A noise floor as a file keeps it, with what it was learned on."""

    device_id: str
    model_name: str
    config_key: str
    series: str
    noise_floor: NoiseFloor


@dataclass(frozen=True, kw_only=True)
class Report:
    """A comparison as `--json` prints it. Medians in ms, one a run; `subject`: in what A and B differ as meant."""

    series: str
    verdict: Verdict
    a_ms: tuple[float, ...]
    b_ms: tuple[float, ...]
    subject: tuple[str, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]


def report_on(a: Sequence[Run], b: Sequence[Run], series: Series | None, floor: FloorFile | None) -> Report:
    """The verdict on two sides with everything that a reader should know beside it."""
    series = series or default_series(a[0].result)
    found = estimates([*a, *b], series)
    a_found, b_found = found[: len(a)], found[len(a) :]
    results = [run.result for run in a], [run.result for run in b]
    obstacle = comparability.obstacle(*results)
    fitting, misfit = _fitting_floor(floor, series, [*a, *b])
    verdict = abstention(obstacle, len(a), len(b)) if obstacle else compare(a_found, b_found, fitting)
    return Report(
        series=series,
        verdict=verdict,
        a_ms=tuple(estimate.value for estimate in a_found),
        b_ms=tuple(estimate.value for estimate in b_found),
        subject=tuple(comparability.subject(*results)),
        warnings=(*comparability.warnings(*results), *misfit),
        notes=tuple(_notes([*a, *b], found)),
    )


def learn_floor(runs: Sequence[Run], series: Series | None, date: str) -> FloorFile:
    """What two runs of one set-up may differ by, from a folder of them."""
    first = runs[0].result
    if len(runs) < FEWEST_RUNS:
        raise EdgeprofError("too_few_runs", f"A noise floor takes at least {FEWEST_RUNS} runs; these are {len(runs)}.")
    if any(_setup(run) != _setup(runs[0]) for run in runs):
        raise EdgeprofError("not_one_setup", "These runs are not all of one device, model and configuration.")
    series = series or default_series(first)
    return FloorFile(
        device_id=first.device_id,
        model_name=first.model_name,
        config_key=first.config_key,
        series=series,
        noise_floor=noise_floor(estimates(runs, series), date),
    )


def read_floor(path: Path) -> FloorFile:
    """A noise floor that `--learn-floor` wrote."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=FloorFile)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise EdgeprofError(
            "not_a_floor",
            f"{path} is no noise floor ({error}). Make one with: edgeprof compare RUNS --learn-floor FILE",
        ) from error


def floor_text(file: FloorFile) -> str:
    """One sentence."""
    floor = file.noise_floor
    return (
        f"Two runs of {file.model_name} on {file.device_id} may differ by {floor.expected:.1%} in {file.series} "
        f"(95 % interval {floor.low:.1%} to {floor.high:.1%}, {floor.runs} runs); "
        f"nothing below {floor.floor:.1%} will be claimed of two single runs."
    )


def text_of(report: Report) -> str:
    """The verdict sentence and what it rests on, line by line."""
    verdict = report.verdict
    lines = [f"{_SENTENCE[verdict.outcome]}{_by_how_much(verdict)}: {verdict.reason}."]
    lines.append(f"  {report.series}, median: A {_times(report.a_ms)}; B {_times(report.b_ms)}")
    if verdict.ratio is not None and verdict.low is not None and verdict.high is not None:
        lines.append(f"  B / A: {verdict.ratio:.4f}, 95 % interval {verdict.low:.4f} to {verdict.high:.4f}")
    if verdict.smallest_effect is not None:
        lines.append(f"  Smallest effect that such a pair shows in 4 of 5 cases: {verdict.smallest_effect:.1%}")
    if verdict.floor is not None:
        lines.append(f"  Noise floor used: {verdict.floor:.1%} ({verdict.basis.replace('_', ' ')})")
    lines += [f"  differs: {line}" for line in report.subject]
    lines += [f"  warning: {line}" for line in report.warnings]
    lines += [f"  note: {line}" for line in report.notes]
    return "\n".join(lines)


def _by_how_much(verdict: Verdict) -> str:
    if verdict.ratio is None or verdict.outcome not in ("faster", "slower"):
        return ""
    return f" by {abs(1 - verdict.ratio):.1%}"


def _times(times_ms: Sequence[float]) -> str:
    return ", ".join(f"{time_ms:.4g} ms" for time_ms in times_ms)


def _setup(run: Run) -> tuple[str, str, str]:
    return run.result.device_id, run.result.model_id, run.result.config_key


def _fitting_floor(file: FloorFile | None, series: str, runs: Sequence[Run]) -> tuple[NoiseFloor | None, list[str]]:
    """A floor holds for its own device and series only; on another model it is used, and that is said."""
    if file is None:
        return None, []
    if file.series != series or any(run.result.device_id != file.device_id for run in runs):
        return None, [f"the noise floor is not used: it was learned on {file.series} of {file.device_id}"]
    if any(run.result.config_key != file.config_key or run.result.model_name != file.model_name for run in runs):
        return file.noise_floor, [f"the noise floor was learned on another set-up ({file.model_name})"]
    return file.noise_floor, []


def _notes(runs: Sequence[Run], found: Sequence[Estimate]) -> list[str]:
    return [f"{run.name}: {note}" for run, estimate in zip(runs, found, strict=True) for note in estimate.notes]
