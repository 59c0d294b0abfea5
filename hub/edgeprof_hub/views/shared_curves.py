"""Curves of several runs in shared charts (sweeps, soak, heat, clock, power), and their memory by phase."""

from collections.abc import Sequence
from dataclasses import replace

from edgeprof.wire import messages as m
from edgeprof_hub.views import load_views, power_trace, sweeps, traces
from edgeprof_hub.views.facts import DataTable, text_of
from edgeprof_hub.views.lines import ChartLine, Drawn, LineChart
from edgeprof_hub.views.memory_facts import PHASES
from edgeprof_hub.views.samples import Fetch

Lettered = Sequence[tuple[str, m.Result]]
"""Runs, each with the letter that it is called by."""


def curves(runs: Lettered, fetch: Fetch) -> tuple[LineChart, ...]:
    """A chart for each curve that at least two of the runs have, with at most two lines per run."""
    charts: dict[tuple[str, str, str], list[tuple[str, LineChart]]] = {}
    for letter, result in runs:
        for chart in _charts_of(result, fetch):
            charts.setdefault((chart.title, chart.unit, chart.x), []).append((letter, chart))
    return tuple(_together(found) for found in charts.values() if len(found) > 1)


def _charts_of(result: m.Result, fetch: Fetch) -> list[LineChart]:
    soak = load_views.soak_view(result)
    drawn: list[Drawn | None] = [
        sweeps.sweep_of(result),
        soak.drawn if soak else None,
        traces.trace_of(result, fetch),
        power_trace.drawn(result, fetch),
    ]
    return [chart for one in drawn if one for chart in one.charts]


def _together(found: Sequence[tuple[str, LineChart]]) -> LineChart:
    """The charts as one: every line under its run's letter. Rules are left out, as each is of one run."""
    lines = [
        ChartLine(f"{letter} · {line.name}" if line.name else letter, line.points)
        for letter, chart in found
        for line in _extremes(chart.lines)
    ]
    first = found[0][1]
    return replace(
        first,
        lines=tuple(lines),
        rules=(),
        log_x=any(chart.log_x for _, chart in found),
        from_zero=all(chart.from_zero for _, chart in found),
    )


def _extremes(lines: Sequence[ChartLine]) -> list[ChartLine]:
    """The lines, or where there are more than two the one that lies highest and the one that lies lowest."""
    if len(lines) <= 2:
        return list(lines)
    ordered = sorted(lines, key=lambda line: sum(point.y for point in line.points) / max(1, len(line.points)))
    return [ordered[-1], ordered[0]]


def memory_table(runs: Lettered) -> DataTable | None:
    """RSS at the end of each phase and its peak, in MiB; None where no run has phases."""
    there = [(letter, result.memory) for letter, result in runs if result.memory is not None]
    if not there:
        return None
    heads = ("After", *(f"{letter}, {name}" for letter, _ in there for name in ("RSS", "peak")))
    phases = [{phase.phase: phase for phase in memory.phases} for _, memory in there]
    rows = [
        (
            title,
            *(
                text_of(getattr(found[name], field)) if name in found else ""
                for found in phases
                for field in ("rss_mib", "peak_mib")
            ),
        )
        for name, title in PHASES.items()
        if any(name in found for found in phases)
    ]
    return DataTable(heads, tuple(rows)).without_empty_columns()
