"""What is known of a run, put into the wire's one Result document."""

from dataclasses import dataclass

from edgeprof import __version__
from edgeprof.wire.evidence import ColdStart, MemoryProfile, SweepPoint, Timing
from edgeprof.wire.identity import config_key
from edgeprof.wire.messages import (
    ArtifactRef,
    DeviceState,
    Effective,
    Failure,
    Isolation,
    ModelRef,
    Power,
    Result,
    RunConfig,
    RunProtocol,
    Stamp,
)
from edgeprof_agent import state
from edgeprof_agent.isolation import Limits, Outcome
from edgeprof_agent.measuring.artifacts import fitted, inline_samples_ms, samples_artifact
from edgeprof_agent.measuring.conversation import Conversation
from edgeprof_agent.measuring.memory import memory_of
from edgeprof_agent.measuring.points import points_of
from edgeprof_agent.measuring.summary import Figures, add_cold, add_energy, figures_of, timing_of
from edgeprof_agent.measuring.text_points import sweep_notes
from edgeprof_agent.measuring.verdict import aftermath, failure_of
from edgeprof_agent.worker.document import Cold, Measured, Operators


@dataclass(frozen=True, kw_only=True)
class Header:
    """What stands in a result before anything has run."""

    result_id: str
    job_id: str | None
    attempt: int
    device_id: str
    model: ModelRef
    config: RunConfig
    protocol: RunProtocol
    emulated: bool
    started: Stamp


@dataclass(frozen=True, kw_only=True)
class Run:
    """Everything known once the worker has ended. `power` is a text where there is none."""

    before: DeviceState
    after: DeviceState
    limits: Limits
    heard: Conversation
    outcome: Outcome
    power: Power | str
    cold: Cold | None


@dataclass(frozen=True, kw_only=True)
class _Body:
    """What only a run that measured has."""

    effective: Effective | None = None
    figures: Figures | None = None
    samples_ms: tuple[float, ...] = ()
    artifacts: tuple[ArtifactRef, ...] = ()
    timing: Timing | None = None
    memory: MemoryProfile | None = None
    points: tuple[SweepPoint, ...] = ()


def failed_early(header: Header, failure: Failure) -> Result:
    """The result of a run that never started a worker."""
    return _document(header, None, failure, _Body())


def result_of(header: Header, run: Run) -> tuple[Result, dict[str, bytes]]:
    """The result of a run, measured or failed, and its artifacts by SHA-256."""
    measured = run.heard.measured
    if measured is None:
        return fitted(_document(header, run, failure_of(run.heard, run.outcome, run.limits), _Body())), {}
    figures = figures_of(measured, _worker_start_ms(run), sum(file.size for file in header.model.manifest.files))
    add_cold(figures, measured, run.cold)
    add_energy(figures, measured, run.power)
    artifact = samples_artifact(measured)
    points = points_of(run.heard.points, measured["kind"])
    body = _Body(
        effective=_effective(header.config.runtime, measured, run, points),
        figures=figures,
        samples_ms=inline_samples_ms(measured),
        artifacts=(artifact[0],) if artifact else (),
        timing=timing_of(measured),
        memory=memory_of(measured),
        points=points,
    )
    return fitted(_document(header, run, None, body)), {artifact[0].sha256: artifact[1]} if artifact else {}


def _document(header: Header, run: Run | None, failure: Failure | None, body: _Body) -> Result:
    return Result(
        result_id=header.result_id,
        job_id=header.job_id,
        attempt=header.attempt,
        device_id=header.device_id,
        model_id=header.model.model_id,
        model_name=header.model.name,
        config=header.config,
        config_key=config_key(header.config),
        protocol=header.protocol,
        status="failed" if failure is not None else "measured",
        failure=failure,
        effective=body.effective,
        metrics=tuple(body.figures.rows) if body.figures else (),
        absent=tuple(body.figures.absent) if body.figures else (),
        samples_ms=body.samples_ms,
        artifacts=body.artifacts,
        started=header.started,
        finished=state.stamp(),
        before=run.before if run else None,
        after=run.after if run else None,
        power=run.power if run and isinstance(run.power, Power) else None,
        isolation=_isolation(run) if run else None,
        emulated=header.emulated,
        agent_version=__version__,
        timing=body.timing,
        cold_start=_cold_start(run.cold) if run and run.cold else None,
        memory=body.memory,
        points=body.points,
    )


def _isolation(run: Run) -> Isolation:
    return Isolation(layers=run.outcome.layers, memory_limit_mib=run.limits.memory_limit_mib)


def _cold_start(cold: Cold) -> ColdStart:
    return ColdStart(
        evicted=cold["evicted"],
        resident_before_share=cold["resident_before_share"],
        resident_after_share=cold["resident_after_share"],
        reason=cold["reason"],
    )


def _worker_start_ms(run: Run) -> float:
    """Both stamps are of CLOCK_MONOTONIC, which parent and child share."""
    return ((run.heard.first_line_ns or run.outcome.spawned_ns) - run.outcome.spawned_ns) / 1e6


def _effective(runtime: str, measured: Measured, run: Run, points: tuple[SweepPoint, ...]) -> Effective:
    setting = measured["setting"]
    operators = run.heard.operators or _NOT_READ
    return Effective(
        runtime=runtime,
        runtime_version=setting["runtime_version"],
        threads=setting["threads"],
        affinity=tuple(measured["affinity"]),
        provider=setting["provider"],
        nodes_per_provider=operators["nodes_per_provider"],
        delegate=setting["delegate"],
        operators=operators["operators"],
        integer_kernels=operators["integer_kernels"],
        float_kernels=operators["float_kernels"],
        inputs=setting["inputs"],
        input_source=setting["input_source"],
        notes=(
            *setting["notes"],
            *_output_notes(measured),
            *operators["notes"],
            *(sweep_notes(points) if measured["kind"] == "text" else ()),
            *aftermath(run.heard, run.outcome),
        ),
    )


def _output_notes(measured: Measured) -> tuple[str, ...]:
    output = measured["output"]
    if output is None:
        return ()
    bad = output["non_finite"]
    odd = (f"{bad} output values are NaN or infinite for this input",) if bad else ()
    return (*odd, *output["wrong_shapes"])


_NOT_READ: Operators = {
    "operators": {},
    "nodes_per_provider": {},
    "integer_kernels": None,
    "float_kernels": None,
    "notes": [],
}
