"""Nodes of a phase by operator, the slowest first, and whether the profile can be believed."""

from collections.abc import Sequence
from statistics import median

import msgspec

from edgeprof.operators.placing import Bound, Placed
from edgeprof.operators.recorded import PhaseRun

MAX_ROUNDING_SHARE = 0.05
"""A clock that rounds each node down by a step may lose this much of the latency at most."""
MAX_COST = 1.25
"""A runtime's own profiler that makes a run this many times as long measures itself. A callback's cost lies between the
operators instead."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """All nodes of an operator and precision in one phase."""

    op: str
    precision: str
    nodes: int
    time_ms: float
    share: float
    """Of the time of all nodes."""
    gflop: float | None
    mib: float | None
    bound: Bound | None
    """What bounds most of its time."""
    bound_share: float | None
    """Mean share of the bound, weighted by time."""

    @property
    def intensity(self) -> float | None:
        """Operations a byte."""
        return self.gflop * 1e9 / (self.mib * 1048576) if self.gflop is not None and self.mib else None


def too_short(phase: PhaseRun, tick_ns: int) -> str | None:
    """Why a table of this phase would mislead; None where it does not.

    >>> too_short(PhaseRun(phase="inference", plain_ns=(15e3,), profiled_ns=(90e3,), sums_ns=(), nodes=()), 1000)
    'the profiler makes a run 6.0 times as long (15 µs without it, 90 µs with it)'
    """
    plain_ns, profiled_ns = median(phase.plain_ns), median(phase.profiled_ns)
    lost = len(phase.nodes) * tick_ns / plain_ns
    if tick_ns > 1 and lost > MAX_ROUNDING_SHARE:
        return (
            f"its profiler rounds each of {len(phase.nodes)} nodes down to {tick_ns / 1000:.0f} µs, up to {lost:.0%} "
            f"of a run of {plain_ns / 1000:.0f} µs"
        )
    if tick_ns > 1 and profiled_ns / plain_ns > MAX_COST:
        return (
            f"the profiler makes a run {profiled_ns / plain_ns:.1f} times as long ({plain_ns / 1000:.0f} µs without "
            f"it, {profiled_ns / 1000:.0f} µs with it)"
        )
    return None


def grouped(placed: Sequence[Placed]) -> list[Group]:
    """By operator and precision, the slowest first."""
    whole = sum(each.node.time_ns for each in placed) or 1.0
    keys = dict.fromkeys((each.node.op, each.node.precision) for each in placed)
    found = [
        _group(key, [each for each in placed if (each.node.op, each.node.precision) == key], whole) for key in keys
    ]
    return sorted(found, key=lambda group: -group.time_ms)


def _group(key: tuple[str, str], members: Sequence[Placed], whole_ns: float) -> Group:
    time_ns = sum(each.node.time_ns for each in members)
    flops = [each.flop for each in members]
    sizes = [each.bytes for each in members]
    known = [each for each in members if each.share is not None and each.bound is not None]
    known_ns = sum(each.node.time_ns for each in known)
    by_compute = sum(each.node.time_ns for each in known if each.bound == "compute")
    bound: Bound | None = None if not known else "compute" if by_compute > known_ns / 2 else "memory"
    share = sum(each.node.time_ns * (each.share or 0.0) for each in known) / known_ns if known_ns else None
    return Group(
        op=key[0],
        precision=key[1],
        nodes=len(members),
        time_ms=time_ns / 1e6,
        share=time_ns / whole_ns,
        gflop=None if None in flops else sum(flop or 0 for flop in flops) / 1e9,
        mib=None if None in sizes else sum(size or 0 for size in sizes) / 1048576,
        bound=bound,
        bound_share=share,
    )
