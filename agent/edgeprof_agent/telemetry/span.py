"""A stretch of a trace around the measured window: what a counter grew by, what a quantity was. Pure."""

from dataclasses import dataclass

from edgeprof_agent.telemetry.base import Value
from edgeprof_agent.telemetry.trace import Trace


@dataclass(frozen=True)
class Growth:
    """By how much a counter grew, and over how long."""

    amount: float
    over_s: float


@dataclass(frozen=True)
class Span:
    """From the last reading before `start_ns` to the first one after `end_ns`: nothing within is missed.

    What happened just outside, within one pause of the probe, is counted in.
    """

    trace: Trace
    start_ns: int
    end_ns: int

    def series(self, group: str, label: str) -> list[tuple[int, Value]]:
        """Moments and values of one column."""
        taken = self.trace.series(group, label)
        before = max((at for at, _ in taken if at <= self.start_ns), default=self.start_ns)
        after = min((at for at, _ in taken if at >= self.end_ns), default=self.end_ns)
        return [(at, value) for at, value in taken if before <= at <= after]

    def numbers(self, group: str, label: str) -> list[tuple[int, float]]:
        """The same, of a column of numbers."""
        return [(at, value) for at, value in self.series(group, label) if isinstance(value, (int, float))]

    def growth(self, group: str, label: str) -> Growth | None:
        """Of a counter; None unless it was read before, or in, and later again. A counter that was reset grew by 0."""
        taken = self.numbers(group, label)
        if len(taken) < 2:
            return None
        (first_ns, first), (last_ns, last) = taken[0], taken[-1]
        return Growth(max(0.0, last - first), (last_ns - first_ns) / 1e9)

    def growths(self, *columns: tuple[str, str]) -> list[Growth] | None:
        """Of several counters between the same two moments, at which all of them were read."""
        taken = [dict(self.numbers(group, label)) for group, label in columns]
        moments = [at for at in sorted(taken[0]) if all(at in each for each in taken)]
        if len(moments) < 2:
            return None
        first_ns, last_ns = moments[0], moments[-1]
        over_s = (last_ns - first_ns) / 1e9
        return [Growth(max(0.0, each[last_ns] - each[first_ns]), over_s) for each in taken]

    def words(self, group: str, label: str) -> tuple[str, ...]:
        """The texts in order of appearance, each once."""
        return tuple(dict.fromkeys(value for _, value in self.series(group, label) if isinstance(value, str)))

    @property
    def sampler_cpu_share(self) -> float | None:
        """What the sampler itself took around the window, of one core; None where it ran too shortly to tell."""
        ends = [index for index, at in enumerate(self.trace.at_ns) if self.start_ns <= at <= self.end_ns]
        if len(ends) < 2:
            return None
        first, last = ends[0], ends[-1]
        taken_ns = self.trace.sampler_cpu_ns[last] - self.trace.sampler_cpu_ns[first]
        return taken_ns / (self.trace.at_ns[last] - self.trace.at_ns[first])

    @property
    def rate_hz(self) -> float:
        """Rows a second within the window itself."""
        within = sum(1 for at in self.trace.at_ns if self.start_ns <= at <= self.end_ns)
        return within / max(1e-9, (self.end_ns - self.start_ns) / 1e9)
