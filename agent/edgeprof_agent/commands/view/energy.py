"""Energy in a terminal: a source's name and what it covers, the method, the uncertainty, what to know of it."""

from collections.abc import Iterator, Sequence

from edgeprof.wire.energy import EnergyRun, scope_words
from edgeprof_agent.commands.view.words import labelled, number, percent


def energy_lines(runs: Sequence[EnergyRun]) -> Iterator[str]:
    """A paragraph a source; the figures are from the first."""
    for run in runs:
        yield ""
        yield f"Power by {run.source.name}: {scope_words(run.source.comparable_as)}"
        if run.problem is not None:
            yield from labelled("  no figure", run.problem)
            continue
        yield from labelled("  idle", _idle(run))
        yield from labelled("  load", _load(run))
        if run.uncertainty_share is not None:
            yield from labelled("  uncertainty", f"± {percent(run.uncertainty_share)}: {_parts(run)}")
        if run.source.calibration is not None:
            known = run.source.calibration
            yield from labelled("  calibration", f"against {known.reference} on {known.made_on}")
        for name, reason in run.marks.items():
            yield from labelled(f"  {name.replace('_', ' ')}", reason)


def _idle(run: EnergyRun) -> str:
    return f"{number(run.idle_before_w or 0.0)} W before, {number(run.idle_after_w or 0.0)} W after, model loaded"


def _load(run: EnergyRun) -> str:
    seconds = sum(window.end_s - window.start_s for window in run.windows)
    got_hz = run.source.sample_hz_got
    rate = "rate not recorded" if got_hz is None else f"{number(got_hz)} new values a second"
    late = f", {run.clock_offset_s:.2f} s late" if run.clock_offset_s is not None else ""
    peak = f", at most {number(run.peak_w)} W" if run.peak_w is not None else ""
    watts = number(run.average_w or 0.0)
    return f"{watts} W{peak}, over {len(run.windows)} windows of {number(seconds)} s together ({rate}{late})"


def _parts(run: EnergyRun) -> str:
    largest = sorted(run.uncertainty, key=lambda part: -part.share)
    return "; ".join(
        f"{part.cause} {percent(part.share)}{' (assumed)' if part.assumed else ''}" for part in largest if part.share
    )
