"""All that is known of a run when its trust is judged, and how a rule words what it found."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from edgeprof.wire.evidence import Conditions, MemoryProfile, Timing
from edgeprof.wire.messages import DeviceState
from edgeprof_agent.measuring.trust_in_samples import Found, Published, Unchecked
from edgeprof_agent.telemetry.gate import Passed
from edgeprof_agent.worker_protocol.document import MadeUpWork, Output


@dataclass(frozen=True, kw_only=True)
class RunEvidence:
    """All that is known of a run when it is judged."""

    medians_of: Mapping[str, Sequence[float]]
    """The series whose medians are published, in ms, in order of time, by name."""
    published: Published
    """Those medians, as the result shows them."""
    pieces_ms: Sequence[float]
    """The shortest pieces that were timed one by one: inferences, or gaps between tokens."""
    timing: Timing
    conditions: Conditions
    memory: MemoryProfile
    before: DeviceState
    after: DeviceState
    output: Output | None
    emulated: bool
    replays: str | None
    gate: Passed
    made_up_work: MadeUpWork | str | None = None
    """What depends on inputs that were made up, or why that is not known. None: none of them could decide it."""
    output_unread: str | None = None
    """Why looking at the outputs failed."""
    beyond: bool = False
    """Whether something came after the window (a sweep, an open loop, a soak): `after` then speaks of that, too."""


Rule = Callable[[RunEvidence], Found]


def unseen(run: RunEvidence, field: str) -> Unchecked | None:
    """Why a field of the conditions is not known; None where it is."""
    why = run.conditions.absent.get(field)
    return Unchecked(why) if why is not None else None


def joined(found: Sequence[str]) -> str | None:
    """One reason of several findings; None of none."""
    return "; ".join(found) or None
