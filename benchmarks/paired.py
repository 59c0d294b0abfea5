"""Ratios from alternated pairs: the machine's speed drifts, the ratio inside a pair does not. Pure."""

import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

RESAMPLES = 4_000


@dataclass(frozen=True)
class Ratio:
    """Median of the ratios of n pairs with its 95 % bootstrap interval."""

    median: float
    ci_low: float
    ci_high: float
    n: int

    def __str__(self) -> str:
        return f"{self.median:.4f} (95 % {self.ci_low:.4f} to {self.ci_high:.4f}, n = {self.n} pairs)"


def median_ratio(pairs: Sequence[tuple[float, float]], seed: int = 1) -> Ratio:
    """Median of ours / theirs over pairs; percentile bootstrap over pairs (Efron and Tibshirani 1993, 13.3)."""
    ratios = [ours / theirs for ours, theirs in pairs]
    draw = random.Random(seed)
    medians = sorted(statistics.median(draw.choices(ratios, k=len(ratios))) for _ in range(RESAMPLES))
    return Ratio(
        statistics.median(ratios), medians[int(0.025 * RESAMPLES)], medians[int(0.975 * RESAMPLES)], len(ratios)
    )
