"""What a thread or a process costs in processor time: readings of its clock beside the monotonic one."""

import time
from array import array
from bisect import bisect_left
from collections.abc import Callable, Sequence

Span = tuple[int, int]
"""Start and end on the monotonic clock, in nanoseconds."""


class CostBook:
    """`tick` from wherever the cost arises; then ask for any spans of time between the first tick and the last."""

    def __init__(self, cpu_ns: Callable[[], int]) -> None:
        self._clock_ns = cpu_ns
        self._at_ns = array("q")
        self._cpu_ns = array("q")

    @classmethod
    def of(cls, at_ns: Sequence[int], cpu_ns: Sequence[int]) -> "CostBook":
        """Readings that somebody else has taken, in order."""
        book = cls(_no_clock)
        book._at_ns.extend(at_ns)
        book._cpu_ns.extend(cpu_ns)
        return book

    def tick(self) -> None:
        """Takes about a microsecond and 16 bytes."""
        self._cpu_ns.append(self._clock_ns())
        self._at_ns.append(time.monotonic_ns())

    def share(self, spans: Sequence[Span]) -> float | None:
        """Processor time over wall time within the spans, as a share of one core; between ticks it runs straight.

        None where the ticks cover less than half of the spans.
        """
        at_ns, cpu_ns = self._at_ns[: len(self._at_ns)], self._cpu_ns[: len(self._at_ns)]
        covered = _covered(spans, at_ns)
        covered_ns = sum(end_ns - start_ns for start_ns, end_ns in covered)
        if not covered_ns or 2 * covered_ns < sum(end_ns - start_ns for start_ns, end_ns in spans):
            return None
        used_ns = sum(_at(at_ns, cpu_ns, end_ns) - _at(at_ns, cpu_ns, start_ns) for start_ns, end_ns in covered)
        return used_ns / covered_ns

    def hz(self, spans: Sequence[Span]) -> float:
        """Ticks a second within the spans."""
        lengths_ns = sum(end_ns - start_ns for start_ns, end_ns in spans)
        inside = sum(any(start_ns <= at_ns <= end_ns for start_ns, end_ns in spans) for at_ns in self._at_ns)
        return inside / lengths_ns * 1e9 if lengths_ns else 0.0


def thread_cost() -> CostBook:
    """Of one sampler's thread. `tick` once in each turn of its loop, from that thread."""
    return CostBook(time.thread_time_ns)


def _no_clock() -> int:
    raise RuntimeError("this book's readings were taken elsewhere")


def _covered(spans: Sequence[Span], at_ns: "array[int]") -> list[Span]:
    if len(at_ns) < 2:
        return []
    clipped = [(max(start_ns, at_ns[0]), min(end_ns, at_ns[-1])) for start_ns, end_ns in spans]
    return [(start_ns, end_ns) for start_ns, end_ns in clipped if end_ns > start_ns]


def _at(at_ns: "array[int]", cpu_ns: "array[int]", moment_ns: int) -> float:
    """The clock's reading at a moment between two ticks."""
    after = min(max(1, bisect_left(at_ns, moment_ns)), len(at_ns) - 1)
    step_ns = at_ns[after] - at_ns[after - 1]
    share = (moment_ns - at_ns[after - 1]) / step_ns if step_ns else 0.0
    return cpu_ns[after - 1] + share * (cpu_ns[after] - cpu_ns[after - 1])
