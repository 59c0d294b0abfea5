"""Coverage of intervals, false verdicts, abstentions and power, on simulated runs of which the truth is known.

`python -m benchmarks.verdict_power [--trials N] [--json FILE]`; a small part of it is a test.
"""

import json
import math
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from benchmarks import simulated_runs as runs
from edgeprof.statistics.calibration import NoiseFloor, noise_floor
from edgeprof.statistics.estimate import Estimate, estimate_median
from edgeprof.statistics.quantiles import PERCENTILES, Percentile, Refused, percentiles, samples_needed
from edgeprof.statistics.verdict import Verdict, abstention, compare

SIZES = (20, 100, 300, 1_000, 5_000, 20_000)
EFFECTS = (0.02, 0.05, 0.10)
SAMPLE_BUDGET = 20_000_000
"""Trials are cut so that a cell of the table draws no more samples than this."""


@dataclass(frozen=True)
class Coverage:
    """Of the intervals of one percentile: shares that were given, and that held among the given ones."""

    series: str
    n: int
    p: float
    trials: int
    refused: float
    covered: float | None

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


def coverage(series: str, n: int, ps: Sequence[float], trials: int, seed: int = 1) -> list[Coverage]:
    """How often the interval of each percentile holds the truth, on the same runs."""
    draw = random.Random(seed)
    found = [percentiles(runs.ALL[series](draw, n), ps) for _ in range(trials)]
    return [_coverage(series, n, p, [one[index] for one in found]) for index, p in enumerate(ps)]


def _coverage(series: str, n: int, p: float, found: Sequence[Percentile | Refused]) -> Coverage:
    truth, trials = runs.true_quantile(series, p), len(found)
    given = [one for one in found if isinstance(one, Percentile)]
    held = sum(one.low <= truth <= one.high for one in given)
    return Coverage(series, n, p, trials, 1 - len(given) / trials, held / len(given) if given else None)


Design = Callable[[random.Random, runs.Device, int, float], Verdict]


def single_calibrated(draw: random.Random, device: runs.Device, n: int, factor: float) -> Verdict:
    """One run a side; a fresh calibration of 20 runs."""
    return _verdict(draw, device, n, factor, 1, _calibrate(draw, device, n))


def three_each(draw: random.Random, device: runs.Device, n: int, factor: float) -> Verdict:
    """Three runs a side, no calibration."""
    return _verdict(draw, device, n, factor, 3, None)


def five_each(draw: random.Random, device: runs.Device, n: int, factor: float) -> Verdict:
    """Five runs a side, no calibration."""
    return _verdict(draw, device, n, factor, 5, None)


def single_uncalibrated(draw: random.Random, device: runs.Device, n: int, factor: float) -> Verdict:
    """One run a side and nothing known of the device."""
    return _verdict(draw, device, n, factor, 1, None)


DESIGNS: dict[str, Design] = {
    "1+1, calibrated": single_calibrated,
    "3+3": three_each,
    "5+5": five_each,
    "1+1, uncalibrated": single_uncalibrated,
}


def _calibrate(draw: random.Random, device: runs.Device, n: int) -> NoiseFloor:
    return noise_floor(_estimates([device.run(draw, n) for _ in range(20)]), "simulated")


def _verdict(
    draw: random.Random, device: runs.Device, n: int, factor: float, each: int, floor: NoiseFloor | None
) -> Verdict:
    a = _estimates([device.run(draw, n) for _ in range(each)])
    b = _estimates([device.run(draw, n, factor) for _ in range(each)])
    return compare(a, b, floor) if a and b else abstention("too few samples")


def _estimates(samples: Sequence[Sequence[float]]) -> list[Estimate]:
    """Empty where one run has no median to give."""
    found = [estimate_median(run) for run in samples]
    good = [one for one in found if not isinstance(one, str)]
    return good if len(good) == len(found) else []


def rates(series: str, design: str, n: int, effect: float, trials: int, seed: int = 1) -> Rates:
    """What verdicts say of pairs of which B is slower by `effect`."""
    draw, device = random.Random(seed), runs.Device(runs.ALL[series])
    verdicts = [DESIGNS[design](draw, device, n, 1 + effect) for _ in range(trials)]
    intervals = [(one.low, one.high) for one in verdicts if one.low is not None and one.high is not None]
    smallest = [one.smallest_effect for one in verdicts if one.smallest_effect is not None]
    return Rates(
        series,
        design,
        n,
        effect,
        trials,
        claimed=sum(one.outcome in ("faster", "slower") for one in verdicts) / trials,
        wrong_way=sum(one.outcome == "faster" for one in verdicts) / trials,
        abstained=sum(one.outcome == "abstains" for one in verdicts) / trials,
        covered=sum(low <= 1 + effect <= high for low, high in intervals) / len(intervals) if intervals else None,
        smallest_effect=statistics.median(smallest) if smallest else None,
    )


def _coverages(trials: int) -> list[Coverage]:
    cells = [(series, n) for series in (*runs.INDEPENDENT, *runs.AUTOREGRESSIVE) for n in SIZES]
    return [
        one
        for series, n in cells
        for one in coverage(
            series, n, [p for p in PERCENTILES if n >= samples_needed(p)], max(100, min(trials, SAMPLE_BUDGET // n))
        )
    ]


def _all_rates(trials: int) -> list[Rates]:
    return [
        rates(series, design, n, effect, trials)
        for series in runs.ALL
        for design in DESIGNS
        for n in (20, 200)
        for effect in (0.0, *EFFECTS)
    ]


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


@click.command()
@click.option("--trials", default=2_000, show_default=True, help="Of each cell; fewer where runs are long.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Keep every figure.")
def main(trials: int, json_file: Path | None) -> None:
    """Print the tables of docs/statistics.md."""
    covered = _coverages(trials)
    click.echo("series          |      n | p     | refused | covered | false of all")
    for one in covered:
        figures = f"{_share(one.refused):>7} | {_share(one.covered):>7} | {_share(one.false_share):>7}"
        click.echo(f"{one.series:15} | {one.n:6} | {one.p:<5} | {figures}")
    found = _all_rates(max(100, trials // 4))
    click.echo(
        "series          | design            |   n | effect | claimed | wrong way | abstained | covered | smallest"
    )
    for row in found:
        figures = " | ".join(
            f"{_share(value):>7}" for value in (row.claimed, row.wrong_way, row.abstained, row.covered)
        )
        click.echo(
            f"{row.series:15} | {row.design:17} | {row.n:3} | {row.effect:6.0%} | {figures} | "
            f"{_share(row.smallest_effect)}"
        )
    error = math.sqrt(0.95 * 0.05 / max(100, trials // 4))
    click.echo(f"Standard error of a rate near 5 % in the second table: {_share(error)}")
    if json_file:
        document = {"coverage": [asdict(one) for one in covered], "rates": [asdict(one) for one in found]}
        json_file.write_text(json.dumps(document, indent=1))


if __name__ == "__main__":
    main()
