"""A recorded run, placed and summed: what the terminal, the JSON output and the page show."""

import msgspec

from edgeprof.operators.ceilings import Ceiling
from edgeprof.operators.grouping import Group, grouped, too_short
from edgeprof.operators.hints import Hint, hints
from edgeprof.operators.placing import Placed, place
from edgeprof.operators.recorded import OperatorRun, PhaseRun


class PhaseReport(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of work. Where `too_short` says why, there are no groups, nodes and hints."""

    phase: str
    plain_ms: float
    """A run without the profiler."""
    profiled_ms: float
    sum_ms: float
    coverage: float
    """Sum of the operators over a run without the profiler."""
    cost: float
    """A profiled run over one without the profiler."""
    runs: int
    too_short: str | None
    gflop: float | None
    """Of the counted products."""
    uncounted: tuple[str, ...]
    """Operators whose multiplications are in no formula."""
    groups: tuple[Group, ...]
    nodes: tuple[Placed, ...]
    hints: tuple[Hint, ...]


class OperatorReport(msgspec.Struct, frozen=True, kw_only=True):
    """All phases of a model on a runtime."""

    model: str
    runtime: str
    runtime_version: str
    threads: int
    ceiling: Ceiling | None
    no_ceiling: str
    """Why there is none; empty where there is one."""
    phases: tuple[PhaseReport, ...]
    notes: tuple[str, ...]


def report(model: str, run: OperatorRun, ceiling: Ceiling | None, no_ceiling: str = "") -> OperatorReport:
    """`model`: its name."""
    return OperatorReport(
        model=model,
        runtime=run.runtime,
        runtime_version=run.runtime_version,
        threads=run.threads,
        ceiling=ceiling,
        no_ceiling=no_ceiling,
        phases=tuple(_phase(phase, run, ceiling) for phase in run.phases),
        notes=run.notes,
    )


def precisions(run: OperatorRun) -> list[str]:
    """What the products of a run compute in: the peaks that its place under the roofline needs."""
    return sorted({node.precision for phase in run.phases for node in phase.nodes} - {""})


def _phase(phase: PhaseRun, run: OperatorRun, ceiling: Ceiling | None) -> PhaseReport:
    short = too_short(phase, run.tick_ns)
    placed = [place(node, ceiling) for node in phase.nodes]
    flops = [each.flop for each in placed if each.flop is not None]
    return PhaseReport(
        phase=phase.phase,
        plain_ms=phase.plain_ms,
        profiled_ms=phase.profiled_ms,
        sum_ms=phase.sum_ms,
        coverage=phase.coverage,
        cost=phase.cost,
        runs=len(phase.sums_ns),
        too_short=short,
        gflop=sum(flops) / 1e9 if flops else None,
        uncounted=tuple(sorted({each.node.op for each in placed if each.flop is None and each.node.has_tensors})),
        groups=() if short else tuple(grouped(placed)),
        nodes=() if short else tuple(sorted(placed, key=lambda each: -each.node.time_ns)),
        hints=() if short else tuple(hints(placed, ceiling, run.threads)),
    )
