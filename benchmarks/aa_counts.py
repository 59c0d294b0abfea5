"""What A/A pairs come to: false verdicts with an exact bound, abstentions, and the power to see an effect. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof.statistics.calibration import LearnedFloor
from edgeprof.statistics.estimate import Estimate
from edgeprof.statistics.verdict import compare

EFFECTS = (1.05, 1.10, 1.25)


@dataclass(frozen=True, kw_only=True)
class Side:
    """One run of a pair: its median in ms with its 95 % interval, and the causes on its badge (None: it has none)."""

    median_ms: float
    low_ms: float
    high_ms: float
    marks: tuple[str, ...] | None

    @property
    def estimate(self) -> Estimate:
        """As verdicts take it."""
        return Estimate(self.median_ms, self.low_ms, self.high_ms)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two runs of one set-up and the verdict on them. `called`: the injected slowdowns of B that are called slower."""

    model: str
    number: int
    a: Side
    b: Side
    outcome: str
    ratio: float | None
    low: float | None
    high: float | None
    called: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Count:
    """Over the pairs of one model, or of all. Both runs of a false pair lie in the file of pairs."""

    model: str
    pairs: int
    false: int
    abstained: int
    false_bound: float
    """The exact upper 95 % bound of the rate of false verdicts, one-sided."""
    power: dict[str, float]
    """Effect to the share of pairs in which it is called."""
    marked: int
    """Pairs of which a run carries a mark of doubt."""


def called_effects(a: Estimate, b: Estimate, floor: LearnedFloor) -> tuple[float, ...]:
    """The slowdowns that are called when every sample of B is multiplied by them.

    Median and interval are order statistics, and drift is a ratio: they scale with the samples, so that the estimate of
    the multiplied samples is the multiplied estimate (a test holds this).
    """
    scaled = ((effect, Estimate(b.value * effect, b.low * effect, b.high * effect)) for effect in EFFECTS)
    return tuple(effect for effect, slower in scaled if compare([a], [slower], floor).outcome == "slower")


def counted(model: str, pairs: Sequence[Pair]) -> Count:
    """The counts over some pairs, at least one."""
    false = sum(pair.outcome in ("faster", "slower") for pair in pairs)
    return Count(
        model=model,
        pairs=len(pairs),
        false=false,
        abstained=sum(pair.outcome == "abstains" for pair in pairs),
        false_bound=upper_bound(false, len(pairs)),
        power={f"{effect - 1:.0%}": sum(effect in pair.called for pair in pairs) / len(pairs) for effect in EFFECTS},
        marked=sum(bool(pair.a.marks or pair.b.marks) for pair in pairs),
    )


def upper_bound(hits: int, trials: int, confidence: float = 0.95) -> float:
    """Clopper and Pearson (1934), one-sided: the rate under which so few hits have the probability 1 - confidence."""
    if hits >= trials:
        return 1.0
    low, high = hits / trials, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(hits, trials, middle) > 1 - confidence else (low, middle)
    return high


def _at_most(hits: int, trials: int, rate: float) -> float:
    """The binomial distribution function."""
    return sum(math.comb(trials, k) * rate**k * (1 - rate) ** (trials - k) for k in range(hits + 1))
