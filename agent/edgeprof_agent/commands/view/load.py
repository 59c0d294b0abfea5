"""What came after the window: the points of a sweep, requests at a rate (the open loop), and the soak."""

from collections.abc import Iterator, Mapping, Sequence

from edgeprof.tables.columns import table
from edgeprof.wire.evidence import OpenLoop, Soak, SoakBucket, SweepAt, SweepPoint
from edgeprof.wire.messages import MetricRow
from edgeprof.wire.metrics import METRICS
from edgeprof_agent.commands.view.words import labelled, number, percent, plural

_POINT_COLUMNS = (
    ("p50 ms", "latency_p50_ms"),
    ("1/s", "throughput_per_s"),
    ("TTFT ms", "ttft_ms"),
    ("prefill t/s", "prefill_tokens_per_s"),
    ("decode t/s", "decode_tokens_per_s"),
    ("token p50 ms", "inter_token_p50_ms"),
    ("KV MiB", "kv_cache_mib"),
    ("peak MiB", "peak_memory_mib"),
)
_CURVE_ROWS = 8


def sweep_lines(points: Sequence[SweepPoint]) -> Iterator[str]:
    """A row a point: what was fed and what came of it. A failed point tells why, below the table."""
    if not points:
        return
    values = [{row.metric: row.value for row in point.metrics} for point in points]
    columns = [(title, metric) for title, metric in _POINT_COLUMNS if any(metric in found for found in values)]
    rows = [
        [_at(point.at), *(_cell(point, found, metric) for _, metric in columns)]
        for point, found in zip(points, values, strict=True)
    ]
    yield ""
    yield "Sweep"
    yield from table([["at", *(title for title, _ in columns)], *rows], indent=2)
    for point in points:
        if point.failure is not None:
            yield from labelled("  failed", f"{_at(point.at)}: {point.failure}")


def open_loop_lines(loop: OpenLoop | None, rows: Sequence[MetricRow]) -> Iterator[str]:
    """Response times count from the planned arrival, so that waiting in the queue is in them."""
    if loop is None:
        return
    kept = "it kept up" if loop.kept_up else "it did NOT keep up"
    left = f"; {loop.unanswered:,} left unanswered" if loop.unanswered else ""
    yield ""
    yield f"Requests at {number(loop.rate_per_s)} a second ({loop.arrivals} arrivals, seed {loop.seed})"
    yield from labelled(
        "  answered",
        f"{plural(loop.n, 'request')}; busy {percent(loop.busy_share)} of the time; "
        f"longest queue {loop.longest_queue}; {kept}{left}",
    )
    found = {row.metric: row for row in rows}
    times = [
        f"{METRICS[name].title.removeprefix('Response ')} {number(found[name].value)} ms"
        for name in ("response_p50_ms", "response_p95_ms", "response_p99_ms")
        if name in found
    ]
    if times:
        yield from labelled("  response", ", ".join(times))


def soak_lines(soak: Soak | None) -> Iterator[str]:
    """Burst and sustained apart, where the speed fell, and the curve in a few rows."""
    if soak is None:
        return
    yield ""
    yield f"Soak of {number(soak.duration_s)} s{'' if soak.complete else ', cut short'}"
    slower = f"{percent(soak.slowdown - 1)} slower" if soak.slowdown >= 1 else f"{percent(1 - soak.slowdown)} faster"
    yield from labelled(
        "  burst", f"p50 {number(soak.burst_p50_ms)} ms, then sustained {number(soak.sustained_p50_ms)} ms: {slower}"
    )
    knee = f"after {number(soak.knee_s)} s" if soak.knee_s is not None else "none found"
    yield from labelled("  knee", knee)
    yield from _curve(soak.curve)


def _curve(curve: Sequence[SoakBucket]) -> Iterator[str]:
    """A few rows of it; a sensor that was never read has no column."""
    step = max(1, -(-len(curve) // _CURVE_ROWS))
    columns = [("p50 ms", [number(one.p50_ms) for one in curve])]
    if any(one.temperature_c is not None for one in curve):
        columns.append(("°C", [_or_dash(one.temperature_c) for one in curve]))
    if any(one.cpu_mhz is not None for one in curve):
        columns.append(("MHz", [_or_dash(one.cpu_mhz) for one in curve]))
    rows = [[f"{one.at_s:.1f} s", *(cells[index] for _, cells in columns)] for index, one in enumerate(curve)]
    yield from table([["at", *(title for title, _ in columns)], *rows[::step]], indent=2)


def _at(at: SweepAt) -> str:
    shapes = [f"{name} {'×'.join(map(str, sizes))}" for name, sizes in at.shapes.items()]
    prompt = [f"prompt {at.prompt_tokens:,}"] if at.prompt_tokens is not None else []
    depth = [f"depth {at.depth_tokens:,}"] if at.depth_tokens is not None else []
    return ", ".join([*shapes, *prompt, *depth])


def _cell(point: SweepPoint, found: Mapping[str, float], metric: str) -> str:
    if point.failure is not None:
        return "failed"
    return number(found[metric]) if metric in found else "-"


def _or_dash(value: float | None) -> str:
    return "-" if value is None else number(value)
