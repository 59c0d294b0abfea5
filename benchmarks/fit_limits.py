"""Whether `edgeprof fit` is right: (model, limit) pairs really run under memory limits on this machine.

python -m benchmarks.fit_limits [--part chosen|scored|all] [--json FILE] [--add FILE] [--work FOLDER] [--write-score]

Each model is estimated, run once without a limit, and then under limits around the estimate: shares of its peak and of
what must stay in memory. A pair is wrong where the verdict was *fits* and the run died, or *does not fit* and it ran.
*Tight* is neither; its share is shown, as a verdict that is always tight would never be wrong. Constants of
edgeprof/fit were chosen on the cells of `--part chosen`; the others are scored. Exits with 1 where a target is missed.
"""

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timezone
from pathlib import Path

import msgspec

from benchmarks.fit_cells import FitCell, cells_in
from edgeprof.fit import room
from edgeprof.fit.formula import formula_estimate
from edgeprof.fit.judging import judge
from edgeprof.fit.score import FILE
from edgeprof.wire.fit_record import FitScore
from edgeprof.wire.messages import RunProtocol
from edgeprof_agent.fitting.estimating import Estimated, estimate
from edgeprof_agent.fitting.here import room_here
from edgeprof_agent.fitting.running import request_of
from edgeprof_agent.measuring.llama_path import path_of
from edgeprof_agent.measuring.measure import worker_command
from edgeprof_agent.measuring.model_facts import facts_of
from edgeprof_agent.measuring.verdict import failure_of
from edgeprof_agent.measuring.worker_course import Attempt, Ended, run_worker
from edgeprof_agent.worker_protocol.document import Measured

OF_PEAK = (0.5, 0.75, 0.95, 1.05, 1.25, 1.5, 2.0)
OF_HELD = (0.6, 0.8, 0.95, 1.1)
MIN_LIMIT_MIB = 16.0
MAX_DIED, MAX_RAN, MAX_ERROR = 0.01, 0.05, 0.10
PROTOCOL = RunProtocol(
    cold_start=False,
    energy=False,
    warmup_runs=0,
    warmup_limit_s=0.0,
    min_runs=2,
    window_s=0.01,
    window_limit_s=0.01,
    deadline_s=40,
)


@dataclass(frozen=True)
class Pair:
    """One run under a limit: what was said before, and what came of it."""

    model: str
    is_scored: bool
    limit_mib: float
    said: str
    by_formula: str
    ran: bool
    code: str


@dataclass(frozen=True)
class Peak:
    """One run without a limit: predicted by both methods, and measured, MiB."""

    model: str
    is_scored: bool
    engine_mib: float | None
    formula_mib: float | None
    held_mib: float | None
    measured_mib: float
    measured_held_mib: float


class Earlier(msgspec.Struct):
    """What a run saved that was stopped."""

    peaks: list[Peak] = msgspec.field(default_factory=lambda: [])
    pairs: list[Pair] = msgspec.field(default_factory=lambda: [])


def main() -> int:
    """All pairs, then the score of the scored ones."""
    asked = _arguments()
    earlier = msgspec.json.decode(asked.add.read_bytes(), type=Earlier) if asked.add else Earlier()
    peaks, pairs = earlier.peaks, earlier.pairs
    known = {peak.model for peak in peaks}
    with tempfile.TemporaryDirectory() as folder:
        for cell in cells_in(asked.work or Path(folder)):
            is_wanted = asked.part in ("all", "scored" if cell.is_scored else "chosen")
            if is_wanted and cell.name not in known:
                _cell(cell, peaks, pairs)
    for part in (False, True):
        _show("scored" if part else "chosen on", peaks, pairs, part)
    at = datetime.now(timezone.utc).isoformat(timespec="seconds")
    if asked.write_score:
        write_score(at[:10], score(peaks, pairs, True))
    if asked.json:
        document = {
            "at": at,
            "score": score(peaks, pairs, True),
            "chosen_on": score(peaks, pairs, False),
            "peaks": [asdict(each) for each in peaks],
            "pairs": [asdict(each) for each in pairs],
        }
        asked.json.write_text(json.dumps(document, indent=1) + "\n")
    return 0 if _is_met(score(peaks, pairs, True)) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Fit verdicts against runs under memory limits.")
    parser.add_argument("--part", choices=("chosen", "scored", "all"), default="all")
    parser.add_argument("--add", type=Path, metavar="FILE", help="Go on from the --json of a run that was stopped.")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--write-score", action="store_true", help="Make the figures those that edgeprof shows.")
    parser.add_argument("--work", type=Path, help="Folder that keeps the generated models.")
    return parser.parse_args()


def _cell(cell: FitCell, peaks: list[Peak], pairs: list[Pair]) -> None:
    found = estimate(cell.file, cell.config, room_here().mib or 0.0)
    if found.estimate is None:
        print(f"{cell.name}: {found.unknown}", flush=True)
        return
    free = _run(cell, None)
    if free.worker_output.measured is None:
        print(f"{cell.name}: {_failure(free)}", flush=True)
        return
    peaks.append(_peak(cell, found, free.worker_output.measured))
    print(f"{cell.name}: {peaks[-1]}", flush=True)
    for limit in limits_of(found.estimate.peak_mib, found.estimate.held_mib):
        code = _failure(_run(cell, limit))
        formula = formula_estimate(found.facts, cell.config.runtime, found.context_tokens)
        pairs.append(
            Pair(
                model=cell.name,
                is_scored=cell.is_scored,
                limit_mib=limit,
                said=judge(found.estimate, room.limited(limit)).outcome,
                by_formula=judge(formula, room.limited(limit)).outcome,
                ran=not code,
                code=code,
            )
        )
        print(f"  {limit:7.1f} MiB  {pairs[-1].said:<13} {'ran' if pairs[-1].ran else pairs[-1].code}", flush=True)


