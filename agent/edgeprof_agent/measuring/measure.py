"""One model measured on this machine: the one path of `edgeprof profile` and of the agent."""

import os
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from edgeprof.errors import EdgeprofError, MissingPartError
from edgeprof.wire.energy import EnergyRun
from edgeprof.wire.formats import is_language
from edgeprof.wire.messages import DeviceState, Failure, Result
from edgeprof_agent.cost_book import CostBook
from edgeprof_agent.energy.meter import PLAYED, SERVED, EnergyMeter, Sources, sources_of
from edgeprof_agent.energy.trace import power_artifact
from edgeprof_agent.measuring.extras import Extras, harmless
from edgeprof_agent.measuring.flashing import flashed_result, load_once
from edgeprof_agent.measuring.footprint import FootprintMeter
from edgeprof_agent.measuring.integrity import check_files
from edgeprof_agent.measuring.llama_path import path_of
from edgeprof_agent.measuring.lock import measuring
from edgeprof_agent.measuring.model_facts import facts_of
from edgeprof_agent.measuring.reporting import failed_early, result_of
from edgeprof_agent.measuring.request import MeasureRequest
from edgeprof_agent.measuring.worker_course import Attempt, Sidecars, run_worker
from edgeprof_agent.measuring.worker_memory import UNSAMPLED, WindowMemory, over_windows
from edgeprof_agent.measuring.worker_run import Header, WorkerRun
from edgeprof_agent.runtimes import registry
from edgeprof_agent.telemetry import state
from edgeprof_agent.telemetry.gate import HeatGate, Passed
from edgeprof_agent.telemetry.sampler import Telemetry
from edgeprof_agent.telemetry.trace import Trace
from edgeprof_agent.worker_protocol.document import EnergyLoad, Measured, MeasuredWindow
from edgeprof_agent.worker_protocol.progress import OnProgress
from edgeprof_agent.worker_protocol.reason import short_reason

GATE = HeatGate()
"""This process's own."""
PLAYED_PASS = Passed(unchecked="this machine plays another device, whose temperature is not known")
_CANCELLED = Failure(stage="start", code="cancelled", message="The run was cancelled before it started.")

if TYPE_CHECKING:
    from edgeprof.modelfiles.weights import StoredWeights


def measure(
    request: MeasureRequest,
    on_progress: OnProgress,
    cancelled: threading.Event,
    worker: Sequence[str] | None = None,
    root: Path = Path("/"),
    gate: HeatGate = GATE,
) -> tuple[Result, dict[str, bytes]]:
    """The result, whatever the model does, and its artifacts by SHA-256.

    `worker` replaces the worker's command; `root` is where the device's own files are read (a recorded machine's tree).
    """
    header = header_of(request)
    on_progress = harmless(on_progress)
    on_progress("start", None, "")
    with measuring(lambda: on_progress("start", None, "waiting for another measurement"), cancelled) as free:
        if not free:
            return failed_early(header, _CANCELLED), {}
        on_progress("verify", None, "")  # within the lock: hashing would disturb somebody else's window
        failure = misplaced(request) or check_files(request.model.manifest, request.model_dir, cancelled)
        if failure is not None:
            return failed_early(header, failure), {}
        header = replace(header, weights=_weights(request))
        on_progress("start", None, "")
        passed = PLAYED_PASS if request.emulated else gate.wait(request.protocol, on_progress, cancelled, root)
        if passed.critical is not None:
            return failed_early(header, Failure(stage="start", code="thermal_abort", message=passed.critical)), {}
        path = path_of(request.config)
        header = replace(header, path=path)
        command = worker or worker_command(request.config.runtime)
        attempt = Attempt(request, path, on_progress, cancelled, command, root, facts_of(request))
        if request.config.load_only:
            return flashed_result(header, load_once(attempt, passed)), {}
        run = _run(attempt, passed)
        if request.protocol.operators and run.worker_output.measured is not None:
            run = _with_operators(attempt, run)
        gate.left()
        return result_of(header, run)


def _with_operators(attempt: Attempt, run: WorkerRun) -> WorkerRun:
    """After the measurement, whose figures it cannot touch. What prevents it is a note of the run."""
    from edgeprof_agent.operator_profile.beside_a_run import operator_artifact  # few runs ask for it

    request = attempt.request
    try:
        if request.emulated or request.model.format == "served":
            raise MissingPartError("no_operator_profile", "Operators are profiled on the machine that runs the model.")
        attempt.on_progress("operators", None, "runs with the runtime's profiler and without it, in turn")
        return replace(run, operators=operator_artifact(request, attempt.cancelled))
    except Exception as error:  # the run was measured all the same
        return replace(run, problems=(*run.problems, f"operators were not profiled: {short_reason(error)}"))


def misplaced(request: MeasureRequest) -> Failure | None:
    """A served model runs at its endpoint, and nothing else does. What this host has installed makes no difference."""
    is_served = request.model.format == "served"
    if is_served and request.endpoint is None:
        message = (
            "A served model is measured at its endpoint, and this device is not one. See `edgeprof agent run "
            "--endpoint`."
        )
    elif request.endpoint is not None and not is_served:
        message = "This device is a cloud endpoint and runs only what it serves. See `edgeprof endpoint model`."
    else:
        return None
    return Failure(stage="start", code="runtime_missing", message=message)


