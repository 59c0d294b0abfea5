"""A figure as it crosses the wire, or the reason why there is none."""

from dataclasses import dataclass

from edgeprof.wire.metrics import Origin


@dataclass(frozen=True, kw_only=True)
class MetricRow:
    """One figure. An interval is 95 % and distribution-free unless `method` says otherwise."""

    metric: str
    value: float
    n: int
    ci_low: float | None = None
    ci_high: float | None = None
    origin: Origin = "measured"
    scope: str | None = None
    """For energy: what the meter covers (`module_input`, `cpu_package` ...). Two scopes are never compared."""
    no_interval: str | None = None
    """Why a percentile of the run's own samples has no interval. Such a figure is shown, and no claim rests on it."""


@dataclass(frozen=True, kw_only=True)
class AbsentMetric:
    """A figure that this run could not give, and why."""

    metric: str
    reason: str
