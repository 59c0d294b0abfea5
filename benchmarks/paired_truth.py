"""False alarms, power and coverage of paired comparisons of quality, on simulated models of which the truth is known.

`python -m benchmarks.paired_truth` prints the tables of docs/statistics.md; a small part of it is a test.
"""

import json
import math
import random
from bisect import bisect
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import accumulate

import click

from edgeprof.statistics.paired_power import is_shown, smallest_difference
from edgeprof.statistics.paired_scores import compare_scores
from edgeprof.statistics.paired_shares import tango_interval

SIZES = (50, 100, 200, 500, 1_000, 2_000)
ACCURACIES = (0.3, 0.5, 0.9, 0.99)
DISCORDANCES = (0.005, 0.02, 0.05, 0.1, 0.2)
SHAPES: dict[str, Callable[[random.Random], float]] = {
    "normal": lambda draw: draw.gauss(0, 1),
    "heavy tails": lambda draw: draw.gauss(0, 1) / max(draw.gammavariate(1.5, 1 / 1.5), 1e-9) ** 0.5,
    "skewed": lambda draw: draw.lognormvariate(0, 1) - 1.6487212707,
    "1 item in 10 differs": lambda draw: draw.gauss(0, 1) if draw.random() < 0.1 else 0.0,
    "1 item in 50 differs": lambda draw: draw.gauss(0, 1) if draw.random() < 0.02 else 0.0,
}
"""Differences of scores, with a mean of 0."""


@dataclass(frozen=True)
class SharesCell:
    """Of `trials` pairs: shares with a verdict of a difference, of intervals that hold the truth, of false passes."""

    n: int
    accuracy: float
    discordance: float
    difference: float
    trials: int
    claimed: float
    covered: float
    above: float
    """Intervals wholly above the truth: a variant at the margin would pass its gate."""


@dataclass(frozen=True)
class ScoresCell:
    """The same for scores with differences of a shape."""

    n: int
    shape: str
    trials: int
    claimed: float
    covered: float


def simulate_shares(
    n: int, accuracy: float, discordance: float, difference: float, trials: int, seed: int
) -> SharesCell | None:
    """Pairs by the rules of `edgeprof compare`; None where no two models can be so. `accuracy` is A's.

    Items that both have right or wrong enter no formula, so that only the flips are drawn.
    """
    gained, lost = (discordance + difference) / 2, (discordance - difference) / 2
    if lost > accuracy + 1e-12 or gained > 1 - accuracy + 1e-12 or lost < -1e-12 or gained < -1e-12:
        return None
    draw = random.Random(f"{seed} {n} {accuracy} {discordance} {difference}")
    claimed = covered = above = 0
    for _ in range(trials):
        m = bisect(_binomial(n, discordance), draw.random())
        won = bisect(_binomial(m, min(1.0, gained / discordance)), draw.random())
        low, high = tango_interval(n, won, m - won)
        claimed += is_shown(n, won, m - won)
        covered += low <= difference + 1e-9 and high >= difference - 1e-9
        above += low > difference + 1e-9
    return SharesCell(n, accuracy, discordance, difference, trials, claimed / trials, covered / trials, above / trials)


@lru_cache(maxsize=20_000)
def _binomial(n: int, share: float) -> list[float]:
    """The distribution function: the place of a uniform number in it is a draw."""
    if share in (0.0, 1.0):
        return [float(k >= n * share) for k in range(n)]
    log = [math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) for k in range(n)]
    terms = [math.exp(each + k * math.log(share) + (n - k) * math.log1p(-share)) for k, each in enumerate(log)]
    return list(accumulate(terms))


def simulate_scores(n: int, shape: str, trials: int, seed: int) -> ScoresCell:
    """Differences of mean 0 in both directions."""
    draw = random.Random(f"{seed} {n} {shape}")
    claimed = covered = 0
    for trial in range(trials):
        a = [0.0] * n
        found = compare_scores(a, [SHAPES[shape](draw) for _ in a], span=1.0, seed=trial)
        low, high = found.interval()
        covered += low <= 0 <= high
        claimed += found.p <= 0.05 and not low <= 0 <= high
    return ScoresCell(n, shape, trials, claimed / trials, covered / trials)


def equal_models(trials: int, seed: int) -> list[SharesCell]:
    """Equal models over the whole grid."""
    cells = [
        simulate_shares(n, accuracy, discordance, 0.0, trials, seed)
        for n in SIZES
        for accuracy in ACCURACIES
        for discordance in DISCORDANCES
    ]
    return [cell for cell in cells if cell is not None]


def printed_effects(trials: int, seed: int) -> list[SharesCell]:
    """Models that differ by exactly what `cannot tell` prints for so many items and so many flips."""
    cells: list[SharesCell] = []
    for n in SIZES:
        for discordance in DISCORDANCES:
            effect = smallest_difference(n, discordance)
            if effect is None:
                continue
            cell = simulate_shares(n, 0.5, max(discordance, effect), -effect, trials, seed)
            cells += [cell] if cell is not None else []
    return cells


def at_the_margin(trials: int, seed: int) -> list[SharesCell]:
    """Variants exactly as far below as the margin allows, all flips one way where the discordance equals it."""
    cells = [
        simulate_shares(n, 0.9, max(discordance, margin), -margin, trials, seed)
        for n in SIZES
        for margin in (0.01, 0.05)
        for discordance in (margin, 0.02, 0.1)
    ]
    return [cell for cell in cells if cell is not None]


@click.command()
@click.option("--table", type=click.Choice(("equal", "power", "margin", "scores", "all")), default="all")
@click.option("--trials", default=2_000, show_default=True)
@click.option("--seed", default=20261130, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Every cell as JSON lines.")
def main(table: str, trials: int, seed: int, as_json: bool) -> None:
    """Print the worst and the mean of each table by n."""
    made: dict[str, Sequence[SharesCell | ScoresCell]] = {}
    if table in ("equal", "all"):
        made["equal models"] = equal_models(trials, seed)
    if table in ("power", "all"):
        made["at the printed effect"] = printed_effects(trials, seed)
    if table in ("margin", "all"):
        made["exactly at the margin"] = at_the_margin(trials, seed)
    if table in ("scores", "all"):
        made["equal scores"] = [
            simulate_scores(n, shape, max(200, trials // 4), seed) for shape in SHAPES for n in (20, 50, 100)
        ]
    for title, cells in made.items():
        click.echo(title)
        for cell in cells if as_json else ():
            click.echo(json.dumps(asdict(cell)))
        for line in [] if as_json else _summary(cells):
            click.echo(line)


def _summary(cells: Sequence[SharesCell | ScoresCell]) -> list[str]:
    scores = [cell for cell in cells if isinstance(cell, ScoresCell)]
    if scores:
        return [f"| {cell.shape} | {cell.n} | {cell.claimed:.1%} | {cell.covered:.1%} |" for cell in scores]
    lines: list[str] = []
    for n in SIZES:
        of_n = [cell for cell in cells if isinstance(cell, SharesCell) and cell.n == n]
        claims, covers = [cell.claimed for cell in of_n], [cell.covered for cell in of_n]
        spans = " | ".join(f"{min(each):.1%} to {max(each):.1%}" for each in (claims, covers))
        lines.append(f"| {n:,} | {len(of_n)} | {spans} | {max(cell.above for cell in of_n):.1%} |")
    return lines


if __name__ == "__main__":
    main()
