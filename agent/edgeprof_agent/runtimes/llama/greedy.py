"""Greedy tokens by decode calls, to compare one way into llama.cpp with another."""

import ctypes
from collections.abc import Sequence

from edgeprof_agent.runtimes.llama.llamacpp_api import LlamaApi, Vocabulary
from edgeprof_agent.runtimes.llama.llamacpp_context import LlamaContext, Tokens


class EndOfText:
    """The tokens that end a text, made impossible: what a server does that is asked to ignore them."""

    def __init__(self, api: LlamaApi, vocabulary: Vocabulary) -> None:
        self._api = api
        self._words = api.llama_vocab_n_tokens(vocabulary)
        self._ends = [word for word in range(self._words) if api.llama_vocab_is_eog(vocabulary, word)]

    def mask(self, context: LlamaContext) -> None:
        """In the logits of the last token, which belong to the context."""
        logits = self._api.llama_get_logits_ith(context.handle, -1)
        if not logits:
            return
        values = ctypes.cast(logits, ctypes.POINTER(ctypes.c_float * self._words)).contents
        for word in self._ends:
            values[word] = float("-inf")


def greedy_tokens(
    api: LlamaApi, context: LlamaContext, prompt: Sequence[int], count: int, masked: EndOfText | None = None
) -> list[int]:
    """The `count` likeliest tokens after a prompt, on a context that is empty."""
    sampler = api.llama_sampler_init_greedy()
    found: list[int] = []
    context.evaluate(Tokens(api, list(prompt)))
    while True:
        if masked is not None:
            masked.mask(context)
        found.append(api.llama_sampler_sample(sampler, context.handle, -1))
        if len(found) == count:
            break
        context.evaluate(Tokens(api, found[-1:]))
    api.llama_sampler_free(sampler)
    return found
