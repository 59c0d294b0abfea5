"""Is B faster than A? Told only where the effect stands clear of what samples, runs and device leave open.

Works on logarithms, so that B / A and A / B tell the same. The effect is the ratio of medians, with several runs a side
the ratio of the geometric means of their medians.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from edgeprof.statistics.calibration import LearnedFloor
from edgeprof.statistics.distributions import normal_quantile, t_quantile
from edgeprof.statistics.estimate import Estimate

Outcome = Literal["faster", "slower", "no_difference_shown", "abstains"]
Basis = Literal["calibration", "replicates", "replicates_and_calibration", "default_floor", "none"]

DEFAULT_FLOOR = 0.25
"""For one run a side on a device without a calibration: the largest difference of a public A/A test that we know is
21.9 % (see docs/statistics.md), rounded up."""

_Z_95, _Z_80 = normal_quantile(0.975), normal_quantile(0.80)
_T_LEVEL = 0.985
"""Intervals from replicates are taken at 97 %: run medians are seldom exactly lognormal, and at 95 % the rate of false
verdicts would be 5 % where they are, with nothing left for where they are not."""
_MIN_DEGREES = 2


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether B is faster than A, and what that rests on.

    `ratio` is B's time over A's with its interval (`interval_percent`). `smallest_effect` is the share that a pair like
    this shows in 4 of 5 cases. `floor`: the share below which nothing is claimed. None where nothing could be worked
    out.
    """

    outcome: Outcome
    ratio: float | None
    low: float | None
    high: float | None
    smallest_effect: float | None
    floor: float | None
    basis: Basis
    runs_a: int
    runs_b: int
    reason: str

    @property
    def interval_percent(self) -> int:
        """97 from replicates, 95 where the interval is that of samples and a floor."""
        return interval_percent(self.basis)


@dataclass(frozen=True)
class _Noise:
    """On the log scale: how far the interval reaches below and above the effect, and the effect's standard error."""

    below: float
    above: float
    error: float
    floor: float
    basis: Basis


def interval_percent(basis: Basis) -> int:
    """How much the interval of a verdict with this basis is meant to hold, in percent."""
    return round(100 * (2 * _T_LEVEL - 1)) if basis in ("replicates", "replicates_and_calibration") else 95


def compare(a: Sequence[Estimate], b: Sequence[Estimate], floor: LearnedFloor | None = None) -> Verdict:
    """The verdict on two sides, one estimate of a time a run. `floor`: what a calibration of the device taught."""
    if not a or not b:
        return abstention(f"side {'A' if not a else 'B'} has no runs", len(a), len(b))
    effect = _centre(b) - _centre(a)
    noise = _noise(a, b, floor)
    low, high = effect - noise.below, effect + noise.above
    outcome = _outcome(low, high, noise.basis)
    return Verdict(
        outcome=outcome,
        ratio=math.exp(effect),
        low=math.exp(low),
        high=math.exp(high),
        smallest_effect=math.expm1(max(noise.below, noise.above) + _Z_80 * noise.error),
        floor=math.expm1(noise.floor) if noise.floor else None,
        basis=noise.basis,
        runs_a=len(a),
        runs_b=len(b),
        reason=_reason(outcome, noise.basis),
    )


def abstention(reason: str, runs_a: int = 1, runs_b: int = 1) -> Verdict:
    """No verdict, for a reason."""
    return Verdict(
        outcome="abstains",
        ratio=None,
        low=None,
        high=None,
        smallest_effect=None,
        floor=None,
        basis="none",
        runs_a=runs_a,
        runs_b=runs_b,
        reason=reason,
    )


def _centre(side: Sequence[Estimate]) -> float:
    return statistics.fmean([math.log(run.value) for run in side])