def limits_of(peak_mib: float, held_mib: float) -> list[float]:
    """Around both lines, the least first; none below what the command takes."""
    wanted = {round(share * peak_mib, 1) for share in OF_PEAK} | {round(share * held_mib, 1) for share in OF_HELD}
    return sorted(max(MIN_LIMIT_MIB, limit) for limit in wanted)


def _run(cell: FitCell, limit_mib: float | None) -> Ended:
    """A worker's whole course. Nothing is timed, so that it waits for no other measurement of this machine."""
    path = path_of(cell.config)
    request = request_of(cell.file, replace(cell.config, runtime=path.runtime), PROTOCOL, limit_mib)
    command = worker_command(path.runtime)
    attempt = Attempt(request, path, _untold, threading.Event(), command, Path("/"), facts_of(request))
    return run_worker(attempt, "measure", time.monotonic())


def _failure(ended: Ended) -> str:
    failure = failure_of(ended.worker_output, ended.outcome, ended.limits)
    return failure.code if failure else ""


def _untold(stage: str, fraction: float | None, note: str) -> None:
    """Progress of a run."""


def _peak(cell: FitCell, found: Estimated, free: Measured) -> Peak:
    by_formula = formula_estimate(found.facts, cell.config.runtime, found.context_tokens)
    engine = found.estimate if found.estimate and found.estimate.method == "engine" else None
    return Peak(
        model=cell.name,
        is_scored=cell.is_scored,
        engine_mib=round(engine.peak_mib, 1) if engine else None,
        formula_mib=round(by_formula.peak_mib, 1) if by_formula else None,
        held_mib=round(engine.held_mib, 1) if engine else None,
        measured_mib=round(free["peak_kib"] / 1024, 1),
        measured_held_mib=round(max(reading["anonymous_kib"] or 0 for reading in free["memory"]) / 1024, 1),
    )


def score(peaks: Sequence[Peak], pairs: Sequence[Pair], is_scored: bool) -> dict[str, float | int]:
    """Counts and shares of one part."""
    own = [pair for pair in pairs if pair.is_scored == is_scored]
    errors = list(_errors([peak for peak in peaks if peak.is_scored == is_scored], "engine_mib"))
    formula = list(_errors([peak for peak in peaks if peak.is_scored == is_scored], "formula_mib"))
    fits, no = ([pair for pair in own if pair.said == said] for said in ("fits", "does not fit"))
    tight = [pair for pair in own if pair.said == "tight"]
    died, ran = sum(not pair.ran for pair in fits), sum(pair.ran for pair in no)
    return {
        "pairs": len(own),
        "engine_said_fits": len(fits),
        "engine_fits_and_died": died,
        "engine_fits_and_died_share": died / max(1, len(fits)),
        "engine_said_no": len(no),
        "engine_no_and_ran": ran,
        "engine_no_and_ran_share": ran / max(1, len(no)),
        "engine_said_tight": len(tight),
        "engine_tight_and_ran": sum(pair.ran for pair in tight),
        "formula_fits_and_died": sum(pair.by_formula == "fits" and not pair.ran for pair in own),
        "formula_said_fits": sum(pair.by_formula == "fits" for pair in own),
        "formula_no_and_ran": sum(pair.by_formula == "does not fit" and pair.ran for pair in own),
        "formula_said_no": sum(pair.by_formula == "does not fit" for pair in own),
        "models": len(errors),
        "engine_error_median": statistics.median(errors) if errors else 0.0,
        "engine_error_max": max(errors, default=0.0),
        "formula_error_median": statistics.median(formula) if formula else 0.0,
        "formula_error_max": max(formula, default=0.0),
    }


def write_score(at: str, found: dict[str, float | int]) -> None:
    """The public figures, which belong to the constants of edgeprof/fit."""
    names = {each.name for each in fields(FitScore)} - {"at"}
    values = {name: round(value, 4) for name, value in found.items() if name in names}
    FILE.write_text(json.dumps({"at": at, **values}, indent=1) + "\n")


def _errors(peaks: Sequence[Peak], method: str) -> Iterator[float]:
    for peak in peaks:
        predicted = getattr(peak, method)
        if predicted is not None:
            yield abs(predicted / peak.measured_mib - 1)


def _is_met(found: dict[str, float | int]) -> bool:
    return (
        found["engine_fits_and_died_share"] <= MAX_DIED
        and found["engine_no_and_ran_share"] <= MAX_RAN
        and found["engine_error_median"] <= MAX_ERROR
    )


def _show(title: str, peaks: Sequence[Peak], pairs: Sequence[Pair], part: bool) -> None:
    found = score(peaks, pairs, part)
    if not found["pairs"]:
        return
    print(f"\n{title}: {found['pairs']} pairs of {found['models']} models")
    print(f"  said fits {found['engine_said_fits']}, died {found['engine_fits_and_died']}")
    print(f"  said does not fit {found['engine_said_no']}, ran {found['engine_no_and_ran']}")
    print(f"  said tight {found['engine_said_tight']}, ran {found['engine_tight_and_ran']}")
    print(f"  peak off by {found['engine_error_median']:.1%} at the median, {found['engine_error_max']:.1%} at most")
    print(
        f"  by formula: {found['formula_error_median']:.1%}, {found['formula_error_max']:.1%}; fits and died "
        f"{found['formula_fits_and_died']} of {found['formula_said_fits']}, no and ran "
        f"{found['formula_no_and_ran']} of {found['formula_said_no']}"
    )


if __name__ == "__main__":
    sys.exit(main())
