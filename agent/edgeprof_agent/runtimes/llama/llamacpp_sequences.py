"""Tokens of several sequences in one batch, over one memory: a prefix that is evaluated once for all of its endings.

Where entries are cut into batches depends on nothing but the entries, so that the same item always has the same batch
shape, whatever came before it.
"""

import ctypes
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from edgeprof_agent.runtimes.llama.llamacpp_api import LlamaApi, Model
from edgeprof_agent.runtimes.llama.llamacpp_context import N_BATCH, USUAL, ContextSettings, LlamaContext
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure

if TYPE_CHECKING:  # numpy: a run that measures speed does not load it
    from edgeprof_agent.runtimes.llama.log_odds import Floats

MAX_SEQUENCES = 64
"""Endings that one batch may hold; llama.cpp's own limit (LLAMA_MAX_SEQ) is 256."""
MAX_ROWS = 256
"""Logits of one batch, in tokens: 50 MiB of a vocabulary of 50,000 words, in the engine alone."""
_MIN_CONTEXT = 1024


class Entry(NamedTuple):
    """One token of a batch. `target` is the token whose odds are wanted behind it; None: no logits are wanted."""

    token: int
    position: int
    sequences: Sequence[int]
    target: int | None = None


def batches_of(entries: Sequence[Entry], max_tokens: int, max_rows: int) -> Iterator[list[Entry]]:
    """Cut where the next entry would be one token or one row too many.

    >>> entries = [Entry(token, token, (0,), target) for token, target in enumerate([None, 7, 7, None, 7])]
    >>> [len(batch) for batch in batches_of(entries, max_tokens=4, max_rows=2)]
    [4, 1]
    """
    batch: list[Entry] = []
    rows = 0
    for entry in entries:
        wanted = entry.target is not None
        if batch and (len(batch) == max_tokens or rows + wanted > max_rows):
            yield batch
            batch, rows = [], 0
        batch.append(entry)
        rows += wanted
    if batch:
        yield batch


class Sequences:
    """The context that answers are scored in. It grows to what an item needs, and is then empty."""

    def __init__(
        self, api: LlamaApi, model: Model, words: int, threads: int, settings: ContextSettings = USUAL
    ) -> None:
        self._api = api
        self._model = model
        self._words = words
        self._threads = threads
        self._settings = settings
        self.shares = not (api.llama_model_is_recurrent(model) or api.llama_model_is_hybrid(model))
        """Whether sequences can share cells and go back; a recurrent memory cannot."""
        self._sequences = MAX_SEQUENCES if self.shares else 1
        self._batch = api.llama_batch_init(N_BATCH, 0, self._sequences)
        self._context: LlamaContext | None = None

    @property
    def shape(self) -> str:
        """In words: part of every score."""
        endings = "endings of an item in one batch" if self.shares else "one ending a batch"
        return (
            f"n_batch {N_BATCH}, n_ubatch {self._settings.ubatch}, logits of {MAX_ROWS} tokens a batch, "
            f"{endings} behind their prefix, flash attention {self._settings.flash_attention}"
            f"{'' if self._settings.kv_type == USUAL.kv_type else f', KV cache {self._settings.kv_type}'}"
        )

    def make_room(self, tokens: int) -> bool:
        """For so many tokens of all sequences together. True: the context is a new one, and so empty."""
        if self._context is not None and self._context.tokens >= tokens:
            return False
        if self._context is not None:
            self._context.close()
            self._context = None
        room = max(_MIN_CONTEXT, 1 << (tokens - 1).bit_length())
        self._context = LlamaContext(self._api, self._model, room, self._threads, None, self._sequences, self._settings)
        return True

    @property
    def context(self) -> LlamaContext:
        """After `make_room`."""
        if self._context is None:
            raise RuntimeFailure("load_error", "llama.cpp has no context: it refused the last one that was requested.")
        return self._context

    def evaluate(self, entries: Sequence[Entry], see: "Callable[[Floats, list[int]], None]") -> None:
        """All entries. `see` is given each batch's logits and targets; the logits are the engine's own memory."""
        for batch in batches_of(entries, N_BATCH, MAX_ROWS):
            self.run(batch)
            targets = [entry.target for entry in batch if entry.target is not None]
            if targets:
                see(self._logits(len(targets)), targets)

    def run(self, batch: list[Entry]) -> None:
        """One batch, to the end of the work."""
        self._fill(batch)
        self.context.step(self._batch)
        self._api.llama_synchronize(self.context.handle)

    def close(self) -> None:
        if self._context is not None:
            self._context.close()
            self._context = None
        self._api.llama_batch_free(self._batch)

    def _fill(self, entries: list[Entry]) -> None:
        batch = self._batch
        batch.n_tokens = len(entries)
        for index, entry in enumerate(entries):
            batch.token[index] = entry.token
            batch.pos[index] = entry.position
            batch.n_seq_id[index] = len(entry.sequences)
            places = batch.seq_id[index]
            for place, sequence in enumerate(entry.sequences):
                places[place] = sequence
            batch.logits[index] = entry.target is not None

    def _logits(self, rows: int) -> "Floats":
        import numpy as np

        found = self._api.llama_get_logits(self.context.handle)
        if not found:
            raise RuntimeFailure("inference_error", "llama.cpp shows no logits of this model.")
        values = ctypes.cast(found, ctypes.POINTER(ctypes.c_float))
        return np.ctypeslib.as_array(values, (rows, self._words))
