"""Real A/A comparisons on this machine: how often two runs of one and the same set-up are told apart.

A calibration of each of three models (about 0.1 ms, about 20 ms, a language model), then pairs of fresh runs, judged as
`edgeprof compare A B --floor F` does. Everything is interleaved over the models in randomized blocks. Every run is kept
in `--work`; called again with the same folder, it goes on where it stopped. Use a machine that does nothing else.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

import msgspec

from benchmarks.aa_counts import Count, Pair, Side, called_effects, counted
from benchmarks.aa_models import setups_in
from edgeprof.client.http_client import HubClient
from edgeprof.client.sides import load_side
from edgeprof.compare import noise_floors
from edgeprof.compare.report import report_on
from edgeprof.compare.sources import Run, default_series, estimates
from edgeprof.errors import EdgeprofError
from edgeprof.wire.evidence import NoiseFloor
from edgeprof_agent.series.host import Host
from edgeprof_agent.series.interleaving import interleaved
from edgeprof_agent.series.running import measure_once
from edgeprof_agent.series.setups import Setup
from edgeprof_agent.series.storage import Keeper

TARGET = 0.05
CALIBRATION, SIDES = "calibration", ("a", "b")


class Step(NamedTuple):
    """One run: for the calibration or for a side of a pair, of which model, which number."""

    part: str
    setup: Setup
    number: int

    def file(self, work: Path) -> Path:
        """Where its result is kept."""
        return work / self.part / self.setup.folder / f"{self.number:03d}.json"


def steps_of(setups: list[Setup], calibration: int, pairs: list[int], seed: int) -> Iterator[Step]:
    """All runs in order: whole blocks of the models, first of the calibration, then of the pairs.

    `pairs` of each model; one that has had its own leaves its place in the later blocks empty.
    """
    for turn in interleaved(len(setups), calibration, seed):
        yield Step(CALIBRATION, setups[turn.setup], turn.repeat)
    for turn in interleaved(len(setups), max(pairs), seed + 1):
        for side in SIDES if turn.repeat <= pairs[turn.setup] else ():
            yield Step(side, setups[turn.setup], turn.repeat)


def silent(stage: str, fraction: float | None, note: str) -> None:
    """Progress that nobody watches."""


def run_all(steps: list[Step], work: Path) -> None:
    """Every run that is not there yet. A run that fails ends it with a sentence."""
    for at, step in enumerate(steps, 1):
        if step.file(work).exists():
            continue
        outcome = measure_once(step.setup, Host(), silent)
        if outcome.result.failure is not None:
            failure = outcome.result.failure
            raise SystemExit(f"{step.setup.label} failed: {failure.code}: {failure.message}. Call it again to go on.")
        Keeper(work / step.part).keep(step.setup, step.number, *outcome)
        print(f"run {at} of {len(steps)}: {step.part}, {step.setup.label}", file=sys.stderr, flush=True)


def floor_of(work: Path, setup: Setup) -> NoiseFloor:
    """From the runs of the calibration; kept, so that `edgeprof compare --floor` can be asked about any pair."""
    floor = noise_floors.learn(
        _side(work / CALIBRATION / setup.folder), None, datetime.now(timezone.utc).isoformat(timespec="seconds")
    )
    file = work / f"floor-{setup.folder}.json"
    file.write_bytes(msgspec.json.format(msgspec.json.encode(floor)))
    return floor


def judged(work: Path, setup: Setup, number: int, floor: NoiseFloor) -> Pair:
    """One pair as `edgeprof compare` judges it."""
    a, b = (_side(Step(side, setup, number).file(work)) for side in SIDES)
    verdict = report_on(a, b, None, [floor]).verdict
    known, _ = noise_floors.fitting([floor], floor.series, [*a, *b])
    found = estimates([*a, *b], default_series(a[0].result))
    if known is None:
        raise EdgeprofError("floor_unfit", f"The floor of {setup.label} is of another device: name a fresh --work.")
    return Pair(
        model=setup.label,
        number=number,
        a=Side(median_ms=found[0].value, low_ms=found[0].low, high_ms=found[0].high, marks=_marks(a[0])),
        b=Side(median_ms=found[1].value, low_ms=found[1].low, high_ms=found[1].high, marks=_marks(b[0])),
        outcome=verdict.outcome,
        ratio=verdict.ratio,
        low=verdict.low,
        high=verdict.high,
        called=called_effects(found[0], found[1], known),
    )


def told(count: Count, floor: NoiseFloor | None) -> str:
    """One line."""
    power = ", ".join(f"{effect} {share:.0%}" for effect, share in count.power.items())
    known = f"floor {floor.floor:.1%}; " if floor else ""
    inside = "inside" if count.false_bound <= TARGET else "above"
    return (
        f"{count.model:<8} {known}{count.false} false of {count.pairs}, at most {count.false_bound:.1%} with 95 % "
        f"({inside} {TARGET:.0%}); {count.abstained} abstained; power: {power}; {count.marked} pairs with a mark"
    )


def main() -> None:
    """Run what is missing, judge every pair, print and keep the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, nargs=3, default=[70, 70, 70], help="of the short, the middle, the LLM")
    parser.add_argument("--calibration", type=int, default=20, help="runs of each model, at least 5")
    parser.add_argument("--seed", type=int, default=20_261_125, help="of the order of runs")
    parser.add_argument("--llm-runtime", default="xllamacpp", choices=("xllamacpp", "llama-cpp-python"))
    parser.add_argument("--work", type=Path, default=Path("aa-runs"), help="every run is kept here")
    parser.add_argument("--json", type=Path, help="keep floors, counts and pairs here")
    asked = parser.parse_args()
    setups = setups_in(asked.work / "models", asked.llm_runtime)
    run_all(list(steps_of(setups, asked.calibration, asked.pairs, asked.seed)), asked.work)
    floors = {setup.label: floor_of(asked.work, setup) for setup in setups}
    pairs = [
        judged(asked.work, setup, number, floors[setup.label])
        for setup, count in zip(setups, asked.pairs, strict=True)
        for number in range(1, count + 1)
    ]
    counts = [counted(name, [pair for pair in pairs if pair.model == name]) for name in floors]
    counts.append(counted("all", pairs))
    for count in counts:
        print(told(count, floors.get(count.model)))
    if asked.json:
        document = {
            "seed": asked.seed,
            "floors": {name: asdict(floor) for name, floor in floors.items()},
            "counts": [asdict(count) for count in counts],
            "pairs": [asdict(pair) for pair in pairs],
        }
        asked.json.write_text(json.dumps(document, indent=1))


def _side(path: Path) -> list[Run]:
    def no_hub() -> HubClient:
        raise EdgeprofError("no_such_file", f"There is no {path}.")

    return load_side(str(path), no_hub)


def _marks(run: Run) -> tuple[str, ...] | None:
    trust = run.result.trust
    return None if trust is None else tuple(mark.cause for mark in trust.marks)


if __name__ == "__main__":
    main()
