"""The depth at which generation is timed though nobody asked for one, where that is cheap. Pure.

Generation slows down with what lies in the context, and a rate at depth 0 is the best case. Where the run names neither
a depth nor a sweep, one more point is taken: generation alone, at the deepest of `DEPTHS` that the model was trained
for and that takes at most `LIMIT_NS`, as the run's own speed foretells.
"""

from typing import NamedTuple

from edgeprof_agent.worker.text_pace import Pace
from edgeprof_agent.worker_protocol.adapter import Lengths

DEPTHS = (2048, 512)
LIMIT_NS = 4_000_000_000
GENERATIONS = 4
"""One to warm up, which fills the depth, and three that are told."""


class OwnDepth(NamedTuple):
    """The depth, and why it is not measured (None: it is)."""

    tokens: int
    refused: str | None


def own_depth(lengths: Lengths, trained_tokens: int, pace: Pace) -> OwnDepth | None:
    """None where the model was trained for less than any of the depths and a generation."""
    fitting = [depth for depth in DEPTHS if depth + lengths.decode_tokens <= trained_tokens]
    if not fitting:
        return None
    for depth in fitting:
        if _least_ns(depth, lengths, pace) <= LIMIT_NS:
            return OwnDepth(depth, None)
    shallowest = fitting[-1]
    return OwnDepth(
        shallowest,
        f"generation at this depth takes about {_least_ns(shallowest, lengths, pace) / 1e9:.0f} s at the speed so "
        f"far, more than the {LIMIT_NS // 1_000_000_000} s of a point that was not requested: "
        f"use --depth-tokens {shallowest}",
    )


def _least_ns(depth: int, lengths: Lengths, pace: Pace) -> float:
    """Attention is left out: it is the smaller part where a depth is cheap."""
    return depth * pace.tokens_ns / max(1, pace.tokens) + GENERATIONS * lengths.decode_tokens * pace.step_ns
