"""The depth at which generation is timed though nobody asked for one, where that is cheap. Pure.

Generation slows down with what lies in the context, and a rate at depth 0 is the best case. Where the run names neither
a depth nor a sweep, one more point is taken: generation alone, in short pieces, as many as give the median an interval.
It is the deepest of `DEPTHS` that the model was trained for and that takes at most `CHEAP_NS` at the run's own speed;
where none is so cheap, the shallowest, which may take `LIMIT_NS`.
"""

from typing import NamedTuple

from edgeprof_agent.worker.steadiness import MIN_VALUES
from edgeprof_agent.worker.text_pace import Pace
from edgeprof_agent.worker_protocol.adapter import COPIED_TOKENS, Lengths

DEPTHS = (2048, 1024, 512)
CHEAP_NS = 800_000_000
LIMIT_NS = 4_000_000_000
MAX_TOKENS = 8
"""Of one piece. Every token of it lies at about the same depth, and a longer one tells no more."""
_TWICE_AT = 1024
"""Tokens in the context at which a token of a small model takes about twice as long; a larger one slows down less."""


class OwnDepth(NamedTuple):
    """The lengths of the point, and why it is not measured (None: it is)."""

    lengths: Lengths
    refused: str | None


def own_depth(run: Lengths, trained_tokens: int, pace: Pace, *, is_copied: bool) -> OwnDepth | None:
    """None where the model was trained for less than any of the depths and a generation.

    `is_copied`: the depth is filled with copies of a few tokens, else it is evaluated as a whole.
    """
    tokens = min(MAX_TOKENS, run.decode_tokens)
    fitting = [Lengths(tokens, tokens, depth) for depth in DEPTHS if depth + tokens <= trained_tokens]
    if not fitting:
        return None
    for lengths in fitting:
        if _least_ns(lengths, pace, is_copied) <= CHEAP_NS:
            return OwnDepth(lengths, None)
    shallowest = fitting[-1]
    needed_ns = _least_ns(shallowest, pace, is_copied)
    if needed_ns <= LIMIT_NS:
        return OwnDepth(shallowest, None)
    return OwnDepth(
        shallowest,
        f"generation at this depth takes about {needed_ns / 1e9:.0f} s at the speed so far, more than the "
        f"{LIMIT_NS // 1_000_000_000} s of a point that was not requested: use --depth-tokens "
        f"{shallowest.depth_tokens}",
    )


def _least_ns(lengths: Lengths, pace: Pace, is_copied: bool) -> float:
    """One piece more than are counted: it warms up."""
    evaluated = COPIED_TOKENS if is_copied else lengths.depth_tokens
    slower = 1 + lengths.depth_tokens / _TWICE_AT
    generated_ns = (1 + MIN_VALUES) * lengths.decode_tokens * pace.step_ns * slower
    return evaluated * pace.tokens_ns / max(1, pace.tokens) + generated_ns