def _noise(a: Sequence[Estimate], b: Sequence[Estimate], floor: LearnedFloor | None) -> _Noise:
    """From replicates where they are enough to tell the spread of runs, but never less than the calibration."""
    if len(a) + len(b) - 2 < _MIN_DEGREES:
        return _noise_of_floor(a, b, floor)
    error, degrees = _between_runs(a, b)
    known = math.log1p(floor.floor) * _per_run(a, b) if floor else 0.0
    reach = max(t_quantile(_T_LEVEL, degrees) * error, known)
    basis: Basis = "replicates_and_calibration" if floor else "replicates"
    return _Noise(reach, reach, max(error, known / _Z_95), known, basis)


def _noise_of_floor(a: Sequence[Estimate], b: Sequence[Estimate], floor: LearnedFloor | None) -> _Noise:
    """The floor, and as an independent error what these samples leave open beyond what those of the floor did."""
    known = math.log1p(floor.floor if floor else DEFAULT_FLOOR) * _per_run(a, b)
    held = math.sqrt(2) * math.log1p(floor.within_run) * _per_run(a, b) if floor else 0.0
    below, above = (
        max(within, math.hypot(known, math.sqrt(max(0.0, within**2 - held**2)))) for within in _within_runs(a, b)
    )
    return _Noise(below, above, max(below, above) / _Z_95, known, "calibration" if floor else "default_floor")


def _per_run(a: Sequence[Estimate], b: Sequence[Estimate]) -> float:
    """By how much several runs a side narrow what one run a side leaves open."""
    return math.sqrt((1 / len(a) + 1 / len(b)) / 2)


def _between_runs(a: Sequence[Estimate], b: Sequence[Estimate]) -> tuple[float, float]:
    """Standard error of the difference of the sides' means and its degrees of freedom, by Welch (1947).

    A side of one run is taken to spread as the other one does. Medians that are all alike, as those of a coarse clock
    can be, tell nothing of the spread; then it is what the samples leave open.
    """
    spreads = [statistics.variance([math.log(run.value) for run in side]) for side in (a, b) if len(side) > 1]
    shares = [
        (spreads[0 if len(spreads) == 1 else index] / len(side), len(side) - 1) for index, side in enumerate((a, b))
    ]
    total = sum(share for share, _ in shares)
    if total == 0:
        return max(_within_runs(a, b)) / _Z_95, len(a) + len(b) - 2
    if len(spreads) == 1:
        return math.sqrt(total), len(a) + len(b) - 2
    return math.sqrt(total), total**2 / sum(share**2 / degrees for share, degrees in shares)


def _within_runs(a: Sequence[Estimate], b: Sequence[Estimate]) -> tuple[float, float]:
    """How far the samples leave the effect open, down and up: the sides' intervals combined by MOVER.

    Zou and Donner (2008): the limits of a difference are those of its parts, squared, added and rooted.
    """
    downs = [_reach(side, upwards=False) for side in (a, b)]
    ups = [_reach(side, upwards=True) for side in (a, b)]
    return math.hypot(downs[1], ups[0]), math.hypot(ups[1], downs[0])


def _reach(side: Sequence[Estimate], upwards: bool) -> float:
    reaches = [math.log(run.high / run.value) if upwards else math.log(run.value / run.low) for run in side]
    return math.sqrt(sum(reach**2 for reach in reaches)) / len(side)


def _outcome(low: float, high: float, basis: Basis) -> Outcome:
    if low > 0 or high < 0:
        return "slower" if low > 0 else "faster"
    return "abstains" if basis == "default_floor" else "no_difference_shown"


def _reason(outcome: Outcome, basis: Basis) -> str:
    if basis == "default_floor":
        floor = f"the noise floor of this device is not known, so {DEFAULT_FLOOR:.0%} is assumed"
        if outcome == "abstains":
            return f"{floor}, and the effect does not clear it; give at least 2 runs per side, or a calibration"
        return f"{floor}, and the effect clears it"
    shown = "includes" if outcome == "no_difference_shown" else "excludes"
    return f"the {interval_percent(basis)} % interval {shown} 1"
