"""What is known of a run, put into the wire's one Result document."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from edgeprof.version import __version__
from edgeprof.wire.evidence import (
    ColdStart,
    Conditions,
    MemoryProfile,
    OpenLoop,
    Soak,
    SweepPoint,
    Timing,
    Trust,
)
from edgeprof.wire.identity import config_key, model_bytes
from edgeprof.wire.messages import (
    ArtifactRef,
    Effective,
    Failure,
    Isolation,
    Result,
)
from edgeprof.wire.remote import Remote
from edgeprof_agent import noise_floors
from edgeprof_agent.isolation import Limits, WorkerExit
from edgeprof_agent.measuring.artifacts import fitted, inline_samples_ms, samples_artifact, trace_artifact
from edgeprof_agent.measuring.effective import bare_effective, effective_of
from edgeprof_agent.measuring.extra_figures import add_extras
from edgeprof_agent.measuring.extras import Extras
from edgeprof_agent.measuring.figures import Figures
from edgeprof_agent.measuring.judging import trust_or_why_not, with_reason
from edgeprof_agent.measuring.memory import memory_of
from edgeprof_agent.measuring.points import points_of
from edgeprof_agent.measuring.post_window import open_loop_of, soak_of
from edgeprof_agent.measuring.remote import remote_of
from edgeprof_agent.measuring.summary import figures_of, timing_of
from edgeprof_agent.measuring.verdict import failure_of
from edgeprof_agent.measuring.worker_run import Header, WorkerRun
from edgeprof_agent.telemetry import state
from edgeprof_agent.telemetry.conditions import conditions_of
from edgeprof_agent.worker_protocol.document import Cold, Measured


@dataclass(frozen=True, kw_only=True)
class _Body:
    """What only a run that measured has."""

    effective: Effective | None = None
    figures: Figures | None = None
    samples_ms: tuple[float, ...] = ()
    artifacts: tuple[ArtifactRef, ...] = ()
    timing: Timing | None = None
    open_loop: OpenLoop | None = None
    soak: Soak | None = None
    memory: MemoryProfile | None = None
    points: tuple[SweepPoint, ...] = ()
    remote: Remote | None = None
    conditions: Conditions | None = None
    trust: Trust | None = None


def failed_early(header: Header, failure: Failure) -> Result:
    """The result of a run that never started a worker."""
    return _document(header, None, failure, _Body())


def flashed(header: Header, run: WorkerRun, figures: Figures) -> Result:
    """The result of a run that loaded the model once, or could not."""
    failure = None if run.cold else failure_of(run.worker_output, run.outcome, run.limits)
    return _document(header, run, failure, _Body(figures=None if failure else figures))


def result_of(header: Header, run: WorkerRun) -> tuple[Result, dict[str, bytes]]:
    """The result of a run, measured or failed, and its artifacts by SHA-256."""
    measured = run.worker_output.measured
    if measured is None:
        return fitted(_document(header, run, failure_of(run.worker_output, run.outcome, run.limits), _Body()))
    figures = figures_of(measured, _worker_start_ms(run), model_bytes(header.model.manifest))
    extras = Extras()
    extras.problems += run.problems
    add_extras(figures, header, run, measured, extras)
    body, artifacts = _body(header, run, measured, figures, extras)
    body = replace(body, effective=_noted(body.effective, extras.problems))
    document = _document(header, run, None, body)
    result, moved = extras.attempt("shortening the result", lambda: fitted(document), (document, {}))
    return result, artifacts | moved


def _body(
    header: Header, run: WorkerRun, measured: Measured, figures: Figures, extras: Extras
) -> tuple[_Body, dict[str, bytes]]:
    """Everything of a result beside its figures, and the artifacts by SHA-256."""
    output, attempt = run.worker_output, extras.attempt
    made = [
        attempt("the samples", lambda: samples_artifact(measured), None),
        attempt("the trace", lambda: trace_artifact(run.trace), None),
        run.power,
        run.operators,
    ]
    artifacts = [each for each in made if each is not None]
    timing = attempt("timing", lambda: timing_of(measured, figures), None)
    memory = attempt(
        "the memory profile",
        lambda: memory_of(measured, output.memory_after, run.outcome.group_peak_mib, run.window_memory),
        None,
    )
    conditions = attempt(
        "the conditions",
        lambda: conditions_of(run.trace, [*measured["prefill_windows"], *measured["windows"]], len(run.cores)),
        None,
    )
    points = attempt(
        "the sweep",
        lambda: points_of(
            header.protocol.sweep, output.points, run.outcome, measured["prompt_tokens"], measured["absent"]
        ),
        (),
    )
    trust = trust_or_why_not(header, run, measured, timing, memory, conditions, figures, extras)
    body = _Body(
        effective=attempt("the effective configuration", lambda: effective_of(header, measured, run, points), None)
        or bare_effective(header, measured["setting"], measured["affinity"]),
        figures=figures,
        samples_ms=attempt("the samples", lambda: inline_samples_ms(measured), ()),
        artifacts=tuple(ref for ref, _ in artifacts),
        timing=attempt(
            "what prevented the precision", lambda: with_reason(header, measured, timing, trust, figures), timing
        ),
        memory=memory if measured["remote"] is None else None,  # else of the program that asks
        remote=attempt("the endpoint's figures", lambda: remote_of(measured, header.endpoint), None),
        conditions=conditions,
        trust=trust,
        open_loop=attempt(
            "the open loop",
            lambda: open_loop_of(output.open_loop, header.protocol.seed) if output.open_loop else None,
            None,
        ),
        soak=attempt("the soak", lambda: _soak(run, _burst_p50_ms(figures)), None),
        points=points,
    )
    return body, {ref.sha256: data for ref, data in artifacts}


def _noted(effective: Effective | None, problems: Sequence[str]) -> Effective | None:
    """The steps that failed are told where the run's other notes are."""
    if effective is None or not problems:
        return effective
    return replace(effective, notes=(*effective.notes, *dict.fromkeys(problems)))


