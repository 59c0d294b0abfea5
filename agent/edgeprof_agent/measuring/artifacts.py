"""What of a result is too long for its message: raw samples and sweep points as content-addressed JSON documents."""

import json
from collections.abc import Mapping
from dataclasses import replace

from edgeprof.wire.codec import MAX_MESSAGE_BYTES, encode
from edgeprof.wire.evidence import SweepPoint
from edgeprof.wire.identity import sha256_hex
from edgeprof.wire.messages import ArtifactRef, Result
from edgeprof_agent.telemetry.trace import Trace
from edgeprof_agent.worker_protocol.document import Measured

INLINE_SAMPLES = 200
_MARGIN_BYTES = 4 * 1024
_LOG_KEPT = 4 * 1024
_OPERATORS_KEPT = 60
_NAME_KEPT = 200
_TEXT_KEPT = 500
_SIZES_KEPT = 16
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


def fitted(result: Result) -> tuple[Result, dict[str, bytes]]:
    """The result, cut where it is long until its message is small enough, and what was moved to artifacts by SHA-256.

    What is measured is never lost: sweep points that do not fit are the artifact `points`, and at the very last only
    the figures stay. Each cut that a reader must know of is in the notes.
    """
    moved: dict[str, bytes] = {}
    for cut in (_short_log, _few_operators, _few_inputs):
        if _fits(result):
            return result, moved
        result = cut(result)
    if not _fits(result) and result.points:
        result, data = _points_apart(result)
        moved[sha256_hex(data)] = data
    for cut in (_short_sweep, _no_points, _short_texts, _little_evidence, _few_shapes, _figures_only):
        if _fits(result):
            break
        result = cut(result)
    return result, moved


def _fits(result: Result) -> bool:
    return len(encode(result)) <= MAX_MESSAGE_BYTES - _MARGIN_BYTES


def _noted(result: Result, note: str) -> Result:
    """A failed run has no effective configuration to note at; its log takes the note."""
    if result.effective is not None:
        return replace(result, effective=replace(result.effective, notes=(*result.effective.notes, note)))
    if result.failure is not None:
        return replace(result, failure=replace(result.failure, log=f"{result.failure.log}\n({note})".lstrip()))
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
    notes = tuple(note[:_TEXT_KEPT] for note in result.effective.notes[:20])
    return replace(result, effective=replace(result.effective, inputs=kept, notes=notes))


def _points_apart(result: Result) -> tuple[Result, bytes]:
    """The leading figures of the first points stay; every point as it was goes to the artifact."""
    data = encode({"points": result.points})
    ref = ArtifactRef(name="points", sha256=sha256_hex(data), size=len(data), media_type="application/json")
    kept = tuple(_short_point(point) for point in result.points[:_POINTS_KEPT])
    note = (
        f"the sweep is shortened here: all {len(result.points)} points with their figures are in the artifact `points`"
    )
    return _noted(replace(result, points=kept, artifacts=(*result.artifacts, ref)), note), data


def _short_sweep(result: Result) -> Result:
    sweep = result.protocol.sweep
    if not sweep:
        return result
    kept = tuple(replace(at, shapes=_few_of(at.shapes)) for at in sweep[:_POINTS_KEPT])
    note = f"the protocol's list of {len(sweep)} sweep points is shortened to {_INPUTS_OF_A_POINT} inputs each"
    return _noted(replace(result, protocol=replace(result.protocol, sweep=kept)), note)


def _no_points(result: Result) -> Result:
    return replace(result, points=(), protocol=replace(result.protocol, sweep=()))


def _short_texts(result: Result) -> Result:
    absent = tuple(replace(row, reason=row.reason[:_TEXT_KEPT]) for row in result.absent)
    failure = result.failure and replace(
        result.failure, message=result.failure.message[:_LOG_KEPT], log=result.failure.log[-_LOG_KEPT:]
    )
    return replace(result, absent=absent, failure=failure, model_name=result.model_name[:_NAME_KEPT])


def _little_evidence(result: Result) -> Result:
    """Without what only backs the figures. The trace, an artifact, still holds the device's course."""
    dropped = replace(
        result,
        before=None,
        after=None,
        energy=tuple(replace(run, windows=()) for run in result.energy[:1]),
        memory=None,
        conditions=None,
        footprint=None,
        isolation=None,
        samples_ms=(),
        soak=result.soak and replace(result.soak, curve=()),
    )
    return _noted(
        dropped,
        "too long for one message; left out: the device before and after, memory by phase, conditions, footprint, "
        "isolation, samples, the soak's curve",
    )


def _few_shapes(result: Result) -> Result:
    """`config_key` stays that of the whole configuration."""
    config = result.config
    short = replace(
        config,
        shapes=_few_of(config.shapes),
        dims=dict(list(config.dims.items())[:_INPUTS_OF_A_POINT]),
        input_values=dict(list(config.input_values.items())[:_INPUTS_OF_A_POINT]),
    )
    count = len(config.shapes)
    if count <= _INPUTS_OF_A_POINT:
        return replace(result, config=short)
    note = f"of {count} inputs with requested sizes, {_INPUTS_OF_A_POINT} are listed"
    return _noted(replace(result, config=short), note)


def _figures_only(result: Result) -> Result:
    """The figures, whatever else there is."""
    note = "too long for one message; only the figures are included"
    bare = (
        replace(
            result.effective,
            inputs={},
            operators={},
            nodes_per_provider={},
            affinity=(),
            notes=(note,),
        )
        if result.effective is not None
        else None
    )
    return replace(
        result, effective=bare, absent=(), trust=None, noise_floor=None, noise_floors=(), timing=None, cold_start=None
    )


def _few_of(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    return {name[:_NAME_KEPT]: sizes[:_SIZES_KEPT] for name, sizes in list(shapes.items())[:_INPUTS_OF_A_POINT]}


def _short_point(point: SweepPoint) -> SweepPoint:
    metrics = tuple(row for row in point.metrics if row.metric in _POINT_METRICS)
    failure = point.failure[:_NAME_KEPT] if point.failure is not None else None
    return replace(point, at=replace(point.at, shapes=_few_of(point.at.shapes)), metrics=metrics, failure=failure)
