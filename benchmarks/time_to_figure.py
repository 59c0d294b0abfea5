"""How long `edgeprof profile` takes by its defaults, beside an earlier build, and whether its intervals hold as often.

Two parts. Simulated machines, of which the true median is known: the share of published intervals that hold it, by
today's rule and by the one before. And real runs on three models, alternated with an earlier build (`--baseline`): the
ratio of wall times, and over A/A pairs of each build how often two intervals do not touch and how often `compare` sees
a difference. Use a machine that does nothing else.
"""

import argparse
import json
import random
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import msgspec

from benchmarks import older_build
from benchmarks import stopping_rules as rules
from benchmarks.idle import wait_until_idle
from benchmarks.older_build import Build
from benchmarks.paired import Ratio, median_ratio
from benchmarks.simulated_speeds import MACHINES, true_median
from edgeprof.compare.report import report_on
from edgeprof.compare.sources import Run
from edgeprof.errors import EdgeprofError
from edgeprof.wire.messages import Result
from edgeprof_exports import catalogue, fetch

TARGET = 0.5
RECIPES = ("magika", "hand-landmark-lite", "smollm2-135m-q4-1")
LEADS = ("latency_p50_ms", "decode_tokens_per_s")
BASES: dict[float, tuple[rules.Rule, rules.Rule]] = {
    0.002: (rules.tensors_before, rules.tensors_now),
    0.02: (rules.tensors_before, rules.tensors_now),
    0.3: (rules.repeats_before, rules.repeats_now),
    0.8: (rules.repeats_before, rules.repeats_now),
}
"""How long a sample takes (two tensor models, a prompt, a generation), and the rules for it."""


@dataclass(frozen=True)
class Coverage:
    """Of one rule on one machine. `held`: share of all runs whose published interval holds the true median."""

    machine: str
    sample_s: float
    rule: str
    trials: int
    held: float
    mean_s: float


@dataclass(frozen=True)
class Profile:
    """One run of the command: how long it took, and what it published."""

    wall_s: float
    value: float
    low: float | None
    high: float | None
    window_end: str
    result: Result


@dataclass(frozen=True)
class Agreement:
    """Over neighbouring runs of one build: intervals that do not touch, and differences that `compare` sees."""

    pairs: int
    apart: int
    called: int


def simulated(machine: str, sample_s: float, *, now: bool, trials: int, seed: int) -> Coverage:
    """Both rules see the same machines, each from its own start."""
    draw, truth = random.Random(f"{seed}/{machine}/{sample_s}"), true_median(machine, sample_s)
    rule = BASES[sample_s][now]
    held, spent_s = 0, 0.0
    for _ in range(trials):
        ended = rule(_clocked(machine, sample_s, draw))
        found = rules.published(ended.samples_s, now=now)
        held += found is not None and found[0] <= truth <= found[1]
        spent_s += ended.spent_s
    return Coverage(machine, sample_s, "now" if now else "before", trials, held / trials, spent_s / trials)


def _clocked(machine: str, sample_s: float, draw: random.Random) -> rules.Take:
    speed, at_s = MACHINES[machine](draw), 0.0

    def take() -> float:
        nonlocal at_s
        taken_s = sample_s * speed(at_s)
        at_s += taken_s
        return taken_s

    return take


def profiled(build: Build, model: Path, options: Sequence[str]) -> Profile:
    """One run by defaults. One that fails ends the benchmark with its words."""
    wall_s, done = build.timed(["profile", str(model), "--json", *options])
    if done.returncode:
        raise SystemExit(f"{build.tree}: edgeprof profile {model.name}: {done.stderr or done.stdout}")
    result = msgspec.json.decode(done.stdout, type=Result)
    row = next(row for row in result.metrics if row.metric in LEADS)
    ended = result.timing.window_end if result.timing else "unknown"
    return Profile(wall_s, row.value, row.ci_low, row.ci_high, ended, result)


def agreement(runs: Sequence[Profile]) -> Agreement:
    """Of each run with the next of the same build."""
    apart = called = 0
    for one, other in pairwise(runs):
        ends = (one.low, one.high, other.low, other.high)
        if None not in ends:
            apart += max(one.low or 0.0, other.low or 0.0) > min(one.high or 0.0, other.high or 0.0)
        called += _verdict(one.result, other.result) in ("faster", "slower")
    return Agreement(max(0, len(runs) - 1), apart, called)


