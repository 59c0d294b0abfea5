"""Simulated runs of which the truth is known: what a device could do to a series of times. Seeded by the caller."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from edgeprof.statistics.distributions import chi2_quantile, normal_quantile

_FORGOTTEN = 300
"""Steps after which a series that remembers no longer tells where it began."""

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


def moving_average(draw: random.Random, n: int) -> list[float]:
    """The mean of the last 6 of independent normal values, 2 % wide: dependent up to the fifth neighbour, then not."""
    parts = [draw.gauss(0, 1) for _ in range(n + 5)]
    return [10 * (1 + 0.02 * sum(parts[index : index + 6]) / math.sqrt(6)) for index in range(n)]


def clustered(draw: random.Random, n: int) -> list[float]:
    """Quiet and restless spells: GARCH(1, 1), alpha 0.10, beta 0.88, 2 % wide. Only the tails depend on each other."""
    variance, value, samples = 1.0, draw.gauss(0, 1), list[float]()
    for index in range(n + _FORGOTTEN):
        variance = 0.02 + 0.10 * value * value + 0.88 * variance
        value = math.sqrt(variance) * draw.gauss(0, 1)
        if index >= _FORGOTTEN:
            samples.append(10 * math.exp(0.02 * value))
    return samples


def skewed_autoregressive(draw: random.Random, n: int) -> list[float]:
    """Lognormal, 20 % wide, of a first-order autoregression of 0.8."""
    return [10 * math.exp(0.2 * (value / 10 - 1) / 0.02) for value in autoregressive(0.8)(draw, n)]


def wandering(draw: random.Random, n: int) -> list[float]:
    """Normal, 2 % wide, a quarter of its variance a slow first-order autoregression of 0.98: noise hides it."""
    slow = autoregressive(0.98)(draw, n)
    return [10 + 0.5 * (value - 10) + math.sqrt(0.75) * 0.2 * draw.gauss(0, 1) for value in slow]


def bursts(draw: random.Random, n: int) -> list[float]:
    """Normal, 2 % wide, and 30 % slower for 5 samples on average, which begins once in 50 samples."""
    slow, samples = draw.random() < 1 / 11, list[float]()
    for value in normal(draw, n):
        samples.append(value * (1.3 if slow else 1))
        slow = draw.random() < (0.8 if slow else 0.02)
    return samples


INDEPENDENT: dict[str, Series] = {"normal": normal, "lognormal": lognormal, "gamma": gamma, "heavy tail": heavy}
AUTOREGRESSIVE: dict[str, Series] = {f"AR(1) {phi}": autoregressive(phi) for phi in (0.3, 0.6, 0.9)}
SLOW: dict[str, Series] = {"wandering": wandering, "GARCH": clustered}
DRIFTING: dict[str, Series] = {"trend": trend, "random trend": random_trend, "random step": random_step}
BIMODAL: dict[str, Series] = {
    "two modes 70/30": two_modes,
    "two modes 50/50": even_modes,
    "sticky modes": sticky_modes,
    "modes by run": run_modes,
}
TUNED: dict[str, Series] = {**INDEPENDENT, **AUTOREGRESSIVE, **SLOW, **DRIFTING, **BIMODAL}
"""What the rules were made on."""
HELD_OUT: dict[str, Series] = {
    "MA(5)": moving_average,
    "lognormal AR(1) 0.8": skewed_autoregressive,
    "bursts": bursts,
}
"""What no rule was made on, and none was changed for."""
ALL: dict[str, Series] = {**TUNED, **HELD_OUT}


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
    """Of a named series' marginal distribution: exact, or of a million samples where there is no formula."""
    if name == "lognormal":
        return 10 * math.exp(0.2 * normal_quantile(p))
    if name == "gamma":
        return 1.25 * chi2_quantile(p, 8)
    if name == "lognormal AR(1) 0.8":
        return true_quantile("lognormal", p)
    if name in ("normal", "MA(5)", "wandering") or name in AUTOREGRESSIVE:
        return 10 * (1 + 0.02 * normal_quantile(p))
    return _simulated_quantiles(name)[round(p * 1_000_000)]


@lru_cache(maxsize=4)
def _simulated_quantiles(name: str) -> list[float]:
    """A million samples in order, over 5,000 runs, and one more at the end."""
    draw = random.Random(20_261_124)
    ordered = sorted(value for _ in range(5_000) for value in ALL[name](draw, 200))
    return [*ordered, ordered[-1]]