def _soak(run: WorkerRun, burst_p50_ms: float | None) -> Soak | None:
    """Imported here, too: most runs have none."""
    from edgeprof_agent.measuring.soak_conditions import soak_with_conditions

    worker_output = run.worker_output.soak
    soak = soak_of(worker_output, burst_p50_ms) if worker_output else None
    return soak_with_conditions(soak, run.trace, worker_output["start_ns"]) if worker_output and soak else None


def _document(header: Header, run: WorkerRun | None, failure: Failure | None, body: _Body) -> Result:
    floors = noise_floors.for_run(header) if body.figures and header.config.is_speed else noise_floors.Floors()
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
        energy=run.energy if run else (),
        isolation=isolation_of(run.outcome, run.limits) if run else None,
        emulated=header.emulated,
        replayed=header.replays,
        noise_floor=floors.lead,
        noise_floors=floors.others,
        agent_version=__version__,
        timing=body.timing,
        cold_start=_cold_start(run.cold) if run and run.cold else None,
        memory=body.memory,
        open_loop=body.open_loop,
        soak=body.soak,
        points=body.points,
        remote=body.remote,
        footprint=run.footprint if run else None,
        conditions=body.conditions,
        trust=body.trust,
    )


def isolation_of(ended: WorkerExit, limits: Limits) -> Isolation:
    """What held the worker, as a result has it."""
    lacks = ended.lacks.sentence if ended.lacks else None
    return Isolation(layers=ended.layers, memory_limit_mib=limits.memory_limit_mib, lacks=lacks, strays=ended.strays)


def _burst_p50_ms(figures: Figures) -> float | None:
    """Of one inference, or of one generated token."""
    latency_ms = figures.value("latency_p50_ms")
    return latency_ms if latency_ms is not None else figures.value("inter_token_p50_ms")


def _cold_start(cold: Cold) -> ColdStart:
    return ColdStart(
        evicted=cold["evicted"],
        resident_before_share=cold["resident_before_share"],
        resident_after_share=cold["resident_after_share"],
        reason=cold["reason"],
    )


def _worker_start_ms(run: WorkerRun) -> float:
    """Both stamps are of CLOCK_MONOTONIC, which parent and child share."""
    return ((run.worker_output.first_line_ns or run.outcome.spawned_ns) - run.outcome.spawned_ns) / 1e6
