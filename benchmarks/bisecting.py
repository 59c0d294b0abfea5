"""Whether `edgeprof bisect` names the right version: real runs of a model, with a slowdown put into a series of 16.

    python -m benchmarks.bisecting --record 60      # real runs of a bundled model on this machine, one after the other
    python -m benchmarks.bisecting                  # 20 searches over them, and 400

A search draws its runs from the recorded ones, in their order from a random start: whatever drifted or paused on the
machine is in them. From a random version on they take 10 % longer. It exits with 1 where fewer than 19 of 20 are right.
A real series of releases is searched by the command itself: docs/bisect.md has one with its date.
"""

import argparse
import json
import random
import sys
from dataclasses import asdict
from pathlib import Path

from edgeprof.bisecting.course import Search, find_first_bad
from edgeprof.bisecting.judging import Ratio, ratio_of
from edgeprof.compare.sources import Run, estimates
from edgeprof.statistics.estimate import Estimate
from edgeprof.statistics.verdict import compare
from edgeprof_agent.series.interleaving import interleaved
from edgeprof_agent.series.running import RunOutcome

BUILDS = 16
SLOWDOWN = 1.10
TRIALS = 20
MIN_RIGHT = 19
RECORDED = Path(__file__).parent / "results" / "bisecting_runs.json"
MODEL = Path(__file__).parents[1] / "model_exports" / "edgeprof_exports" / "bundled" / "digits-cnn-int8.onnx"


class RecordedBench:
    """A `Bench` whose runs are recorded ones; those of versions from `first_bad` on take longer."""

    def __init__(self, runs: list[Estimate], first_bad: int, slowdown: float, draw: random.Random) -> None:
        self._runs = runs
        self._first_bad = first_bad
        self._slowdown = slowdown
        self._at = draw.randrange(len(runs))
        self._pairs: dict[tuple[int, int], tuple[list[Estimate], list[Estimate]]] = {}
        self.runs_made = 0

    def compare(self, base: int, candidate: int, repeats: int) -> Ratio:
        """Interleaved as on a machine."""
        sides = self._pairs.setdefault((base, candidate), ([], []))
        for turn in interleaved(2, repeats - len(sides[0]), 1):
            sides[turn.setup].append(self._next(candidate if turn.setup else base))
        found = ratio_of(compare(*sides))
        assert found is not None
        return found

    def _next(self, place: int) -> Estimate:
        self._at = (self._at + 1) % len(self._runs)
        self.runs_made += 1
        factor = self._slowdown if place >= self._first_bad else 1.0
        run = self._runs[self._at]
        return Estimate(run.value * factor, run.low * factor, run.high * factor)


def searched(runs: list[Estimate], draw: random.Random, slowdown: float = SLOWDOWN) -> tuple[Search, int, int]:
    """A search, the version that is truly the first bad one, and the runs that it took."""
    first_bad = draw.randint(1, BUILDS - 1)
    bench = RecordedBench(runs, first_bad, slowdown, draw)
    return find_first_bad([str(place) for place in range(BUILDS)], bench), first_bad, bench.runs_made


def is_right(search: Search, first_bad: int) -> bool:
    """Named, and confirmed."""
    return search.outcome == "found" and search.first_bad == str(first_bad)


def record(count: int) -> None:
    """So many runs of the bundled model, as `edgeprof profile -t 1` makes them."""
    from edgeprof_agent.series.from_python import measure_models

    options = {"threads": 1, "cold_start": False}
    outcomes = measure_models([MODEL], options, count, 1, lambda stage, share, note: None)[0]
    assert isinstance(outcomes, list)
    runs = [_run(str(number), one) for number, one in enumerate(outcomes)]
    found = [asdict(estimate) for estimate in estimates(runs, "latency")]
    RECORDED.write_text(json.dumps({"model": MODEL.name, "threads": 1, "runs": found}, indent=1) + "\n")
    print(f"{len(found)} runs in {RECORDED}")


def _run(name: str, outcome: RunOutcome) -> Run:
    return Run(name, outcome.result, lambda ref: outcome.artifacts.get(ref.sha256))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", type=int, metavar="N", help="measure N runs first")
    parser.add_argument("--seed", type=int, default=20261201)
    given = parser.parse_args()
    if given.record:
        record(given.record)
    document = json.loads(RECORDED.read_text())
    runs = [Estimate(one["value"], one["low"], one["high"]) for one in document["runs"]]
    values = sorted(run.value for run in runs)
    spread = values[-1] / values[0] - 1
    print(f"{len(runs)} runs of {document['model']}: {values[0]:.4f} to {values[-1]:.4f} ms, {spread:.1%} apart")
    right = 0
    for trials in (TRIALS, 400):
        draw = random.Random(given.seed)
        found = [searched(runs, draw) for _ in range(trials)]
        count = sum(is_right(search, truth) for search, truth, _ in found)
        right = count if trials == TRIALS else right
        made = max(search.made for search, _, _ in found)
        runs_made = sorted(made_runs for _, _, made_runs in found)[trials // 2]
        others = [
            (search.outcome, search.first_bad, truth) for search, truth, _ in found if not is_right(search, truth)
        ]
        print(f"slowdown 10 %: {count} of {trials} right; at most {made} comparisons; {runs_made} runs in the middle")
        for outcome, named, truth in others[:10]:
            print(f"  wrong: {outcome}, named {named}, truth {truth}")
    draw = random.Random(given.seed)
    none = [searched(runs, draw, 1.0)[0].outcome for _ in range(400)]
    print(f"no slowdown: {sum(one in ('no_difference', 'unclear', 'better') for one in none)} of 400 claim nothing")
    return 0 if right >= MIN_RIGHT else 1


if __name__ == "__main__":
    sys.exit(main())