def worker_command(variant: str) -> tuple[str, ...]:
    """How the worker of a runtime is started."""
    return (registry.worker_python(variant), "-m", "edgeprof_agent.worker")


def _run(attempt: Attempt, passed: Passed) -> WorkerRun:
    """A cold start in a process of its own, then the measurement. A model that fails cold is not tried again."""
    started_s = time.monotonic()
    before = state.read_state(attempt.root)
    cores = attempt.request.cores or tuple(sorted(os.sched_getaffinity(0)))
    telemetry = Telemetry(attempt.root, cores)
    meter = _meter(attempt)
    is_served = attempt.request.model.format == "served"  # it has no files that could be cold
    cold = run_worker(attempt, "cold", started_s) if attempt.request.protocol.cold_start and not is_served else None
    footprint = FootprintMeter()
    failed_cold = cold is not None and not cold.worker_output.cold
    beside = Sidecars(telemetry.start, lambda on_line: footprint.beside(telemetry.beside(on_line)), meter)
    extras = Extras()
    try:
        ended = cold if cold and failed_cold else run_worker(attempt, "measure", started_s, beside)
    finally:
        extras.attempt("stopping the power sources", meter.stop, None)
        trace = extras.attempt("the trace of the device", telemetry.stop, Trace(asked_hz=0.0))
    after = state.read_state(attempt.root)
    measured, load = ended.worker_output.measured, ended.worker_output.energy
    costs = (CostBook.of(trace.at_ns, trace.sampler_cpu_ns),)
    windows = [*measured["prefill_windows"], *measured["windows"]] if measured is not None else None
    energy, energy_problem = extras.outcome(
        "energy", lambda: _energy(attempt.request, meter, load, measured, (before, after)), ()
    )
    return WorkerRun(
        before=before,
        after=after,
        limits=replace(ended.limits, deadline_s=attempt.request.protocol.deadline_s),
        worker_output=ended.worker_output,
        outcome=ended.outcome,
        energy=energy,
        no_energy=energy_problem or meter.absent,
        power=extras.attempt("the power trace", lambda: power_artifact(load, meter.recordings()), None)
        if load
        else None,
        footprint=extras.attempt("the footprint of edgeprof", lambda: footprint.footprint(windows, costs), None)
        if windows is not None
        else None,
        window_memory=extras.attempt("memory in the window", lambda: _window_memory(trace, windows), UNSAMPLED)
        if windows is not None
        else UNSAMPLED,
        cold=cold.worker_output.cold if cold else None,
        trace=trace,
        cores=cores,
        gate=passed,
        problems=tuple(extras.problems),
    )


def _energy(
    request: MeasureRequest,
    meter: EnergyMeter,
    load: EnergyLoad | None,
    measured: Measured | None,
    states: tuple[DeviceState, DeviceState],
) -> tuple[EnergyRun, ...]:
    """Where the worker did not come to it, only what was left out before."""
    if load is None or measured is None:
        return meter.unused()
    return meter.runs(load, measured, *states, None if request.replays else request.device_id)


def _meter(attempt: Attempt) -> EnergyMeter:
    """The power sources of this run; none is read before the worker's stage `energy`."""
    request = attempt.request
    elsewhere = PLAYED if request.emulated else SERVED if request.model.format == "served" else None
    wanted = request.protocol.energy and elsewhere is None
    text = is_language(request.model.format)
    try:
        sources = sources_of(attempt.root, request.meters, attempt.on_progress) if wanted else Sources()
        return EnergyMeter.of(request.protocol, sources, text=text, elsewhere=elsewhere)
    except Exception as error:  # the run goes on without energy
        reason = f"the power sources cannot be opened: {short_reason(error)}"
        return EnergyMeter.of(request.protocol, Sources(), text=text, elsewhere=elsewhere or reason)


def _window_memory(trace: Trace, windows: Sequence[MeasuredWindow]) -> WindowMemory:
    """What the trace saw of the worker's memory."""
    rss, pss = trace.series("worker", "rss_mib"), trace.series("worker_pss", "pss_mib")
    return over_windows(rss, pss, windows, trace.absent.get("worker_pss"))


def _weights(request: MeasureRequest) -> "StoredWeights | None":
    """None also where the bytes are those of the manifest and yet no model: that is for its runtime to say."""
    from edgeprof.modelfiles.weights import stored_weights  # an idle agent need not hold it

    try:
        return stored_weights(request.model_dir / request.model.manifest.entry, request.model.format)
    except (EdgeprofError, OSError):
        return None


def header_of(request: MeasureRequest) -> Header:
    """What is known before anything has run."""
    return Header(
        result_id=request.result_id,
        job_id=request.job_id,
        attempt=request.attempt,
        device_id=request.device_id,
        model=request.model,
        config=request.config,
        protocol=request.protocol,
        emulated=request.emulated,
        replays=request.replays,
        endpoint=request.endpoint,
        started=state.stamp(),
    )
