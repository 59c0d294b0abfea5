"""What the device was like during a soak: heat and clock of each bucket, and what it said of being held back. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from edgeprof.statistics.quantiles import quantile
from edgeprof.wire.evidence import Soak, SoakBucket
from edgeprof_agent.telemetry.conditions import clock_mhz, flags_of, heat_c
from edgeprof_agent.telemetry.span import ProbeSpan
from edgeprof_agent.telemetry.trace import Trace


def soak_with_conditions(soak: Soak, trace: Trace, start_ns: int) -> Soak:
    """The soak with medians of the trace in its buckets. `start_ns` (CLOCK_MONOTONIC) is when it began."""
    edges_s = _edges_s(soak.curve)
    curve = [
        _bucket(bucket, ProbeSpan(trace, [(_at_ns(start_ns, from_s), _at_ns(start_ns, to_s))]))
        for bucket, from_s, to_s in zip(soak.curve, edges_s, edges_s[1:], strict=False)
    ]
    whole = ProbeSpan(trace, [(start_ns, _at_ns(start_ns, soak.duration_s))])
    return replace(soak, curve=tuple(curve), throttle_flags=flags_of(whole))


def _bucket(bucket: SoakBucket, span: ProbeSpan) -> SoakBucket:
    heat, clocks = heat_c(span), clock_mhz(span)
    return replace(
        bucket,
        temperature_c=quantile(sorted(heat), 0.5) if heat else None,
        cpu_mhz=quantile(sorted(clocks), 0.5) if clocks else None,
    )


def _edges_s(curve: Sequence[SoakBucket]) -> list[float]:
    """Buckets lie side by side from 0 on, and each tells its middle."""
    edges_s = [0.0]
    for bucket in curve:
        edges_s.append(2 * bucket.at_s - edges_s[-1])
    return edges_s


def _at_ns(start_ns: int, after_s: float) -> int:
    return start_ns + round(after_s * 1e9)
