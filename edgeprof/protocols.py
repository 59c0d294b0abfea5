"""What follows from what is asked of a run. Pure."""

from collections.abc import Iterable

from edgeprof.wire.evidence import SweepAt


def token_points(prompts: Iterable[int], depths: Iterable[int]) -> tuple[SweepAt, ...]:
    """Each axis on its own; what a point does not name is as in the run."""
    return (
        *(SweepAt(prompt_tokens=tokens) for tokens in prompts),
        *(SweepAt(depth_tokens=tokens) for tokens in depths),
    )
