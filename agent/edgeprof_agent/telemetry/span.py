"""The stretches of a trace around the measured windows: what a counter grew by, what a quantity was. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from edgeprof_agent.telemetry.base import Value
from edgeprof_agent.telemetry.trace import Trace

Numbers = list[tuple[int, float]]


@dataclass(frozen=True)
class Growth:
    """By how much a counter grew, and over how long."""

    amount: float
    over_s: float


@dataclass(frozen=True)
class ProbeSpan:
    """For each window, from the last reading before its start to the first one after its end: nothing is missed.

    What happened just outside, within one pause of the probe, is counted in. What lies between two windows is not, and
    a pause between two readings that touches both of them counts once.
    """

    trace: Trace
    windows: Sequence[tuple[int, int]]
    """Start and end (CLOCK_MONOTONIC, ns), in any order."""

    def series(self, group: str, label: str) -> list[tuple[int, Value]]:
        """Moments and values of one column."""
        taken = self.trace.series(group, label)
        reach = [_reach([at for at, _ in taken], start_ns, end_ns) for start_ns, end_ns in self.windows]
        return [(at, value) for at, value in taken if any(first <= at <= last for first, last in reach)]

    def numbers(self, group: str, label: str) -> Numbers:
        """The same, of a column of numbers."""
        return _numbers(self.series(group, label))

    def pauses(self, group: str, label: str) -> list[tuple[tuple[int, float], tuple[int, float]]]:
        """Neighbouring readings of a column of numbers between which some part of a window lies."""
        return [pair for pair in pairwise(self.numbers(group, label)) if self._holds(pair[0][0], pair[1][0])]

    def growth(self, group: str, label: str) -> Growth | None:
        """Of a counter; None unless it was read before, or in, and later again. Where it was reset it grew by 0."""
        pauses = self.pauses(group, label)
        return _grown(pauses) if pauses else None

    def growths(self, *columns: tuple[str, str]) -> list[Growth] | None:
        """Of several counters between the same moments, at which all of them were read: one that is read more often
        than the others reaches as far as they do."""
        taken = [dict(_numbers(self.trace.series(group, label))) for group, label in columns]
        moments = [at for at in sorted(taken[0]) if all(at in each for each in taken)]
        held = [pause for pause in pairwise(moments) if self._holds(*pause)]
        if not held:
            return None
        return [_grown([((a, each[a]), (b, each[b])) for a, b in held]) for each in taken]

    def words(self, group: str, label: str) -> tuple[str, ...]:
        """The texts in order of appearance, each once."""
        return tuple(dict.fromkeys(value for _, value in self.series(group, label) if isinstance(value, str)))

    @property
    def window_s(self) -> float:
        """All windows together, without what lies between them."""
        return sum(end_ns - start_ns for start_ns, end_ns in self.windows) / 1e9

    @property
    def rate_hz(self) -> float:
        """Rows a second within the windows themselves."""
        within = sum(1 for at in self.trace.at_ns if any(start <= at <= end for start, end in self.windows))
        return within / max(1e-9, self.window_s)

    def _holds(self, from_ns: int, to_ns: int) -> bool:
        return any(from_ns < end_ns and to_ns > start_ns for start_ns, end_ns in self.windows)


def _numbers(series: Sequence[tuple[int, Value]]) -> Numbers:
    return [(at, value) for at, value in series if isinstance(value, (int, float))]


def _reach(moments: Sequence[int], start_ns: int, end_ns: int) -> tuple[int, int]:
    before = max((at for at in moments if at <= start_ns), default=start_ns)
    after = min((at for at in moments if at >= end_ns), default=end_ns)
    return before, after


def _grown(pauses: Sequence[tuple[tuple[int, float], tuple[int, float]]]) -> Growth:
    amount = sum(max(0.0, after - before) for (_, before), (_, after) in pauses)
    return Growth(amount, sum(to_ns - from_ns for (from_ns, _), (to_ns, _) in pauses) / 1e9)
