"""The vocabulary of a model that llama.cpp has loaded: a text's tokens, random tokens, and what tokenizing takes."""

import ctypes
import random
import time
from typing import cast

from edgeprof_agent.runtimes.llama.llamacpp_api import LlamaApi, Model, Vocabulary
from edgeprof_agent.runtimes.llama.llamacpp_context import Tokens
from edgeprof_agent.runtimes.llama.real_text import text_of

SHORT_REPEATS = 21
"""Repeats of what takes microseconds: tokenizing, sampling."""


class LlamaVocabulary:
    """`handle` and the number of `words`; random tokens follow the seed."""

    def __init__(self, api: LlamaApi, model: Model, seed: int) -> None:
        self.handle = cast(Vocabulary, api.llama_model_get_vocab(model))
        self.words = api.llama_vocab_n_tokens(self.handle)
        self._api = api
        self._random = random.Random(seed)

    def tokenize(self, text: bytes) -> list[int]:
        """A text's tokens, the vocabulary's beginning first where it has one."""
        room = self._room(text)
        count = self._api.llama_tokenize(self.handle, text, len(text), room, len(room), True, False)
        return list(room[:count])

    def _room(self, text: bytes) -> "ctypes.Array[ctypes.c_int32]":
        """Enough for a vocabulary of bytes, whose space has three of them, and both ends."""
        return (self._api.llama_token * (3 * len(text) + 8))()

    def tokenize_ns(self, prompt_tokens: int) -> list[int]:
        """Times of tokenizing a text of about so many tokens."""
        text = text_of(prompt_tokens, lambda text: len(self.tokenize(text)))
        room = self._room(text)
        times_ns: list[int] = []
        for _ in range(SHORT_REPEATS):
            started_ns = time.perf_counter_ns()
            self._api.llama_tokenize(self.handle, text, len(text), room, len(room), True, False)
            times_ns.append(time.perf_counter_ns() - started_ns)
        return times_ns

    def prompt(self, count: int) -> Tokens:
        """So many random tokens."""
        return Tokens(self._api, self.random_tokens(count))

    def random_tokens(self, count: int) -> list[int]:
        """The first is the vocabulary's beginning where it wants one, wherever in the memory: so does llama-bench."""
        words = [self._random.randrange(self.words) for _ in range(count)]
        if self._api.llama_vocab_get_add_bos(self.handle):
            words[0] = self._api.llama_vocab_bos(self.handle)
        return words
