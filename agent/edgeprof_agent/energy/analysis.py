"""One source's recording and the worker's load, made into an EnergyRun: validated, set right in time, integrated. Pure.

The order matters: what the source says is checked before anything is computed from it, and a finding that makes it
unusable leaves no joule behind, only the reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median, stdev

from edgeprof.wire.energy import Calibration, EnergyRun, PowerSource
from edgeprof_agent.energy.calibrated_trace import CalibratedTrace
from edgeprof_agent.energy.course import Course
from edgeprof_agent.energy.edges import Offset, offset_of
from edgeprof_agent.energy.integrate import changes, in_order, shifted, watts
from edgeprof_agent.energy.marks import EnergyFacts, marks_of
from edgeprof_agent.energy.plan import WINDOW_PERIODS
from edgeprof_agent.energy.uncertainty import Seen, parts_of, spread_share, together
from edgeprof_agent.energy.validation import why_inconsistent, why_negative, why_unusable
from edgeprof_agent.energy.windows import by_phase, lead, throughput_ratio, windows_of
from edgeprof_agent.sensors.base import Recording, Sample
from edgeprof_agent.sensors.pace import reading_pace_s
from edgeprof_agent.worker_protocol.document import EnergyLoad

_TAIL_NS = 1_000_000_000
"""After the load: clocks come down, caches are written back."""


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """What else is known of the run. `latency_per_s`: units a second in the latency window, by phase."""

    latency_per_s: dict[str, float]
    sampler_cpu_share: float | None = None
    problem: str | None = None
    """Something outside the trace that forbids any figure, such as a power mode that changed."""


def energy_run(
    recording: Recording,
    load: EnergyLoad,
    calibration: Calibration | None,
    run_context: RunContext,
    min_window_s: float,
) -> EnergyRun:
    """What this source says of this load, or why it says nothing."""
    ordered = in_order(recording.samples)
    recording, min_window_s = _at_its_true_pace(recording, ordered, min_window_s)
    whole = Course.of(load).from_first(ordered)
    whole = whole.to_last(ordered) if recording.late else whole
    samples = _to_the_end(recording, ordered, whole)
    problem = (
        run_context.problem or whole.why_incomplete() or why_unusable(recording, samples, whole.start_ns, whole.end_ns)
    )
    offset = Offset(0.0, 0.0)
    if problem is None and recording.late:
        power = watts(samples, recording.integration)
        found = offset_of(power, whole.edges(), recording.period_s, held=recording.integration == "held")
        problem = found if isinstance(found, str) else None
        offset = offset if isinstance(found, str) else found
    samples = shifted(samples, -round(offset.late_s * 1e9))
    if problem is None:
        whole = whole.within(samples)
        problem = whole.why_too_late(offset.late_s)
    run = EnergyRun(
        source=_source(recording, samples, whole, calibration),
        sampler_cpu_share=run_context.sampler_cpu_share,
        battery_capacity_j=recording.battery_capacity_j,
        clock_offset_s=offset.late_s if recording.late and problem is None else None,
        clock_offset_error_s=offset.error_s if recording.late and problem is None else None,
        problem=problem,
    )
    if problem is not None:
        return run
    return _figured(run, CalibratedTrace(recording, samples, calibration), whole, load, run_context, min_window_s)


def _at_its_true_pace(recording: Recording, samples: Sequence[Sample], min_window_s: float) -> tuple[Recording, float]:
    """A source that repeats what it last knew may turn out slower than it seemed before the run."""
    if recording.integration != "held":
        return recording, min_window_s
    pace_s = reading_pace_s(samples, cached=True)
    if pace_s is None or pace_s <= recording.period_s:
        return recording, min_window_s
    return replace(recording, period_s=pace_s), max(min_window_s, WINDOW_PERIODS * pace_s)


def _figured(
    run: EnergyRun,
    trace: CalibratedTrace,
    whole: Course,
    load: EnergyLoad,
    run_context: RunContext,
    min_window_s: float,
) -> EnergyRun:
    before_w = trace.mean_w(whole.start_ns, whole.load_start_ns)
    after_w = trace.mean_w(min(whole.load_end_ns + _TAIL_NS, (whole.load_end_ns + whole.end_ns) // 2), whole.end_ns)
    idle_readings = trace.readings_w(whole.start_ns, whole.load_start_ns)
    idle_w = fmean((before_w, after_w))
    windows = windows_of(trace, load, whole, idle_w)
    powers = [window.gross_j / (window.end_s - window.start_s) for window in windows]
    inconsistent = why_inconsistent(powers) or why_negative(trace.recording, powers)
    if inconsistent is not None or not windows:
        return _without_figures(run, inconsistent or "no load window ran")
    lead_windows = lead(windows)
    units_j = [window.gross_j / window.units for window in lead_windows]
    window_s = median(window.end_s - window.start_s for window in lead_windows)
    spread = max(spread_share([each.gross_j / each.units for each in group]) for group in by_phase(windows).values())
    seen = Seen(
        units_j=units_j,
        window_s=window_s,
        average_w=fmean(powers),
        idle_w=idle_w,
        period_s=trace.recording.period_s,
        offset_error_s=run.clock_offset_error_s or 0.0,
        windows=len(lead_windows),
        both_ways_j=_both_ways(trace, whole),
    )
    parts = parts_of(seen, trace.recording.accuracy, trace.calibration)
    facts = EnergyFacts(
        idle_before_w=before_w,
        idle_after_w=after_w,
        idle_sd_w=stdev(idle_readings) if len(idle_readings) > 1 else None,
        spread_share=spread,
        changes_a_window=changes(trace.samples, whole.load_start_ns, whole.load_end_ns) / len(windows),
        window_s=window_s,
        min_window_s=min_window_s,
        throughput_ratio=throughput_ratio(windows, run_context.latency_per_s),
        complete=load["complete"],
        calibration=trace.calibration,
        powers_w=powers,
        resolution_w=trace.recording.accuracy.resolution_w,
    )
    peaks = trace.readings_w(whole.load_start_ns, whole.load_end_ns)
    return EnergyRun(
        source=run.source,
        idle_before_w=before_w,
        idle_after_w=after_w,
        idle_sd_w=facts.idle_sd_w,
        windows=tuple(windows),
        average_w=fmean(powers),
        peak_w=max(peaks) if peaks else None,
        spread_share=spread,
        clock_offset_s=run.clock_offset_s,
        clock_offset_error_s=run.clock_offset_error_s,
        throughput_ratio=facts.throughput_ratio,
        sampler_cpu_share=run.sampler_cpu_share,
        battery_capacity_j=run.battery_capacity_j,
        uncertainty=parts,
        uncertainty_share=together(parts),
        marks=marks_of(facts),
    )


def _both_ways(trace: CalibratedTrace, whole: Course) -> tuple[float, float] | None:
    """The load by trapezoids and by held values: what lies between two values is not known better than that."""
    if trace.recording.integration == "counter":
        return None
    return tuple[float, float](
        trace.joules(whole.load_start_ns, whole.load_end_ns, held=held) for held in (False, True)
    )


def _source(
    recording: Recording, samples: Sequence[Sample], whole: Course, calibration: Calibration | None
) -> PowerSource:
    return PowerSource(
        name=recording.name,
        scope=recording.scope,
        source=recording.source,
        version=recording.version,
        integration=recording.integration,
        sample_hz_asked=recording.hz_asked,
        sample_hz_got=changes(samples, whole.start_ns, whole.end_ns) / max(1e-9, (whole.end_ns - whole.start_ns) / 1e9),
        calibration=calibration,
    )


def unused_source(recording: Recording) -> PowerSource:
    """Of a source that was not recorded in this run."""
    return PowerSource(
        name=recording.name,
        scope=recording.scope,
        source=recording.source,
        version=recording.version,
        integration=recording.integration,
        sample_hz_asked=recording.hz_asked,
        sample_hz_got=None,
    )


def _to_the_end(recording: Recording, samples: list[Sample], whole: Course) -> list[Sample]:
    """A source that sends when its value changes holds its last one, once it has shown that the load is over."""
    if recording.integration != "held" or not samples or not whole.load_end_ns < samples[-1].at_ns < whole.end_ns:
        return samples
    return [*samples, Sample(whole.end_ns, samples[-1].value)]


def _without_figures(run: EnergyRun, problem: str) -> EnergyRun:
    return EnergyRun(source=run.source, problem=problem, sampler_cpu_share=run.sampler_cpu_share)
