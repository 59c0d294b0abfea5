"""What follows from what is asked of a run. Pure."""

from collections.abc import Iterable

from edgeprof.wire.evidence import SweepAt
from edgeprof.wire.messages import RunProtocol

SAMPLING_SHARE = 0.8
"""The share of the deadline in which a run takes samples; the rest is for its report."""
SHORTEST_SOAK_S = 10.0
"""The sustained part, a fifth of it, must hold more than a few samples of a slow model."""


def deadline_for(soak_s: float) -> float:
    """Seconds after which a run is killed: as usual, and the soak beside it."""
    return RunProtocol().deadline_s + soak_s / SAMPLING_SHARE


def token_points(prompts: Iterable[int], depths: Iterable[int]) -> tuple[SweepAt, ...]:
    """Each axis on its own; what a point does not name is as in the run."""
    return (
        *(SweepAt(prompt_tokens=tokens) for tokens in prompts),
        *(SweepAt(depth_tokens=tokens) for tokens in depths),
    )
