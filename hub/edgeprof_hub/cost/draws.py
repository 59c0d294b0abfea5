"""What a cost may come to within the limits of its inputs: seeded draws, and each input alone at its limits.

Formula 17 of docs/cost.md. In floats: an interval of a tenth is not a matter of the last digit, and ten thousand draws
in Decimal would take seconds.
"""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

DRAWS = 10_000
SEED = 20_261_127
SHARES = (0.05, 0.5, 0.95)


@dataclass(frozen=True)
class Uncertain:
    """An input: its value and the limits between which it may lie. Without a width it is taken as it is."""

    name: str
    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.value <= self.high:
            raise ValueError(f"{self.name}: {self.value} is not within {self.low} to {self.high}")

    @property
    def is_fixed(self) -> bool:
        """Whether there is nothing to draw."""
        return self.low == self.high


Values = Mapping[str, float]
Bill = Callable[[Values], tuple[float, float]]
"""Of (edge, cloud) in the same unit, by the values of all inputs."""


@dataclass(frozen=True)
class Span:
    """The 5 %, 50 % and 95 % points of the draws."""

    low: float
    middle: float
    high: float


@dataclass(frozen=True)
class Spread:
    """Both sides and their ratio (edge over cloud), and in which share of the draws the edge was the cheaper one."""

    edge: Span
    cloud: Span
    ratio: Span
    edge_cheaper_share: float

    @property
    def is_open(self) -> bool:
        """Formula 18: the 90 % interval of the ratio includes 1."""
        return self.ratio.low <= 1 <= self.ratio.high


@dataclass(frozen=True)
class Driver:
    """The ratio of edge to cloud with one input at its lower and at its upper limit, all others at their values."""

    name: str
    low: float
    high: float
    ratio_at_low: float
    ratio_at_high: float

    @property
    def reach(self) -> float:
        """How far it moves the ratio, as a factor; for the order of the drivers."""
        ends = sorted((self.ratio_at_low, self.ratio_at_high))
        return ends[1] / ends[0] if ends[0] > 0 else math.inf


def spread(inputs: Sequence[Uncertain], bill: Bill, draws: int = DRAWS, seed: int = SEED) -> Spread:
    """Triangular draws with the value as their mode, independent of each other. The cloud's bill must be above 0."""
    chance = random.Random(seed)
    fixed = {each.name: each.value for each in inputs if each.is_fixed}
    drawn = [(each.name, each.low, each.high, each.value) for each in inputs if not each.is_fixed]
    edges: list[float] = []
    clouds: list[float] = []
    for _ in range(draws):
        values = dict(fixed)
        for name, low, high, mode in drawn:
            values[name] = chance.triangular(low, high, mode)
        edge, cloud = bill(values)
        edges.append(edge)
        clouds.append(cloud)
    ratios = [edge / cloud for edge, cloud in zip(edges, clouds, strict=True)]
    cheaper = sum(edge < cloud for edge, cloud in zip(edges, clouds, strict=True))
    return Spread(_span(edges), _span(clouds), _span(ratios), cheaper / draws)


def drivers(inputs: Sequence[Uncertain], bill: Bill) -> list[Driver]:
    """One for each input with a width, the one that moves the ratio most first."""
    values = {each.name: each.value for each in inputs}

    def ratio(name: str, value: float) -> float:
        edge, cloud = bill({**values, name: value})
        return edge / cloud

    found = [
        Driver(each.name, each.low, each.high, ratio(each.name, each.low), ratio(each.name, each.high))
        for each in inputs
        if not each.is_fixed
    ]
    return sorted(found, key=lambda driver: driver.reach, reverse=True)


def _span(values: list[float]) -> Span:
    ordered = sorted(values)
    low, middle, high = (ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in SHARES)
    return Span(low, middle, high)
