"""What a reader should know of an energy beside its uncertainty: named marks, each with its reason. Pure.

The rules and their sources are in docs/measuring-energy.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof.wire.energy import Calibration

MAX_SPREAD = 0.03
MIN_CHANGES = 30
IDLE_DRIFT_SHARE, IDLE_DRIFT_SD = 0.05, 3.0
OBSERVER_SHARE = 0.03
NET_STEPS = 20.0
"""Of a meter's resolution: what the load must add to the idle power, or the net figure is mostly rounding."""


@dataclass(frozen=True, kw_only=True)
class EnergyFacts:
    """What the rules look at."""

    idle_before_w: float
    idle_after_w: float
    idle_sd_w: float | None
    spread_share: float
    changes_a_window: float
    window_s: float
    min_window_s: float
    """What the method asks for."""
    throughput_ratio: float | None
    complete: bool
    calibration: Calibration | None
    powers_w: Sequence[float]
    resolution_w: float | None = None


def marks_of(facts: EnergyFacts) -> dict[str, str]:
    """By name; empty where there is nothing to say."""
    found: dict[str, str] = {}
    if facts.spread_share > MAX_SPREAD:
        found["unstable"] = f"its windows differ: median deviation {facts.spread_share:.1%} from their median"
    if facts.changes_a_window < MIN_CHANGES:
        found["low_resolution"] = f"{facts.changes_a_window:.0f} new values in a window; {MIN_CHANGES} are needed"
    if facts.window_s < 0.99 * facts.min_window_s:
        found["short_windows"] = f"windows of {facts.window_s:.0f} s; the source needs {facts.min_window_s:.0f} s"
    if not facts.complete:
        found["cut_short"] = "time ran out before all windows ran"
    found |= _idle_marks(facts)
    ratio = facts.throughput_ratio
    if ratio is not None and abs(ratio - 1) > OBSERVER_SHARE:
        found["observer_effect"] = f"{ratio:.1%} of the latency window's throughput"
    found |= _beyond_calibration(facts)
    return found | _coarse(facts)


def _coarse(facts: EnergyFacts) -> dict[str, str]:
    """Net energy is a difference of two readings of a meter that rounds both."""
    rise_w = min(facts.powers_w, default=0.0) - max(facts.idle_before_w, facts.idle_after_w)
    step_w = facts.resolution_w
    if step_w is None or rise_w >= NET_STEPS * step_w:
        return {}
    return {"coarse_net": f"the load adds {rise_w:.3g} W; the source resolves {step_w:g} W"}


def _idle_marks(facts: EnergyFacts) -> dict[str, str]:
    """Net energy leans on the idle power: where that moved, net moves with it."""
    drift_w = abs(facts.idle_after_w - facts.idle_before_w)
    idle_w = abs(facts.idle_before_w + facts.idle_after_w) / 2
    allowed_w = max(IDLE_DRIFT_SHARE * idle_w, IDLE_DRIFT_SD * (facts.idle_sd_w or 0.0))
    if drift_w <= allowed_w:
        return {}
    return {"drifting_idle": f"idle {facts.idle_before_w:.3g} W before and {facts.idle_after_w:.3g} W after the load"}


def _beyond_calibration(facts: EnergyFacts) -> dict[str, str]:
    known = facts.calibration
    if known is None:
        return {}
    low_w, high_w = (known.slope * reading + known.offset_w for reading in (known.low_w, known.high_w))
    margin_w = 0.1 * abs(high_w - low_w)
    if all(low_w - margin_w <= power <= high_w + margin_w for power in facts.powers_w):
        return {}
    return {"beyond_calibration": f"the calibration covers readings from {known.low_w:.3g} to {known.high_w:.3g} W"}
