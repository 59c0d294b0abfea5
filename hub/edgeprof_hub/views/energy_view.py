"""Energy on a run's page: each source with what it covers, the method, how far it may be off, and its trace."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from edgeprof.tables import figures
from edgeprof.wire.energy import EnergyRun, scope_words
from edgeprof.wire.messages import Result
from edgeprof_hub.views import power_trace
from edgeprof_hub.views.facts import DataTable, Fact, with_unit
from edgeprof_hub.views.lines import Drawn

Fetch = Callable[[str], bytes | None]
_HOW = {
    "counter": "the source's energy counter",
    "trapezoid": "trapezoids between readings",
    "held": "each value held until the next",
}


@dataclass(frozen=True)
class SourceView:
    """One source. `problem`: why it gives no figure."""

    name: str
    covers: str
    problem: str | None
    facts: tuple[Fact, ...]
    windows: DataTable | None


@dataclass(frozen=True)
class EnergyView:
    """The leading source first, and the readings of all over time."""

    sources: tuple[SourceView, ...]
    drawn: Drawn | None


def energy_view(result: Result, fetch: Fetch) -> EnergyView | None:
    """None where no power was read; the reason stands with the figures."""
    if not result.energy:
        return None
    return EnergyView(tuple(_source(run) for run in result.energy), power_trace.drawn(result, fetch))


def _source(run: EnergyRun) -> SourceView:
    return SourceView(
        name=figures.clean(run.source.name),
        covers=scope_words(run.source.comparable_as),
        problem=figures.clean(run.problem) if run.problem is not None else None,
        facts=tuple(_facts(run)),
        windows=_windows(run) if run.windows else None,
    )


def _facts(run: EnergyRun) -> Iterator[Fact]:
    source = run.source
    version = figures.clean(source.version) if source.version else "version unknown"
    yield Fact("Reads", f"{figures.clean(source.source)} ({version})")
    requested = f" of {with_unit(source.sample_hz_asked, 'Hz requested')}" if source.sample_hz_asked else ""
    if source.sample_hz_got is None:
        yield Fact("New values", "not recorded", is_absent=True)
    else:
        got = with_unit(source.sample_hz_got, "Hz")
        yield Fact("New values", f"{got}{requested}; integrated by {_HOW[source.integration]}")
    yield Fact("Calibration", _calibration(run), warns="beyond_calibration" in run.marks)
    if run.problem is not None:
        return
    if run.idle_before_w is not None and run.idle_after_w is not None:
        spread = f", standard deviation {with_unit(run.idle_sd_w, 'W')}" if run.idle_sd_w is not None else ""
        text = f"{with_unit(run.idle_before_w, 'W')} before, {with_unit(run.idle_after_w, 'W')} after{spread}"
        yield Fact("Idle, model loaded", text, warns="drifting_idle" in run.marks)
    if run.average_w is not None:
        peak = f", peak reading {with_unit(run.peak_w, 'W')}" if run.peak_w is not None else ""
        yield Fact("Under load", f"{with_unit(run.average_w, 'W')}{peak}")
    if run.clock_offset_s is not None and run.clock_offset_error_s is not None:
        delay = f"{run.clock_offset_s:.2f} ± {run.clock_offset_error_s:.2f} s, from the edges of the load; corrected"
        yield Fact("Delay of readings", delay)
    if run.throughput_ratio is not None:
        text = f"{figures.percent(run.throughput_ratio)} of the speed in the latency window, which reads no power"
        yield Fact("Speed under power sampling", text, warns="observer_effect" in run.marks)
    if run.sampler_cpu_share is not None:
        yield Fact("Cost of reading", f"{figures.percent(run.sampler_cpu_share)} of one core")
    yield from _uncertainty(run)
    for name, reason in run.marks.items():
        yield Fact(name.replace("_", " ").capitalize(), figures.clean(reason), warns=True)


def _uncertainty(run: EnergyRun) -> Iterator[Fact]:
    if run.uncertainty_share is None:
        return
    parts = "; ".join(
        f"{figures.clean(part.cause)} {figures.percent(part.share)}{' (assumed)' if part.assumed else ''}"
        for part in sorted(run.uncertainty, key=lambda part: -part.share)
    )
    yield Fact("Uncertainty", f"± {figures.percent(run.uncertainty_share)} (95 %): {parts}")


def _calibration(run: EnergyRun) -> str:
    known = run.source.calibration
    if known is None:
        return "none"
    return (
        f"{known.slope:.4f} × reading + {known.offset_w:.3f} W, against {figures.clean(known.reference)} "
        f"({scope_words(known.reference_scope)}) on {figures.clean(known.made_on)}, {known.points} points"
    )


def _windows(run: EnergyRun) -> DataTable:
    rows = tuple(
        (
            f"{number}: {window.phase}",
            with_unit(window.end_s - window.start_s, "s"),
            f"{window.units:,}",
            figures.energy(window.gross_j),
            figures.energy(window.gross_j / window.units),
            figures.energy(window.net_j / window.units) if window.net_j is not None else "",
            figures.milliwatt_hours(1000 * window.gross_j / window.units),
        )
        for number, window in enumerate(run.windows, 1)
    )
    return DataTable(("Window", "Length", "Units", "Energy", "Per unit", "Per unit, net", "Per 1,000 units"), rows)
