"""The vocabulary of a model that llama.cpp has loaded: a text's tokens, random tokens, and what tokenizing takes."""

import ctypes
import random
import time
from typing import cast

from edgeprof_agent.runtimes.llama.llamacpp_api import LlamaApi, Model, Vocabulary
from edgeprof_agent.runtimes.llama.llamacpp_context import Tokens
from edgeprof_agent.runtimes.llama.real_text import text_of
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure

SHORT_REPEATS = 21
"""Repeats of what takes microseconds: tokenizing, sampling."""

_UNKNOWN = 1
"""llama.h: LLAMA_TOKEN_ATTR_UNKNOWN."""
_PIECE_BYTES = 64


class LlamaVocabulary:
    """`handle` and the number of `words`; random tokens follow the seed."""

    def __init__(self, api: LlamaApi, model: Model, seed: int) -> None:
        self.handle = cast(Vocabulary, api.llama_model_get_vocab(model))
        self.words = api.llama_vocab_n_tokens(self.handle)
        self._api = api
        self._model = model
        self._pieces: dict[int, bytes] = {}
        self._random = random.Random(seed)

    def encode(self, text: str, *, special: bool) -> list[int]:
        """A text's tokens. Raises RuntimeFailure for a text that the vocabulary has no tokens for."""
        try:
            data = text.encode()
        except UnicodeEncodeError as error:
            raise RuntimeFailure("inference_error", f"The text is not valid Unicode: {error.reason}.") from error
        room = self._room(data)
        count = self._api.llama_tokenize(self.handle, data, len(data), room, len(room), special, special)
        tokens = list(room[: max(0, count)])
        if count < 0 or any(self._api.llama_vocab_get_attr(self.handle, token) & _UNKNOWN for token in set(tokens)):
            raise RuntimeFailure("inference_error", "The model's tokenizer has no token for a part of this text.")
        return tokens

    def is_end(self, token: int) -> bool:
        """Whether a generation ends with it."""
        return self._api.llama_vocab_is_eog(self.handle, token)

    def piece(self, token: int) -> bytes:
        """The bytes that a token stands for within a text; a special token has none."""
        if token not in self._pieces:
            room = ctypes.create_string_buffer(_PIECE_BYTES)
            count = self._api.llama_token_to_piece(self.handle, token, room, len(room), 0, False)
            if count < 0:
                room = ctypes.create_string_buffer(-count)
                count = self._api.llama_token_to_piece(self.handle, token, room, len(room), 0, False)
            self._pieces[token] = room.raw[: max(0, count)]
        return self._pieces[token]

    def chat_prompt(self, text: str) -> str:
        """A user's message in the file's chat template; the text as it is where the file has none.

        llama.cpp knows templates by their signs, and does not run them: what a file's own code would add besides (as
        a message of the system) is not there. Raises RuntimeFailure for a template that it does not know.
        """
        template = self._api.llama_model_chat_template(self._model, None)
        if not template:
            return text
        message = (self._api.llama_chat_message * 1)((b"user", text.encode()))
        size = self._api.llama_chat_apply_template(template, message, 1, True, None, 0)
        if size < 0:
            raise RuntimeFailure(
                "inference_error",
                "llama.cpp's C interface does not know this model's chat template. Use a set without `chat`.",
            )
        room = ctypes.create_string_buffer(size + 1)
        self._api.llama_chat_apply_template(template, message, 1, True, room, len(room))
        return room.raw[:size].decode(errors="replace")

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
