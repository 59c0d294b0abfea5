"""What readiness is judged by: the newest results of one set-up on one device, and a figure taken from one of them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from edgeprof.wire.figures import MetricRow
from edgeprof.wire.metrics import METRICS


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One figure with its interval, its run and its origin."""

    metric: str
    value: float
    unit: str
    ci_low: float | None = None
    ci_high: float | None = None
    n: int = 0
    result_id: str = ""
    origin: str = "measured"
    unreal: str = ""
    """`emulated`, `replayed`, `synthetic` or `predicted`: such a figure never makes anything ready."""

    @property
    def low(self) -> float:
        """The interval's lower end, or the value where there is no interval."""
        return self.value if self.ci_low is None else self.ci_low

    @property
    def high(self) -> float:
        """The interval's upper end, or the value where there is no interval."""
        return self.value if self.ci_high is None else self.ci_high


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """The newest result of one cell: what readiness reads of it."""

    result_id: str
    figures: Mapping[str, MetricRow] = field(default_factory=lambda: {})
    absent: Mapping[str, str] = field(default_factory=lambda: {})
    """Why a figure is missing, by metric."""
    unreal: str = ""
    doubts: tuple[str, ...] = ()
    """Trust causes that the run is marked with."""
    stale: str = ""
    """Why the figures are of the past; empty: they are not."""
    rate_per_s: float = 0.0
    """Requests that arrived at random, after the window; 0: none."""
    soak_s: float = 0.0
    depth_tokens: int = 0
    """Tokens of context at which decode was timed."""
    prompt_tokens: int = 0
    """Tokens of context once the prompt is in: depth and prompt. Its memory is of all of them."""
    failure: str = ""
    """The failure of the newest run, in words; empty: it measured."""
    failure_is_of_model: bool = False
    """Whether a repeat would fail again: the model's, the runtime's or the device's own limit."""
    options_after: str = ""
    """Options of a command that let a repeat succeed after the failure."""

    @property
    def timed_prompt_tokens(self) -> int:
        """Tokens that TTFT was timed over: the prompt alone, because filling the depth is not timed."""
        return self.prompt_tokens - self.depth_tokens


@dataclass(frozen=True, kw_only=True)
class SetUp:
    """One model on one device in one configuration of runtime, threads, power mode and shapes.

    `runs` differ only in how they were loaded: arrival rate, prompt, depth.
    """

    device_id: str
    model_id: str
    label: str
    runs: tuple[RunFacts, ...]
    threads: int = 0
    quality: Evidence | None = None
    quality_set: str = ""
    """The evaluation set that the quality figure is of."""
    quality_reason: str = ""
    """Why there is no quality figure, or what is known of it otherwise."""
    gate: str | None = None
    """`passes`, `fails`, `undecided`, `reference`; None: its family has no gate."""
    gate_sentence: str = ""
    cost: Evidence | None = None
    cost_reason: str = ""
    measure: str = ""
    """The command that measures this set-up, without the options that a condition adds."""


def evidence_of(run: RunFacts, metric: str) -> Evidence | None:
    """The figure of a run, or None."""
    row = run.figures.get(metric)
    if row is None or not math.isfinite(row.value):
        return None
    unreal = run.unreal or ("" if row.origin == "measured" else row.origin)
    return Evidence(
        metric=metric,
        value=row.value,
        unit=METRICS[metric].unit if metric in METRICS else "",
        ci_low=row.ci_low,
        ci_high=row.ci_high,
        n=row.n,
        result_id=run.result_id,
        origin=row.origin,
        unreal=unreal,
    )
