"""Energy from samples, without I/O: trapezoids over watts, differences over a counter, and when to refuse."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from edgeprof.wire.energy import Integration
from edgeprof_agent.sensors.base import Sample

MIN_SAMPLES = 5
MAX_GAP_PERIODS = 5


@dataclass(frozen=True)
class Energy:
    """Joules over the window, and how often a second the source brought a new value."""

    energy_j: float
    changes_hz: float


def integrate(
    samples: Iterable[Sample], start_ns: int, end_ns: int, integration: Integration, hz: float
) -> Energy | str:
    """Joules between two moments, or why these samples cannot tell."""
    if end_ns <= start_ns:
        return "the window has no length"
    ordered = _in_order(samples)
    inside = [sample for sample in ordered if start_ns <= sample.at_ns <= end_ns]
    if len(inside) < MIN_SAMPLES:
        return f"{len(inside)} samples in a window of {(end_ns - start_ns) / 1e9:.2f} s, and {MIN_SAMPLES} are needed"
    before = [sample for sample in ordered if sample.at_ns < start_ns][-1:]
    after = [sample for sample in ordered if sample.at_ns > end_ns][:1]
    covering = [*before, *inside, *after]
    if covering[0].at_ns > start_ns or covering[-1].at_ns < end_ns:
        return "the sampling does not cover the whole window"
    gap_s = max(later.at_ns - earlier.at_ns for earlier, later in pairwise(covering)) / 1e9
    if gap_s > MAX_GAP_PERIODS / hz:
        return f"a gap of {gap_s:.2f} s between samples that should come every {1 / hz:.2f} s"
    changes = sum(earlier.value != later.value for earlier, later in pairwise(inside))
    if not changes:
        return f"{len(inside)} samples and one value: the source is stuck, or slower than the window is long"
    clipped = [_at(covering, start_ns), *(each for each in inside if start_ns < each.at_ns < end_ns)]
    clipped.append(_at(covering, end_ns))
    energy_j = clipped[-1].value - clipped[0].value if integration == "counter" else _trapezoid(clipped)
    return Energy(energy_j, changes / ((end_ns - start_ns) / 1e9))


def _in_order(samples: Iterable[Sample]) -> list[Sample]:
    """Without a sample that is not later than the one before it."""
    ordered: list[Sample] = []
    for sample in samples:
        if not ordered or sample.at_ns > ordered[-1].at_ns:
            ordered.append(sample)
    return ordered


def _at(samples: list[Sample], moment_ns: int) -> Sample:
    """The value at a moment between two samples, on the straight line between them."""
    for earlier, later in pairwise(samples):
        if earlier.at_ns <= moment_ns <= later.at_ns:
            share = (moment_ns - earlier.at_ns) / (later.at_ns - earlier.at_ns)
            return Sample(moment_ns, earlier.value + share * (later.value - earlier.value))
    raise ValueError("the moment lies outside the samples")


def _trapezoid(samples: list[Sample]) -> float:
    return (
        sum((later.value + earlier.value) / 2 * (later.at_ns - earlier.at_ns) for earlier, later in pairwise(samples))
        / 1e9
    )
