"""The edges of a whole energy course: idle, load, idle; narrowed to what a source's values cover. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from edgeprof_agent.energy.edges import Load
from edgeprof_agent.sensors.base import Sample
from edgeprof_agent.worker_protocol.document import EnergyLoad

_SETTLE_SHARE = 0.2
"""Of the first idle stretch: sources come up in it, and the heat of what ran before goes."""
_MAX_SETTLE_NS = 5_000_000_000
_MIN_IDLE_NS = 1_000_000_000


@dataclass(frozen=True)
class Course:
    """The edges of the whole course."""

    start_ns: int
    load_start_ns: int
    load_end_ns: int
    end_ns: int

    @classmethod
    def of(cls, load: EnergyLoad) -> "Course":
        before, after = load["idle_before"], load["idle_after"]
        settle_ns = min(round(_SETTLE_SHARE * (before["end_ns"] - before["start_ns"])), _MAX_SETTLE_NS)
        return cls(before["start_ns"] + settle_ns, before["end_ns"], after["start_ns"], after["end_ns"])

    def from_first(self, samples: Sequence[Sample]) -> "Course":
        """A source may take its time to say its first value, as long as half of the first idle stretch is left."""
        if not samples or not self.start_ns < samples[0].at_ns <= (self.start_ns + self.load_start_ns) // 2:
            return self
        return replace(self, start_ns=samples[0].at_ns)

    def to_last(self, samples: Sequence[Sample]) -> "Course":
        """The last value of a source that is not read by us comes before the end, by up to its period and lateness."""
        if not samples or not (self.load_end_ns + self.end_ns) // 2 <= samples[-1].at_ns < self.end_ns:
            return self
        return replace(self, end_ns=samples[-1].at_ns)

    def why_incomplete(self) -> str | None:
        """Without idle on both sides there is neither a baseline nor an edge."""
        if min(self.load_start_ns - self.start_ns, self.end_ns - self.load_end_ns) >= _MIN_IDLE_NS:
            return None
        return "time ran out before the idle stretch after the load; raise --deadline-s"

    def within(self, samples: Sequence[Sample]) -> "Course":
        """What is left of both idle stretches once the samples were set right in time."""
        if not samples:
            return self
        return replace(self, start_ns=max(self.start_ns, samples[0].at_ns), end_ns=min(self.end_ns, samples[-1].at_ns))

    def why_too_late(self, late_s: float) -> str | None:
        """Taking the lateness out moves values across the edges: a stretch may lose all of its own."""
        left_s = {
            "before": (self.load_start_ns - self.start_ns) / 1e9,
            "after": (self.end_ns - self.load_end_ns) / 1e9,
        }
        side = min(left_s, key=lambda name: left_s[name])
        if left_s[side] >= _MIN_IDLE_NS / 1e9:
            return None
        return (
            f"its values are {late_s:.1f} s late, which leaves {max(0.0, left_s[side]):.1f} s of idle power {side} "
            f"the load; {_MIN_IDLE_NS / 1e9:.0f} s are needed"
        )

    def edges(self) -> Load:
        return Load(self.start_ns, self.load_start_ns, self.load_end_ns, self.end_ns)
