"""Coverage of intervals, false verdicts, abstentions and power, on simulated runs of which the truth is known.

`python -m benchmarks.verdict_power --help` has a subset and a seed as options; a small part of it is a test.
"""

import json
import math
import random
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import click

from benchmarks import simulated_runs as runs
from edgeprof.statistics.calibration import noise_floor
from edgeprof.statistics.estimate import Estimate, estimate_median
from edgeprof.statistics.quantiles import PERCENTILES, Percentile, TooFewSamples, percentiles, samples_needed
from edgeprof.statistics.verdict import Verdict, abstention, compare

T = TypeVar("T")

SIZES = (20, 50, 100, 200, 500, 1_000, 5_000, 20_000)
RUN_LENGTHS = (20, 200)
EFFECTS = (0.0, 0.02, 0.05, 0.10)
CALIBRATION_RUNS = 20
SAMPLE_BUDGET = 8_000_000
"""Trials are cut so that a cell of the first table draws no more samples than this."""


@dataclass(frozen=True)
class Coverage:
    """Of the intervals of one percentile: shares that were given, and that held among the given ones.

    `promised`: whether the intervals claim to hold without the assumption that samples are independent.
    """

    series: str
    n: int
    p: float
    trials: int
    refused: float
    covered: float | None
    promised: bool

    @property
    def given(self) -> int:
        """Trials that gave an interval."""
        return round(self.trials * (1 - self.refused))

    @property
    def false_share(self) -> float:
        """Of all trials, those that gave an interval which did not hold."""
        return 0.0 if self.covered is None else (1 - self.refused) * (1 - self.covered)


@dataclass(frozen=True)
class Rates:
    """Of verdicts on pairs whose truth is `effect`. `claimed`: faster or slower, in A/A a false verdict."""

    series: str
    design: str
    n: int
    effect: float
    trials: int
    claimed: float
    wrong_way: float
    abstained: float
    covered: float | None
    smallest_effect: float | None


@dataclass(frozen=True)
class Design:
    """Runs a side, and whether a fresh calibration of 20 runs is at hand."""

    runs: int
    calibrated: bool = False


DESIGNS: dict[str, Design] = {
    "1+1, calibrated": Design(1, calibrated=True),
    "3+3": Design(3),
    "5+5": Design(5),
    "1+1, uncalibrated": Design(1),
}


@dataclass(frozen=True)
class Trial:
    """Medians of runs of one device; None where a run had none to give."""

    calibration: Sequence[Estimate | None]
    a: Sequence[Estimate | None]
    b: Sequence[Estimate | None]


def _draw(seed: int, *cell: object) -> random.Random:
    """A source of its own for each cell of the tables."""
    return random.Random("/".join(map(str, (seed, *cell))))


def coverage(series: str, n: int, ps: Sequence[float], trials: int, seed: int) -> list[Coverage]:
    """How often the interval of each percentile holds the truth, on the same runs."""
    draw = _draw(seed, "coverage", series, n)
    found = [percentiles(runs.ALL[series](draw, n), ps) for _ in range(trials)]
    return [_coverage(series, n, p, [one[index] for one in found]) for index, p in enumerate(ps)]


def _coverage(series: str, n: int, p: float, found: Sequence[Percentile | TooFewSamples]) -> Coverage:
    truth, trials = runs.true_quantile(series, p), len(found)
    given = [one for one in found if isinstance(one, Percentile)]
    held = sum(one.low <= truth <= one.high for one in given)
    promised = not any(one.assumes_independence for one in given)
    return Coverage(series, n, p, trials, 1 - len(given) / trials, held / len(given) if given else None, promised)


def simulate(series: str, n: int, designs: Sequence[str], trials: int, seed: int) -> list[Trial]:
    """Runs for these designs. They share the runs: the smaller designs take the first ones of a side."""
    draw, device = _draw(seed, "verdict", series, n), runs.Device(runs.ALL[series])
    each = max(DESIGNS[design].runs for design in designs)
    calibrating = CALIBRATION_RUNS if any(DESIGNS[design].calibrated for design in designs) else 0

    def medians(count: int) -> list[Estimate | None]:
        found = [estimate_median(device.run(draw, n)) for _ in range(count)]
        return [None if isinstance(one, str) else one for one in found]

    return [Trial(medians(calibrating), medians(each), medians(each)) for _ in range(trials)]


