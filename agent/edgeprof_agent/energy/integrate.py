"""Energy between two moments of a recording, without I/O: trapezoids, held values, differences over a counter."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise

from edgeprof.wire.energy import Integration
from edgeprof_agent.sensors.base import Sample


def in_order(samples: Sequence[Sample]) -> list[Sample]:
    """Without a sample that is not later than the one before it."""
    ordered: list[Sample] = []
    for sample in samples:
        if not ordered or sample.at_ns > ordered[-1].at_ns:
            ordered.append(sample)
    return ordered


def shifted(samples: Sequence[Sample], by_ns: int) -> list[Sample]:
    """The same values, told that much later: a negative `by_ns` undoes a source's lateness."""
    return [Sample(sample.at_ns + by_ns, sample.value) for sample in samples]


def covers(samples: Sequence[Sample], start_ns: int, end_ns: int) -> bool:
    """Whether the (ordered) samples reach from one moment to the other."""
    return len(samples) >= 2 and samples[0].at_ns <= start_ns < end_ns <= samples[-1].at_ns


def energy_between(samples: Sequence[Sample], start_ns: int, end_ns: int, integration: Integration) -> float:
    """Joules. Samples are in order and cover the span (ValueError else)."""
    if not covers(samples, start_ns, end_ns):
        raise ValueError("the samples do not cover the span")
    held = integration == "held"
    first, last = value_at(samples, start_ns, held=held), value_at(samples, end_ns, held=held)
    if integration == "counter":
        return last - first
    inner = samples[bisect_right(samples, start_ns, key=_at) : bisect_left(samples, end_ns, key=_at)]
    clipped = [Sample(start_ns, first), *inner, Sample(end_ns, last)]
    if held:
        return sum(one.value * (other.at_ns - one.at_ns) for one, other in pairwise(clipped)) / 1e9
    return sum((one.value + other.value) / 2 * (other.at_ns - one.at_ns) for one, other in pairwise(clipped)) / 1e9


def value_at(samples: Sequence[Sample], moment_ns: int, *, held: bool) -> float:
    """At a moment that the samples cover: on the straight line between two of them, or the earlier one's."""
    after = bisect_right(samples, moment_ns, key=_at)
    earlier = samples[after - 1]
    if held or after == len(samples):
        return earlier.value
    later = samples[after]
    share = (moment_ns - earlier.at_ns) / (later.at_ns - earlier.at_ns)
    return earlier.value + share * (later.value - earlier.value)


def watts(samples: Sequence[Sample], integration: Integration, least_s: float = 0.0) -> list[Sample]:
    """Power readings; of a counter the mean power between two of its steps, at the middle.

    `least_s`: how far apart these are at least. Over a shorter time a counter's power is mostly when it was read.
    """
    if integration != "counter":
        return list(samples)
    steps: list[Sample] = []
    for sample in samples:
        if not steps or (sample.value != steps[-1].value and sample.at_ns - steps[-1].at_ns >= least_s * 1e9):
            steps.append(sample)
    return [
        Sample((old.at_ns + new.at_ns) // 2, (new.value - old.value) / (new.at_ns - old.at_ns) * 1e9)
        for old, new in pairwise(steps)
    ]


def changes(samples: Sequence[Sample], start_ns: int, end_ns: int) -> int:
    """How often the source brought a new value within the span."""
    inside = samples[bisect_left(samples, start_ns, key=_at) : bisect_right(samples, end_ns, key=_at)]
    return sum(earlier.value != later.value for earlier, later in pairwise(inside))


def _at(sample: Sample) -> int:
    return sample.at_ns
