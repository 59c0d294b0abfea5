"""A known load curve and what a source would say of it: the truth that recovered energy is held against."""

import math
import random
from collections.abc import Callable

from edgeprof.wire.energy import Integration
from edgeprof_agent.sensors.base import Accuracy, Recording, Sample
from edgeprof_agent.worker_protocol.document import EnergyLoad, EnergyPhase, MeasuredWindow

S = 1_000_000_000
IDLE_W, LOAD_W, RIPPLE_W = 3.0, 7.5, 0.4
UNITS_PER_S = 50


def load_of(
    idle_s: float = 32.0,
    window_s: float = 10.0,
    windows: int = 5,
    after_s: float = 10.0,
    phase: EnergyPhase = "inference",
) -> EnergyLoad:
    """Idle, back-to-back windows, idle; begins at 1,000 s of the clock."""
    zero_ns = 1_000 * S
    start_ns = zero_ns + int(idle_s * S)
    spans: list[MeasuredWindow] = [
        {
            "start_ns": start_ns + int(n * window_s * S),
            "end_ns": start_ns + int((n + 1) * window_s * S),
            "units": int(UNITS_PER_S * window_s),
        }
        for n in range(windows)
    ]
    end_ns = spans[-1]["end_ns"]
    return {
        "idle_before": {"start_ns": zero_ns, "end_ns": start_ns},
        "phases": [{"phase": phase, "load_start_ns": start_ns, "windows": spans}],
        "idle_after": {"start_ns": end_ns, "end_ns": end_ns + int(after_s * S)},
        "complete": True,
    }


def watts_at(load: EnergyLoad, at_ns: int) -> float:
    """Idle, or load with a ripple of 7 s whose mean over a cycle is 0."""
    if not load["idle_before"]["end_ns"] <= at_ns < load["idle_after"]["start_ns"]:
        return IDLE_W
    return LOAD_W + RIPPLE_W * math.sin(2 * math.pi * at_ns / S / 7.0)


def true_j(load: EnergyLoad, start_ns: int, end_ns: int, step_ns: int = 1_000_000) -> float:
    """By a sum over milliseconds."""
    return sum(watts_at(load, at_ns) for at_ns in range(start_ns, end_ns, step_ns)) * step_ns / 1e9


def recording_of(
    load: EnergyLoad,
    hz: float,
    *,
    late_s: float = 0.0,
    averaging: bool = False,
    noise_w: float = 0.0,
    step_w: float = 0.0,
    integration: Integration = "trapezoid",
    change: Callable[[Sample], Sample | None] = lambda sample: sample,
    seed: int = 1,
) -> Recording:
    """A source of so many values a second around the curve. `averaging`: each is the mean since the one before."""
    draw = random.Random(seed)
    period_ns = int(S / hz)
    first_ns = load["idle_before"]["start_ns"] + draw.randrange(period_ns)
    samples: list[Sample] = []
    joules = 0.0
    for at_ns in range(first_ns - period_ns, load["idle_after"]["end_ns"] + 2 * period_ns, period_ns):
        mean_w = _mean_w(load, at_ns, period_ns)
        joules += mean_w * period_ns / S
        value = mean_w if averaging else watts_at(load, at_ns)
        value += draw.gauss(0, noise_w) if noise_w else 0.0
        value = round(value / step_w) * step_w if step_w else value
        sample = change(Sample(at_ns + int(late_s * S), joules if integration == "counter" else value))
        if sample is not None:
            samples.append(sample)
    return Recording(
        name="meter",
        scope="wall_ac",
        source="a test",
        version=None,
        integration=integration,
        accuracy=Accuracy(share=0.01, source="the test"),
        hz_asked=hz,
        period_s=1 / hz,
        late=bool(late_s) or averaging,
        samples=tuple(samples),
    )


def _mean_w(load: EnergyLoad, at_ns: int, period_ns: int, parts: int = 200) -> float:
    return sum(watts_at(load, at_ns - period_ns + part * period_ns // parts) for part in range(parts)) / parts
