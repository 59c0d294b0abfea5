"""Where the time goes, as a terminal shows it: one table a phase, the machine's limits, and what to try next."""

from collections.abc import Iterator

from edgeprof.operators.grouping import Group
from edgeprof.operators.placing import Placed
from edgeprof.operators.report import OperatorReport, PhaseReport
from edgeprof.operators.words import time_text
from edgeprof.tables import columns
from edgeprof.tables.figures import clean
from edgeprof_agent.commands.view.words import listed, number, percent, plural

_SHOWN = 12
"""Operators of a phase; the rest share a line."""
_MAX_NAME = 36
_CLOSE = 0.05
"""A sum further from the unprofiled run gets a reason."""


def text_of(report: OperatorReport, nodes: int) -> str:
    """The head, each phase, the notes. `nodes`: so many of the slowest nodes are listed, too."""
    lines = [
        f"{clean(report.model)} on {report.runtime} {report.runtime_version}, {plural(report.threads, 'thread')}",
        *_limits(report),
    ]
    for phase in report.phases:
        lines += ["", *_phase(phase, report, nodes)]
    return "\n".join([*lines, "", *(f"Note: {clean(each)}." for each in report.notes)])


def _limits(report: OperatorReport) -> Iterator[str]:
    ceiling = report.ceiling
    if ceiling is None:
        yield f"No limits of this machine, so no bounds below: {report.no_ceiling}"
        return
    peaks = [f"{number(value)} GFLOP/s in {name}" for name, value in sorted(ceiling.peak_gflop_s.items())]
    yield f"This machine's limits, measured: {number(ceiling.bandwidth_gb_s)} GB/s memory; {'; '.join(peaks)}."


def _phase(phase: PhaseReport, report: OperatorReport, nodes: int) -> Iterator[str]:
    yield f"{phase.phase.capitalize()}: {number(phase.plain_ms)} ms without the profiler"
    yield (
        f"Operators add up to {percent(phase.coverage)} of that. With the profiler a run takes "
        f"{percent(phase.cost)} ({phase.runs} profiled runs)."
    )
    if phase.too_short:
        yield f"No table: {phase.too_short}."
        return
    yield from _why_not_whole(phase)
    yield ""
    yield from columns.table([_HEAD, *(_row(each) for each in phase.groups[:_SHOWN])])
    rest = phase.groups[_SHOWN:]
    if rest:
        yield f"{plural(len(rest), 'other operator')}: {number(sum(each.time_ms for each in rest))} ms"
    if phase.uncounted:
        yield f"Multiplications not counted: {listed(phase.uncounted)}."
    if nodes:
        yield ""
        yield from columns.table([_NODE_HEAD, *(_node(each) for each in phase.nodes[:nodes])], left=2)
    yield from _hints(phase)


def _why_not_whole(phase: PhaseReport) -> Iterator[str]:
    if abs(phase.coverage - 1) <= _CLOSE:
        return
    if phase.coverage > 1:
        yield "The sum is higher: the profiler slows each node down. Read shares, not milliseconds."
    else:
        yield "The rest lies between operators: the call itself, copies of inputs and outputs, waiting threads."


_HEAD = ("operator", "nodes", "ms", "share", "GFLOP", "MiB", "FLOP/byte", "bound")
_NODE_HEAD = ("node", "operator", "ms", "GFLOP/s", "GB/s", "bound")


def _row(group: Group) -> tuple[str, ...]:
    name = f"{group.op} {group.precision}".strip()
    return (
        _short(name),
        str(group.nodes),
        time_text(group.time_ms),
        percent(group.share),
        _or_dash(group.gflop),
        _or_dash(group.mib),
        _or_dash(group.intensity),
        bound_text(group.bound, group.bound_share),
    )


def _node(placed: Placed) -> tuple[str, ...]:
    node = placed.node
    return (
        _short(node.name or "-"),
        _short(f"{node.op} {node.precision}".strip()),
        time_text(node.time_ns / 1e6),
        _or_dash(placed.gflop_s),
        _or_dash(placed.gb_s),
        bound_text(placed.bound, placed.share),
    )


def bound_text(bound: str | None, share: float | None) -> str:
    """`memory, 71 %`: bound by memory, at 71 % of the bandwidth.

    >>> bound_text("memory", 0.71), bound_text("memory", 1.4), bound_text("compute", 1.02), bound_text(None, None)
    ('memory, 71 %', 'in cache', 'compute, 100 %', '-')
    """
    if bound is None or share is None:
        return "-"
    if share > 1:
        return "in cache" if bound == "memory" else f"{bound}, 100 %"
    return f"{bound}, {percent(share)}"


def _hints(phase: PhaseReport) -> Iterator[str]:
    if not phase.hints:
        return
    yield ""
    yield "What to try next, by what it saves at best:"
    for hint in phase.hints:
        yield f"  {number(hint.gain_ms)} ms ({percent(hint.gain)}): {hint.try_this}. {hint.evidence}."


def _or_dash(value: float | None) -> str:
    return "-" if value is None else number(value)


def _short(text: str) -> str:
    text = clean(text)
    return text if len(text) <= _MAX_NAME else f"{text[: _MAX_NAME - 1]}…"