def rates(trials: Sequence[Trial], series: str, design: str, n: int, effect: float) -> Rates:
    """What verdicts say of pairs of which B is slower by `effect`."""
    verdicts = [_verdict(trial, DESIGNS[design], 1 + effect) for trial in trials]
    intervals = [(one.low, one.high) for one in verdicts if one.low is not None and one.high is not None]
    smallest = [one.smallest_effect for one in verdicts if one.smallest_effect is not None]
    return Rates(
        series,
        design,
        n,
        effect,
        len(trials),
        claimed=sum(one.outcome in ("faster", "slower") for one in verdicts) / len(trials),
        wrong_way=sum(one.outcome == "faster" for one in verdicts) / len(trials),
        abstained=sum(one.outcome == "abstains" for one in verdicts) / len(trials),
        covered=sum(low <= 1 + effect <= high for low, high in intervals) / len(intervals) if intervals else None,
        smallest_effect=statistics.median(smallest) if smallest else None,
    )


def _verdict(trial: Trial, design: Design, factor: float) -> Verdict:
    """All times of B take `factor` as long, and so do its medians and their intervals: no run is drawn again."""
    a, b = _known(trial.a[: design.runs]), _known(trial.b[: design.runs])
    calibration = _known(trial.calibration)
    if not a or not b or (design.calibrated and not calibration):
        return abstention("too few samples")
    slower = [Estimate(one.value * factor, one.low * factor, one.high * factor) for one in b]
    return compare(a, slower, noise_floor(calibration, "simulated") if design.calibrated else None)


def _known(found: Sequence[Estimate | None]) -> list[Estimate]:
    """Empty where one run has no median."""
    good = [one for one in found if one is not None]
    return good if len(good) == len(found) else []


def _print_coverage(series: str, n: int, trials: int, seed: int) -> list[Coverage]:
    ps = [p for p in PERCENTILES if n >= samples_needed(p)]
    found = coverage(series, n, ps, max(100, min(trials, SAMPLE_BUDGET // n)), seed)
    for one in found:
        kind = "no assumption" if one.promised else "assumes independence"
        figures = f"{_share(one.refused):>7} | {_share(one.covered):>7} | {_share(one.false_share):>7}"
        click.echo(f"{series:19} | {n:6} | {one.p:<5} | {one.trials:5} | {figures} | {kind}")
    return found


def _print_rates(series: str, n: int, designs: Sequence[str], pairs: int, seed: int) -> list[Rates]:
    trials = simulate(series, n, designs, pairs, seed)
    found = [rates(trials, series, design, n, effect) for design in designs for effect in EFFECTS]
    for row in found:
        shares = (row.claimed, row.wrong_way, row.abstained, row.covered)
        figures = " | ".join(f"{_share(value):>7}" for value in shares)
        smallest = _share(row.smallest_effect)
        click.echo(f"{series:19} | {row.design:17} | {n:3} | {row.effect:6.0%} | {figures} | {smallest}")
    return found


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def _chosen(picked: Sequence[T], everything: Sequence[T]) -> Sequence[T]:
    return picked or everything


@click.command()
@click.option("--table", type=click.Choice(("coverage", "verdicts", "both")), default="both", show_default=True)
@click.option("--series", "picked", type=click.Choice(tuple(runs.ALL)), multiple=True, help="Default: all.")
@click.option("--design", "designs", type=click.Choice(tuple(DESIGNS)), multiple=True, help="Default: all.")
@click.option("--samples", "sizes", type=int, multiple=True, help="Samples a run. Default: what the documents show.")
@click.option("--trials", default=4_000, show_default=True, help="Of each cell of coverage; fewer where runs are long.")
@click.option("--pairs", default=2_000, show_default=True, help="Of each cell of verdicts.")
@click.option("--seed", default=1, show_default=True)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Keep every figure.")
def main(
    table: str,
    picked: tuple[str, ...],
    designs: tuple[str, ...],
    sizes: tuple[int, ...],
    trials: int,
    pairs: int,
    seed: int,
    json_file: Path | None,
) -> None:
    """Print the tables of docs/statistics.md."""
    series = _chosen(picked, tuple(runs.ALL))
    covered, found = list[Coverage](), list[Rates]()
    if table != "verdicts":
        click.echo("series              |      n | p     | trials | refused | covered | false of all | claim")
        for name in series:
            for n in _chosen(sizes, SIZES):
                covered += _print_coverage(name, n, trials, seed)
    if table != "coverage":
        click.echo("series | design | n | effect | claimed | wrong way | abstained | covered | smallest effect")
        for name in series:
            for n in _chosen(sizes, RUN_LENGTHS):
                found += _print_rates(name, n, _chosen(designs, tuple(DESIGNS)), pairs, seed)
        click.echo(f"Standard error of a rate of 5 %: {_share(math.sqrt(0.95 * 0.05 / pairs))}")
    if json_file:
        document = {"coverage": [asdict(one) for one in covered], "rates": [asdict(one) for one in found]}
        json_file.write_text(json.dumps(document, indent=1))


if __name__ == "__main__":
    main()
