"""The points of a sweep as a result carries them. Pure."""

from collections.abc import Sequence
from typing import Literal

from edgeprof.statistics.quantiles import Percentile, percentile, percentiles, quantile
from edgeprof.wire.evidence import SweepAt, SweepPoint
from edgeprof.wire.messages import MetricRow
from edgeprof_agent.worker.document import Point, SweepAsk

_KIB_PER_MIB = 1024
_LATENCIES = (("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99))
_GAPS = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))


def points_of(points: Sequence[Point], kind: Literal["tensor", "text"]) -> tuple[SweepPoint, ...]:
    """In the order in which they were told. A point that failed has no figures."""
    return tuple(
        SweepPoint(
            at=at_of(point["at"]), failure=point["failure"], metrics=() if point["failure"] else _rows(point, kind)
        )
        for point in points
    )


def at_of(asked: SweepAsk) -> SweepAt:
    """Where a point lies, as the wire names it."""
    shapes = {name: tuple(sizes) for name, sizes in asked["shapes"].items()}
    return SweepAt(shapes=shapes, prompt_tokens=asked["prompt_tokens"], depth_tokens=asked["depth_tokens"])


def _rows(point: Point, kind: Literal["tensor", "text"]) -> tuple[MetricRow, ...]:
    rows = _tensor_rows(point) if kind == "tensor" else _text_rows(point)
    for metric, kib in (("kv_cache_mib", point["kv_cache_kib"]), ("peak_memory_mib", point["peak_kib"])):
        if kib is not None:
            rows.append(MetricRow(metric=metric, value=kib / _KIB_PER_MIB, n=1))
    return tuple(rows)


def _tensor_rows(point: Point) -> list[MetricRow]:
    """Throughput is that of the inferences alone: what lies between two of them at a point is not timed."""
    latencies_ms = [latency_ns / 1e6 for latency_ns in point["series_ns"].get("latency", [])]
    if not latencies_ms:
        return []
    n = len(latencies_ms)
    rate = MetricRow(metric="throughput_per_s", value=n / sum(latencies_ms) * 1e3, n=n)
    return [*_percentiles("latency", latencies_ms, _LATENCIES), rate]


def _text_rows(point: Point) -> list[MetricRow]:
    series, prompt_tokens = point["series_ns"], point["at"]["prompt_tokens"] or 0
    steps_ns = zip(point["decode_steps"], series.get("decode", []), strict=True)
    gaps_ms = [gap_ns / 1e6 for gap_ns in series.get("inter_token", [])]
    return [
        *_median("prefill_tokens_per_s", [prompt_tokens / prompt_ns * 1e9 for prompt_ns in series.get("prefill", [])]),
        *_median("ttft_ms", [first_ns / 1e6 for first_ns in series.get("ttft", [])]),
        *_median("decode_tokens_per_s", [steps / total_ns * 1e9 for steps, total_ns in steps_ns if steps]),
        *_percentiles("inter_token", gaps_ms, _GAPS),
    ]


def _median(metric: str, samples: Sequence[float]) -> list[MetricRow]:
    """A point has few repeats: below the 6 that an interval takes, the median is told without one."""
    if not samples:
        return []
    known = percentile(samples, 0.5)
    low, high = (known.low, known.high) if isinstance(known, Percentile) else (None, None)
    value = quantile(sorted(samples), 0.5)
    return [MetricRow(metric=metric, value=value, n=len(samples), ci_low=low, ci_high=high)]


def _percentiles(what: str, samples: Sequence[float], which: Sequence[tuple[str, float]]) -> list[MetricRow]:
    """Those for which there are enough samples."""
    found = percentiles(samples, [p for _, p in which])
    return [
        MetricRow(metric=f"{what}_{name}_ms", value=known.value, n=known.n, ci_low=known.low, ci_high=known.high)
        for (name, _), known in zip(which, found, strict=True)
        if isinstance(known, Percentile)
    ]
