"""Prefill and decode tokens/s of a bare loop over the C interface of the wheel xllamacpp. Nothing of edgeprof in it.

Run in a process of its own by llama_capi. Prints {figure: [tokens/s of each repeat]}. Its layout of the parameters is
written down here a second time, as offsets, so that a mistake in the agent's is no mistake here.
"""

import ctypes
import json
import random
import sys
import time
from importlib.metadata import distribution

WARM_UP = 2
CONTEXT_BYTES, MODEL_BYTES, BATCH_BYTES = 168, 80, 56
N_CTX, N_BATCH, N_UBATCH, N_THREADS, N_THREADS_BATCH, SWA_FULL = 0, 4, 8, 28, 32, 140
N_GPU_LAYERS = 16


class Context(ctypes.Structure):
    """Bytes of `llama_context_params`."""

    _fields_ = [("words", ctypes.c_uint64 * (CONTEXT_BYTES // 8))]


class Model(ctypes.Structure):
    """Bytes of `llama_model_params`."""

    _fields_ = [("words", ctypes.c_uint64 * (MODEL_BYTES // 8))]


class Batch(ctypes.Structure):
    """Bytes of `llama_batch`."""

    _fields_ = [("words", ctypes.c_uint64 * (BATCH_BYTES // 8))]


@ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
def silent(level: int, text: bytes, data: object) -> None:
    """llama.cpp's log."""


def library() -> ctypes.CDLL:
    """The wheel's library with the calls that are made."""
    package = distribution("xllamacpp")
    name = next(file for file in package.files or () if file.name.startswith("xllamacpp") and file.suffix == ".so")
    found = ctypes.CDLL(str(package.locate_file(name)))
    pointer, tokens = ctypes.c_void_p, ctypes.POINTER(ctypes.c_int32)
    for function, result, arguments in (
        ("llama_model_default_params", Model, []),
        ("llama_context_default_params", Context, []),
        ("llama_model_load_from_file", pointer, [ctypes.c_char_p, Model]),
        ("llama_init_from_model", pointer, [pointer, Context]),
        ("llama_model_get_vocab", pointer, [pointer]),
        ("llama_vocab_n_tokens", ctypes.c_int32, [pointer]),
        ("llama_get_memory", pointer, [pointer]),
        ("llama_memory_clear", None, [pointer, ctypes.c_bool]),
        ("llama_batch_get_one", Batch, [tokens, ctypes.c_int32]),
        ("llama_decode", ctypes.c_int32, [pointer, Batch]),
        ("llama_synchronize", None, [pointer]),
        ("llama_log_set", None, [type(silent), pointer]),
        ("llama_backend_init", None, []),
    ):
        getattr(found, function).restype, getattr(found, function).argtypes = result, arguments
    return found


def main(path: str, prompt_tokens: int, decode_tokens: int, repeats: int) -> None:
    """One thread, the context as long as the longer of the two, memory cleared before each repeat."""
    llama = library()
    llama.llama_log_set(silent, None)
    llama.llama_backend_init()
    params = llama.llama_model_default_params()
    ctypes.c_int32.from_buffer(params, N_GPU_LAYERS).value = 0
    model = llama.llama_model_load_from_file(path.encode(), params)
    asked = llama.llama_context_default_params()
    sizes = {N_CTX: max(prompt_tokens, decode_tokens), N_BATCH: 2048, N_UBATCH: 512, N_THREADS: 1, N_THREADS_BATCH: 1}
    for offset, value in sizes.items():
        ctypes.c_int32.from_buffer(asked, offset).value = value
    ctypes.c_bool.from_buffer(asked, SWA_FULL).value = False
    context = llama.llama_init_from_model(model, asked)
    memory = llama.llama_get_memory(context)
    words = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(model))
    draw = random.Random(1)
    rates: dict[str, list[float]] = {"prefill_tokens_per_s": [], "decode_tokens_per_s": []}
    for figure, tokens, at_once in (
        ("prefill_tokens_per_s", prompt_tokens, prompt_tokens),
        ("decode_tokens_per_s", decode_tokens, 1),
    ):
        room = (ctypes.c_int32 * at_once)()
        batch = llama.llama_batch_get_one(room, at_once)
        for turn in range(WARM_UP + repeats):
            drawn = [[draw.randrange(words) for _ in range(at_once)] for _ in range(tokens // at_once)]
            llama.llama_memory_clear(memory, False)
            started_ns = time.perf_counter_ns()
            for part in drawn:
                room[:] = part
                if llama.llama_decode(context, batch):
                    raise SystemExit("llama_decode refused a batch")
                llama.llama_synchronize(context)
            took_ns = time.perf_counter_ns() - started_ns
            if turn >= WARM_UP:
                rates[figure].append(tokens / took_ns * 1e9)
    print(json.dumps(rates))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:5]))
