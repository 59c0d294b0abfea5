"""What is known of a run, put into the wire's one Result document."""

from dataclasses import dataclass

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
from edgeprof_agent.measuring.artifacts import fitted, inline_samples_ms, samples_artifact, trace_artifact
from edgeprof_agent.measuring.effective import effective_of
from edgeprof_agent.measuring.energy_figures import add_energy
from edgeprof_agent.measuring.figures import Figures
from edgeprof_agent.measuring.memory import memory_of
from edgeprof_agent.measuring.points import points_of
from edgeprof_agent.measuring.post_window import RESPONSES, add_responses, add_sustained, open_loop_of, soak_of
from edgeprof_agent.measuring.remote import remote_of
from edgeprof_agent.measuring.summary import add_cold, figures_of, timing_of
from edgeprof_agent.measuring.verdict import failure_of, unreported
from edgeprof_agent.measuring.worker_run import Header, WorkerRun
from edgeprof_agent.telemetry import state
from edgeprof_agent.telemetry.conditions import conditions_of
from edgeprof_agent.worker_protocol.document import Cold, MadeUpWork, Measured


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


def result_of(header: Header, run: WorkerRun) -> tuple[Result, dict[str, bytes]]:
    """The result of a run, measured or failed, and its artifacts by SHA-256."""
    measured = run.worker_output.measured
    if measured is None:
        return fitted(_document(header, run, failure_of(run.worker_output, run.outcome, run.limits), _Body()))
    figures = figures_of(measured, _worker_start_ms(run), model_bytes(header.model.manifest))
    add_cold(figures, measured, run.cold)
    add_responses(figures, run.worker_output.open_loop)
    add_sustained(figures, run.worker_output.soak, measured["kind"])
    _miss_untold(figures, header, run, measured["kind"])
    add_energy(figures, run.energy[0] if run.energy else _no_energy(run), measured["kind"])
    artifacts = [made for made in (samples_artifact(measured), trace_artifact(run.trace), run.power) if made]
    timing = timing_of(measured, figures)
    memory = memory_of(measured, run.worker_output.memory_after, run.outcome.group_peak_mib, run.window_memory)
    conditions = conditions_of(run.trace, [*measured["prefill_windows"], *measured["windows"]], len(run.cores))
    points = points_of(
        header.protocol.sweep, run.worker_output.points, run.outcome, measured["prompt_tokens"], measured["absent"]
    )
    body = _Body(
        effective=effective_of(header, measured, run, points),
        figures=figures,
        samples_ms=inline_samples_ms(measured),
        artifacts=tuple(ref for ref, _ in artifacts),
        timing=timing,
        memory=memory if measured["remote"] is None else None,  # else of the program that asks
        remote=remote_of(measured, header.endpoint),
        conditions=conditions,
        trust=_trust(header, run, measured, timing, memory, conditions),
        open_loop=open_loop_of(run.worker_output.open_loop, header.protocol.seed)
        if run.worker_output.open_loop
        else None,
        soak=_soak(run, _burst_p50_ms(figures)),
        points=points,
    )
    result, moved = fitted(_document(header, run, None, body))
    return result, {ref.sha256: data for ref, data in artifacts} | moved


def _no_energy(run: WorkerRun) -> str:
    """Why there is no source, else what the worker said, else what became of it."""
    reason = run.worker_output.measured["absent"].get("energy_per_token_j") if run.worker_output.measured else None
    return run.no_energy or reason or unreported(run.worker_output, run.outcome, "energy")


def _miss_untold(figures: Figures, header: Header, run: WorkerRun, kind: str) -> None:
    """What was asked beyond the window and never told of: its figures are absent with what became of the worker."""
    if header.config.arrival_rate_per_s > 0 and run.worker_output.open_loop is None:
        for metric, _ in RESPONSES:
            figures.miss(metric, unreported(run.worker_output, run.outcome, "open_loop"))
    if header.protocol.soak_s > 0 and run.worker_output.soak is None:
        for metric in ("sustained_p50_ms", *(["sustained_tokens_per_s"] if kind == "text" else [])):
            figures.miss(metric, unreported(run.worker_output, run.outcome, "soak"))


def _trust(
    header: Header, run: WorkerRun, measured: Measured, timing: Timing, memory: MemoryProfile, conditions: Conditions
) -> Trust:
    """Imported here: an agent that waits for work need not carry it."""
    from edgeprof_agent.measuring.trust import RunEvidence, trust_of
    from edgeprof_agent.measuring.trust_in_samples import medians_of, pieces_ms

    return trust_of(
        RunEvidence(
            medians_of=medians_of(measured),
            pieces_ms=pieces_ms(measured),
            timing=timing,
            conditions=conditions,
            memory=memory,
            before=run.before,
            after=run.after,
            output=measured["output"],
            output_unread=measured["output_unread"],
            made_up_work=_made_up_work(run, measured),
            emulated=header.emulated,
            replays=header.replays,
            gate=run.gate,
            beyond=bool(header.protocol.sweep or header.config.arrival_rate_per_s or header.protocol.soak_s),
        )
    )


def _made_up_work(run: WorkerRun, measured: Measured) -> MadeUpWork | str | None:
    """A worker that died before this check leaves it open, where it had something to check."""
    found = run.worker_output.made_up_work
    if found is not None or not measured["steering"]:
        return found
    reason = unreported(run.worker_output, run.outcome, "report")
    return f"whether the time depends on inputs that were made up is not known: {reason}"


def _soak(run: WorkerRun, burst_p50_ms: float | None) -> Soak | None:
    """Imported here, too: most runs have none."""
    from edgeprof_agent.measuring.soak_conditions import soak_with_conditions

    worker_output = run.worker_output.soak
    soak = soak_of(worker_output, burst_p50_ms) if worker_output else None
    return soak_with_conditions(soak, run.trace, worker_output["start_ns"]) if worker_output and soak else None


def _document(header: Header, run: WorkerRun | None, failure: Failure | None, body: _Body) -> Result:
    floors = noise_floors.for_run(header) if body.figures else noise_floors.Floors()
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
        isolation=_isolation(run) if run else None,
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


def _isolation(run: WorkerRun) -> Isolation:
    return Isolation(layers=run.outcome.layers, memory_limit_mib=run.limits.memory_limit_mib)


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
