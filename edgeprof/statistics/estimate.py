"""The median of one run with an interval that a verdict may rest on, and what is odd about the run."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof.statistics.blocks import block_medians
from edgeprof.statistics.drift import Drift, find_drift
from edgeprof.statistics.modes import find_outliers, find_two_modes
from edgeprof.statistics.quantiles import MIN_SAMPLES_FOR_VERDICT, TooFewSamples, fewest_to_rule_out, percentile


@dataclass(frozen=True)
class Estimate:
    """A figure of one run with its 95 % interval. `notes`: what a reader should know about the run."""

    value: float
    low: float
    high: float
    notes: tuple[str, ...] = ()


def estimate_median(samples: Sequence[float]) -> Estimate | str:
    """The median of a run's samples in time order; a str is the reason why there is none.

    Three rules. The interval of a run that drifts is widened by half the drift on either side. A run so dependent in
    time that the median has no interval is given the range of its blocks' medians. Samples must be positive.
    """
    if not all(0 < sample < math.inf for sample in samples):
        return "has samples that are not positive numbers"
    found = percentile(samples, 0.5)
    drift = find_drift(samples)
    if not isinstance(found, TooFewSamples):
        widen = math.sqrt(1 + abs(drift.change)) if drift else 1.0
        return Estimate(found.value, found.low / widen, found.high * widen, _notes(samples, drift))
    blocks = block_medians(samples)
    if not blocks:
        return found.reason
    unsteady = f"never settled: worth {found.effective_n} independent samples; the interval spans the block medians"
    return Estimate(_median_of(samples), min(blocks), max(blocks), (unsteady, *_notes(samples, drift)))


def _median_of(samples: Sequence[float]) -> float:
    ordered = sorted(samples)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def _notes(samples: Sequence[float], drift: Drift | None) -> tuple[str, ...]:
    notes = [f"drift: a {drift}"] if drift else []
    if len(samples) < fewest_to_rule_out(0.5):
        notes.append(_few(len(samples)))
    if modes := find_two_modes(samples):
        notes.append(str(modes))
    outliers = find_outliers(samples)
    if outliers and outliers.slow:
        notes.append(f"{outliers.slow} slow outliers kept; the slowest is {outliers.largest_ratio:.3g}× the median")
    return tuple(notes)


def _few(n: int) -> str:
    if n < MIN_SAMPLES_FOR_VERDICT:
        return f"{n} samples are too few to test independence; independence is assumed"
    return f"{n} samples; ruling out dependence takes {fewest_to_rule_out(0.5)}"
