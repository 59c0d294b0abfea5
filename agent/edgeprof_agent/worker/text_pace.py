"""How long a sweep point of a language model takes at the least, from what was measured before it. Pure."""

from typing import NamedTuple

from edgeprof_agent.worker_protocol.adapter import Lengths

_PROMPTS = 2
"""One to warm up and one that is told; the same of generations."""


class Pace(NamedTuple):
    """The load, and the longest evaluation so far: `tokens` of a prompt (and the depth before it) in `tokens_ns`."""

    load_ns: int
    tokens: int
    tokens_ns: int
    step_ns: float

    def seen(self, tokens: int, tokens_ns: int) -> "Pace":
        """A longer one tells more: attention takes longer for each token the more there are."""
        return self._replace(tokens=tokens, tokens_ns=tokens_ns) if tokens > self.tokens else self

    def least_ns(self, lengths: Lengths, *, refills: bool) -> int:
        """`refills`: the depth is evaluated before each prompt and generation, not once."""
        fills = 2 * _PROMPTS if refills else 1
        evaluated = fills * lengths.depth_tokens + _PROMPTS * lengths.prompt_tokens
        generated = _PROMPTS * lengths.decode_tokens
        return round(self.load_ns + evaluated * self.tokens_ns / max(1, self.tokens) + generated * self.step_ns)
