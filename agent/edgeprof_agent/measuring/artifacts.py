"""What of a result is too long for its message: raw samples as a content-addressed JSON document."""

import json
from dataclasses import replace

from edgeprof.wire.codec import MAX_MESSAGE_BYTES, encode
from edgeprof.wire.evidence import SweepPoint
from edgeprof.wire.identity import sha256_hex
from edgeprof.wire.messages import ArtifactRef, Result
from edgeprof_agent.telemetry.trace import Trace
from edgeprof_agent.worker.document import Measured

INLINE_SAMPLES = 200
_MARGIN_BYTES = 4 * 1024
_LOG_KEPT = 4 * 1024
_OPERATORS_KEPT = 60
_NAME_KEPT = 200
_POINTS_KEPT = 32
_INPUTS_OF_A_POINT = 4
_POINT_METRICS = frozenset(
    ["latency_p50_ms", "throughput_per_s", "peak_memory_mib", "prefill_tokens_per_s", "decode_tokens_per_s", "ttft_ms"]
)


def inline_samples_ms(measured: Measured) -> tuple[float, ...]:
    """Latencies, or times between tokens, where they are few enough to stand in the message."""
    name = "latency" if measured["kind"] == "tensor" else "inter_token"
    samples_ns = measured["series_ns"][name]
    return tuple(sample / 1e6 for sample in samples_ns) if len(samples_ns) <= INLINE_SAMPLES else ()


def samples_artifact(measured: Measured) -> tuple[ArtifactRef, bytes] | None:
    """Every series as `{"unit": "ns", "series": {name: [...]}}`, unless all of it stands in the message."""
    series = measured["series_ns"]
    if len(series) == 1 and all(len(samples) <= INLINE_SAMPLES for samples in series.values()):
        return None
    data = json.dumps({"unit": "ns", "series": series}, separators=(",", ":")).encode()
    ref = ArtifactRef(name="samples", sha256=sha256_hex(data), size=len(data), media_type="application/json")
    return ref, data


def trace_artifact(trace: Trace) -> tuple[ArtifactRef, bytes]:
    """The device while the worker ran, see telemetry/trace.py."""
    data = trace.document()
    ref = ArtifactRef(name="trace", sha256=sha256_hex(data), size=len(data), media_type="application/json")
    return ref, data


def fitted(result: Result) -> Result:
    """The result, cut where it is long (log, operators, inputs, sweep points) until its message is small enough."""
    for cut in (_same, _short_log, _few_operators, _few_inputs, _short_points):
        result = cut(result)
        if len(encode(result)) <= MAX_MESSAGE_BYTES - _MARGIN_BYTES:
            return result
    raise ValueError(f"A result of {len(encode(result))} bytes cannot be sent.")


def _same(result: Result) -> Result:
    return result


def _short_log(result: Result) -> Result:
    if result.failure is None:
        return result
    kept = result.failure.log[-_LOG_KEPT:]
    return replace(result, failure=replace(result.failure, log=kept))


def _few_operators(result: Result) -> Result:
    if result.effective is None:
        return result
    kept = {name[:_NAME_KEPT]: count for name, count in list(result.effective.operators.items())[:_OPERATORS_KEPT]}
    left = len(result.effective.operators) - len(kept)
    notes = (*result.effective.notes, f"{left} rarer operators are not listed") if left else result.effective.notes
    return replace(result, effective=replace(result.effective, operators=kept, notes=notes))


def _few_inputs(result: Result) -> Result:
    if result.effective is None:
        return result
    kept = {name[:_NAME_KEPT]: kind for name, kind in list(result.effective.inputs.items())[:_OPERATORS_KEPT]}
    notes = tuple(note[:500] for note in result.effective.notes[:20])
    return replace(result, effective=replace(result.effective, inputs=kept, notes=notes))


def _short_points(result: Result) -> Result:
    """The leading figures of the first points."""
    kept = tuple(_short_point(point) for point in result.points[:_POINTS_KEPT])
    return replace(result, points=kept)


def _short_point(point: SweepPoint) -> SweepPoint:
    shapes = {name[:_NAME_KEPT]: sizes for name, sizes in list(point.at.shapes.items())[:_INPUTS_OF_A_POINT]}
    metrics = tuple(row for row in point.metrics if row.metric in _POINT_METRICS)
    failure = point.failure[:_NAME_KEPT] if point.failure is not None else None
    return replace(point, at=replace(point.at, shapes=shapes), metrics=metrics, failure=failure)