def _verdict(one: Result, other: Result) -> str:
    """As `edgeprof compare` says it, without a noise floor."""
    sides = [[Run(name, result, lambda _: None)] for name, result in (("a", one), ("b", other))]
    try:
        return report_on(sides[0], sides[1], None).verdict.outcome
    except EdgeprofError:
        return "abstains"


def alternated(
    before: Build, now: Build, model: Path, pairs: int, options: Sequence[str], idle_s: float
) -> tuple[list[Profile], list[Profile]]:
    """Pairs of runs, the order of each reversed from the last (ABBA), after one of each that does not count.

    The first run of a build compiles its modules, and proves a library that is new to this machine.
    """
    for build in (before, now):
        profiled(build, model, options)
    old: list[Profile] = []
    new: list[Profile] = []
    for turn in range(pairs):
        for side, build in ((old, before), (new, now))[:: -1 if turn % 2 else 1]:
            wait_until_idle(idle_s)
            side.append(profiled(build, model, options))
        print(
            f"  {turn + 1} of {pairs}: before {old[-1].wall_s:.2f} s ({old[-1].window_end}), "
            f"now {new[-1].wall_s:.2f} s ({new[-1].window_end})",
            file=sys.stderr,
            flush=True,
        )
    return old, new


def _report(name: str, old: Sequence[Profile], new: Sequence[Profile]) -> tuple[Ratio, Agreement, Agreement]:
    ratio = median_ratio([(ours.wall_s, theirs.wall_s) for ours, theirs in zip(new, old, strict=True)])
    verdict = "at most half" if ratio.median <= TARGET else "MORE than half"
    counts = agreement(old), agreement(new)
    print(f"{name:<20} wall time now / before = {ratio}; {verdict}")
    for side, count in zip(("before", "now"), counts, strict=True):
        print(
            f"{'':<20} A/A {side}: {count.apart} of {count.pairs} pairs have intervals apart, "
            f"{count.called} are called different"
        )
    return ratio, *counts


def _simulate(trials: int, seed: int) -> list[Coverage]:
    print("sample s  machine          held before   now    seconds before    now")
    found: list[Coverage] = []
    for sample_s in BASES:
        for machine in MACHINES:
            old, new = (simulated(machine, sample_s, now=now, trials=trials, seed=seed) for now in (False, True))
            found += [old, new]
            print(
                f"{sample_s:8} {machine:<16} {old.held:11.1%} {new.held:7.1%} {old.mean_s:15.2f} {new.mean_s:6.2f}",
                flush=True,
            )
    return found


def main() -> None:
    """Both parts, or one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", type=Path, help=f"default: {', '.join(RECIPES)}")
    older_build.add_baseline(parser, required=False)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--option", dest="options", action="append", default=[], help="of profile, on both sides")
    parser.add_argument(
        "--idle-s", type=float, default=0.0, help="before each run, wait so long at most until the machine is idle"
    )
    parser.add_argument("--trials", type=int, default=1000, help="of each simulated machine; 0: none")
    parser.add_argument("--seed", type=int, default=20_261_130)
    parser.add_argument("--json", type=Path, help="save every figure here")
    options = parser.parse_args()
    document: dict[str, object] = {"seed": options.seed}
    if options.trials:
        document["simulated"] = [asdict(row) for row in _simulate(options.trials, options.seed)]
    if options.baseline:
        sides = older_build.builds(options.baseline)
        models = [each.resolve() for each in options.models] or [
            fetch.ensure(catalogue.load_recipes()[name], print) for name in RECIPES
        ]
        for model in models:
            old, new = alternated(
                sides["baseline"], sides["this"], model, options.pairs, options.options, options.idle_s
            )
            ratio, a_before, a_now = _report(model.name, old, new)
            document[model.name] = {
                "ratio": asdict(ratio),
                "before": [_saved(run) for run in old],
                "now": [_saved(run) for run in new],
                "aa_before": asdict(a_before),
                "aa_now": asdict(a_now),
            }
    if options.json:
        options.json.write_text(json.dumps(document, indent=1) + "\n")


def _saved(run: Profile) -> dict[str, object]:
    return {"wall_s": run.wall_s, "value": run.value, "low": run.low, "high": run.high, "window_end": run.window_end}


if __name__ == "__main__":
    main()
