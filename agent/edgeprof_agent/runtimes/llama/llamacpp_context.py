"""A llama.cpp context with its memory: made as llama-bench makes its own, filled to a depth, evaluated."""

import ctypes
import math
from collections.abc import Mapping
from typing import NamedTuple

from edgeprof_agent.runtimes.llama.llamacpp_api import (
    Batch,
    Context,
    EvalCallback,
    FilledBatch,
    LlamaApi,
    Memory,
    Model,
)
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure

N_BATCH = 2048
N_UBATCH = 512
_FLASH_ATTENTION = {"auto": -1, "off": 0, "on": 1}
"""`enum llama_flash_attn_type` of llama.h."""
_GGML_TYPES = {"f32": 0, "f16": 1, "q4_0": 2, "q8_0": 8, "bf16": 30}
"""`enum ggml_type` of ggml.h."""
_COPY = 1
"""The sequence that a copy passes through; the one that is computed with is 0."""
SavedMemory = ctypes.Array[ctypes.c_uint8]
"""What a context's memory holds, in llama.cpp's own form."""


class ContextSettings(NamedTuple):
    """What of a context may be chosen, as llama.cpp numbers it. The defaults are llama-bench's."""

    ubatch: int = N_UBATCH
    flash_attention: str = "auto"
    kv_type: str = "f16"

    @property
    def words(self) -> str:
        """For a result's notes."""
        kv = "" if self.kv_type == "f16" else f", KV cache {self.kv_type}"
        return f"n_batch {N_BATCH}, n_ubatch {self.ubatch}, flash attention {self.flash_attention}{kv}"


USUAL = ContextSettings()


def context_settings(given: Mapping[str, str]) -> ContextSettings:
    """Those of a run's settings that concern a context."""
    return ContextSettings(
        int(given.get("ubatch", USUAL.ubatch)),
        given.get("flash_attention", USUAL.flash_attention),
        given.get("kv_type", USUAL.kv_type),
    )


class Tokens:
    """Tokens as C has them, cut into batches. They are kept here, as a batch only points to them."""

    def __init__(self, api: LlamaApi, tokens: list[int]) -> None:
        parts = [tokens[first : first + N_BATCH] for first in range(0, len(tokens), N_BATCH)]
        self._kept = [(api.llama_token * len(part))(*part) for part in parts]
        self.batches: list[Batch] = [api.llama_batch_get_one(part, len(part)) for part in self._kept]


class LlamaContext:
    """What is asked of one context. `close` frees it; nothing may be asked then."""

    def __init__(
        self,
        api: LlamaApi,
        model: Model,
        tokens: int,
        threads: int,
        callback: EvalCallback | None = None,
        sequences: int = 1,
        settings: ContextSettings = USUAL,
    ) -> None:
        params = api.llama_context_default_params()
        params.n_ctx = tokens
        params.n_batch = N_BATCH
        params.n_ubatch = settings.ubatch
        params.n_threads = threads
        params.n_threads_batch = threads
        params.flash_attn_type = _FLASH_ATTENTION[settings.flash_attention]
        if settings.kv_type != USUAL.kv_type:
            params.type_k = params.type_v = _GGML_TYPES[settings.kv_type]
        params.swa_full = False  # as llama-bench: a sliding window keeps no more than itself
        if sequences > 1:  # they share the cells of one memory; of a sliding window nothing is lost by going back
            params.n_seq_max, params.kv_unified, params.swa_full = sequences, True, True
        if callback is not None:
            params.cb_eval = callback
        context = api.llama_init_from_model(model, params)
        if context is None:
            chosen = "" if settings == USUAL else f" with {settings.words}"
            raise RuntimeFailure("load_error", f"llama.cpp refused a context of {tokens} tokens{chosen} (see the log).")
        self.handle: Context = context
        self.tokens = tokens
        self._api = api
        self._memory: Memory | None = api.llama_get_memory(context)  # a model without a cache has none

    def close(self) -> None:
        self._api.llama_free(self.handle)

    def clear(self) -> None:
        if self._memory is not None:
            self._api.llama_memory_clear(self._memory, False)

    def keep_first(self, tokens: int) -> bool:
        """Forgets all but the first tokens. False: this kind of memory (a recurrent one) forgets all or nothing."""
        return self._memory is not None and self._api.llama_memory_seq_rm(self._memory, 0, tokens, -1)

    def copy_first(self, tokens: int, depth: int) -> bool:
        """Fills the memory with copies of its first tokens, each at the positions after the last, up to `depth`.

        What a later token computes with them takes as long as with any others. False: this kind of memory takes no
        copies, and what it holds now is of no use.
        """
        memory, api = self._memory, self._api
        if memory is None or not api.llama_memory_can_shift(memory) or not self.keep_first(tokens):
            return False
        state = self.save()
        if state is None:
            return False
        for first in range(tokens, depth, tokens):
            if not api.llama_state_seq_set_data(self.handle, state, len(state), _COPY):
                return False
            api.llama_memory_seq_add(memory, _COPY, 0, -1, first)
            api.llama_memory_seq_cp(memory, _COPY, 0, -1, -1)
            api.llama_memory_seq_rm(memory, _COPY, -1, -1)
        return self.keep_first(depth)

    def cut_all(self, tokens: int) -> bool:
        """Forgets all but the first tokens of every sequence; False as `keep_first`."""
        return self._memory is not None and self._api.llama_memory_seq_rm(self._memory, -1, tokens, -1)

    def share_first(self, tokens: int, sequence: int) -> None:
        """Makes the first tokens of sequence 0 the first ones of another, too: nothing is copied."""
        if self._memory is not None:
            self._api.llama_memory_seq_cp(self._memory, 0, sequence, 0, tokens)

    def save(self) -> SavedMemory | None:
        """What is in memory now, for `restore`; None where this kind of memory has no such form."""
        size = self._api.llama_state_seq_get_size(self.handle, 0)
        state = (ctypes.c_uint8 * size)()
        return state if size and self._api.llama_state_seq_get_data(self.handle, state, size, 0) == size else None

    def restore(self, state: SavedMemory) -> bool:
        """Puts a saved memory in the place of this one; the next logits are bit for bit those that would have come."""
        self.clear()
        return self._api.llama_state_seq_set_data(self.handle, state, len(state), 0) > 0

    def evaluate(self, tokens: Tokens) -> None:
        """Batch by batch, to the end of the work."""
        for batch in tokens.batches:
            self.step(batch)
        self._api.llama_synchronize(self.handle)

    def step(self, batch: Batch | FilledBatch) -> None:
        """One batch. Raises RuntimeFailure with llama_decode's own status."""
        status = self._api.llama_decode(self.handle, batch)
        if status != 0:
            raise RuntimeFailure("inference_error", f"llama_decode ended with status {status}: {_meaning(status)}.")

    def non_finite(self, words: int) -> int:
        """How many logits of the last token are NaN or infinite."""
        logits = self._api.llama_get_logits_ith(self.handle, -1)
        if not logits:
            return 0
        values = ctypes.cast(logits, ctypes.POINTER(ctypes.c_float * words)).contents
        return sum(not math.isfinite(value) for value in values)


def _meaning(status: int) -> str:
    """As llama.h has it."""
    meanings = {1: "its KV cache had no room left", 2: "it was aborted", -1: "it found the batch invalid"}
    return meanings.get(status, "see the log")
