"""Simulated runs of which the truth is known: what a device could do to a series of times. Seeded by the caller."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from edgeprof.statistics.distributions import chi2_quantile, normal_quantile

Series = Callable[[random.Random, int], list[float]]
"""n samples of one run, in time order, around a median that does not depend on the run (but see `Device`)."""


def normal(draw: random.Random, n: int) -> list[float]:
    """Normal, 2 % wide."""
    return [10 * (1 + 0.02 * draw.gauss(0, 1)) for _ in range(n)]


def lognormal(draw: random.Random, n: int) -> list[float]:
    """Lognormal, 20 % wide."""
    return [10 * math.exp(0.2 * draw.gauss(0, 1)) for _ in range(n)]


def gamma(draw: random.Random, n: int) -> list[float]:
    """Gamma of shape 4: skewed, 50 % wide."""
    return [draw.gammavariate(4, 2.5) for _ in range(n)]


def heavy(draw: random.Random, n: int) -> list[float]:
    """A 2 % wide body of which 5 % have a Pareto tail without a variance added."""
    return [
        10 * (1 + 0.02 * draw.gauss(0, 1) + (draw.paretovariate(1.5) - 1 if draw.random() < 0.05 else 0))
        for _ in range(n)
    ]


def autoregressive(phi: float) -> Series:
    """First-order autoregression, normal, 2 % wide."""

    def series(draw: random.Random, n: int) -> list[float]:
        state, samples = draw.gauss(0, 1), list[float]()
        for _ in range(n):
            samples.append(10 * (1 + 0.02 * state))
            state = phi * state + math.sqrt(1 - phi * phi) * draw.gauss(0, 1)
        return samples

    return series


def trend(draw: random.Random, n: int) -> list[float]:
    """Normal, slower by 5 % from start to end."""
    return [value * (0.975 + 0.05 * index / n) for index, value in enumerate(normal(draw, n))]


def random_trend(draw: random.Random, n: int) -> list[float]:
    """Normal, with a trend of its own in every run: up or down, typically by 3 %."""
    slope = draw.gauss(0, 0.03)
    return [value * (1 + slope * (index / n - 0.5)) for index, value in enumerate(normal(draw, n))]


def random_step(draw: random.Random, n: int) -> list[float]:
    """Normal, slower by 5 % from a random moment on."""
    split = draw.random() * n
    return [value * (1.05 if index > split else 1) for index, value in enumerate(normal(draw, n))]


def two_modes(draw: random.Random, n: int) -> list[float]:
    """Each sample is in one of two speeds 8 % apart, 30 % in the slower one."""
    return [value * (1.08 if draw.random() < 0.3 else 1) for value in _narrow(draw, n)]


def even_modes(draw: random.Random, n: int) -> list[float]:
    """As many in the slower as in the faster one: the median lies in the gap."""
    return [value * (1.08 if draw.random() < 0.5 else 1) for value in _narrow(draw, n)]


def sticky_modes(draw: random.Random, n: int) -> list[float]:
    """Two speeds 8 % apart, each kept for 50 samples on average."""
    slow, samples = draw.random() < 0.5, list[float]()
    for value in _narrow(draw, n):
        samples.append(value * (1.08 if slow else 1))
        slow = slow ^ (draw.random() < 0.02)
    return samples


def run_modes(draw: random.Random, n: int) -> list[float]:
    """A whole run is in one of two speeds 4 % apart, by a coin: nothing inside the run tells."""
    slow = draw.random() < 0.5
    return [value * (1.04 if slow else 1) for value in _narrow(draw, n)]


def _narrow(draw: random.Random, n: int) -> list[float]:
    return [10 * (1 + 0.005 * draw.gauss(0, 1)) for _ in range(n)]


INDEPENDENT: dict[str, Series] = {"normal": normal, "lognormal": lognormal, "gamma": gamma, "heavy tail": heavy}
AUTOREGRESSIVE: dict[str, Series] = {f"AR(1) {phi}": autoregressive(phi) for phi in (0.3, 0.6, 0.9)}
DRIFTING: dict[str, Series] = {"trend": trend, "random trend": random_trend, "random step": random_step}
BIMODAL: dict[str, Series] = {
    "two modes 70/30": two_modes,
    "two modes 50/50": even_modes,
    "sticky modes": sticky_modes,
    "modes by run": run_modes,
}
ALL: dict[str, Series] = {**INDEPENDENT, **AUTOREGRESSIVE, **DRIFTING, **BIMODAL}


@dataclass(frozen=True)
class Device:
    """A device whose runs also differ as wholes: lognormally, by `spread`."""

    series: Series
    spread: float = 0.01

    def run(self, draw: random.Random, n: int, factor: float = 1.0) -> list[float]:
        """One run of a model that takes `factor` times as long."""
        scale = factor * math.exp(self.spread * draw.gauss(0, 1))
        return [value * scale for value in self.series(draw, n)]


def true_quantile(name: str, p: float) -> float:
    """Of a named series' marginal distribution: exact, but for the heavy tail and those with modes or drift."""
    if name == "lognormal":
        return 10 * math.exp(0.2 * normal_quantile(p))
    if name == "gamma":
        return 1.25 * chi2_quantile(p, 8)
    if name == "normal" or name in AUTOREGRESSIVE:
        return 10 * (1 + 0.02 * normal_quantile(p))
    return _simulated_quantiles(name)[round(p * 1_000_000)]


@lru_cache(maxsize=4)
def _simulated_quantiles(name: str) -> list[float]:
    """A million samples in order, over 5,000 runs, and one more at the end."""
    draw = random.Random(20_261_124)
    ordered = sorted(value for _ in range(5_000) for value in ALL[name](draw, 200))
    return [*ordered, ordered[-1]]
