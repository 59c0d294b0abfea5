"""llama.cpp by llama-cpp-python's low-level calls, in the way that llama-bench times it.

A fresh context sized to the prompt or the generation, n_batch 2048, n_ubatch 512, flash attention auto, random
tokens, memory cleared before each repeat, synchronised after each decode.
"""

import ctypes
import importlib
import random
import sys
import time
from importlib.metadata import version
from typing import Literal, cast

from edgeprof_agent.runtimes.base import Decode, Prefill, RuntimeFailure
from edgeprof_agent.runtimes.llamacpp_api import Context, EvalCallback, LlamaApi, Model, Vocabulary
from edgeprof_agent.runtimes.llamacpp_graph import GraphReader
from edgeprof_agent.worker.document import Job, Operators, Setting

N_BATCH = 2048
N_UBATCH = 512


class LlamaCpp:
    """The imported package `llama_cpp`."""

    def __init__(self) -> None:
        self.api = cast(LlamaApi, importlib.import_module("llama_cpp.llama_cpp"))
        self.log = self.api.llama_log_callback(_to_stderr)  # kept: a collected callback is a SIGSEGV
        self.api.llama_log_set(self.log, ctypes.c_void_p(0))
        self.api.llama_backend_init()

    def open(self, job: Job) -> "LlamaModel":
        if job["provider"] != "cpu":
            raise RuntimeFailure(
                "runtime_missing", f"llama.cpp runs on the CPU only here; provider {job['provider']!r} was asked."
            )
        return LlamaModel(self, job)


class LlamaModel:
    """A loaded GGUF model with the context of the moment."""

    kind: Literal["text"] = "text"

    def __init__(self, runtime: LlamaCpp, job: Job) -> None:
        self.absent: dict[str, str] = {}
        self._runtime = runtime  # holds the log callback
        self._api = api = runtime.api
        self._job = job
        self._model = _load(api, job["model_path"])
        self._vocabulary = cast(Vocabulary, api.llama_model_get_vocab(self._model))
        self._random = random.Random(job["seed"])
        self._greedy = api.llama_sampler_init_greedy()
        self._context: Context | None = None
        self._context_tokens = 0
        self._use_context(job["prompt_tokens"])

    def prefill(self) -> Prefill:
        context = self._use_context(self._job["prompt_tokens"])
        prompt = self._tokens(self._job["prompt_tokens"])
        self._forget(context)
        started_ns = time.perf_counter_ns()
        for first in range(0, len(prompt), N_BATCH):
            self._decode(context, prompt[first : first + N_BATCH])
        self._api.llama_synchronize(context)
        prompt_ns = time.perf_counter_ns() - started_ns
        self._api.llama_sampler_sample(self._greedy, context, -1)
        return Prefill(prompt_ns, time.perf_counter_ns() - started_ns)

    def decode(self) -> Decode:
        context = self._use_context(self._job["decode_tokens"])
        tokens = self._tokens(self._job["decode_tokens"])
        gaps_ns: list[int] = []
        self._forget(context)
        started_ns = before_ns = time.perf_counter_ns()
        for token in tokens:
            self._decode(context, [token])
            self._api.llama_synchronize(context)
            now_ns = time.perf_counter_ns()
            gaps_ns.append(now_ns - before_ns)
            before_ns = now_ns
        return Decode(len(tokens), len(tokens), before_ns - started_ns, gaps_ns)

    def setting(self) -> Setting:
        description = ctypes.create_string_buffer(256)
        self._api.llama_model_desc(self._model, description, len(description))
        job = self._job
        return {
            "runtime_version": version("llama-cpp-python"),
            "threads": job["threads"],
            "provider": "cpu",
            "delegate": None,
            "inputs": {"prompt": f"tokens[{job['prompt_tokens']}]", "generated": f"tokens[{job['decode_tokens']}]"},
            "input_source": f"random tokens (seed {job['seed']}), as llama-bench",
            "notes": [
                f"model: {description.value.decode(errors='replace')}",
                f"n_batch {N_BATCH}, n_ubatch {N_UBATCH}, flash attention auto",
                f"CPU: {self._api.llama_print_system_info().decode(errors='replace').strip()}",
            ],
        }

    def operators(self) -> Operators:
        """The graph of one generated token, walked by llama.cpp's own evaluation callback."""
        reader = GraphReader(self._api)
        context = self._new_context(self._job["decode_tokens"], reader.callback)
        self._decode(context, self._tokens(1))
        self._api.llama_synchronize(context)
        return reader.operators()

    def _use_context(self, tokens: int) -> Context:
        if self._context is None or self._context_tokens != tokens:
            if self._context is not None:
                self._api.llama_free(self._context)
            self._context = self._new_context(tokens, None)
            self._context_tokens = tokens
        return self._context

    def _new_context(self, tokens: int, callback: EvalCallback | None) -> Context:
        params = self._api.llama_context_default_params()
        params.n_ctx = tokens
        params.n_batch = N_BATCH
        params.n_ubatch = N_UBATCH
        params.n_threads = self._job["threads"]
        params.n_threads_batch = self._job["threads"]
        params.flash_attn_type = self._api.LLAMA_FLASH_ATTN_TYPE_AUTO
        if callback is not None:
            params.cb_eval = callback
        context = self._api.llama_init_from_model(self._model, params)
        if context is None:
            raise RuntimeFailure("load_error", f"llama.cpp refused a context of {tokens} tokens (see the log).")
        return context

    def _forget(self, context: Context) -> None:
        memory = self._api.llama_get_memory(context)
        if memory is not None:  # a model without a cache has none
            self._api.llama_memory_clear(memory, False)

    def _tokens(self, count: int) -> list[int]:
        limit = self._api.llama_vocab_n_tokens(self._vocabulary)
        return [self._random.randrange(limit) for _ in range(count)]

    def _decode(self, context: Context, tokens: list[int]) -> None:
        kept = (self._api.llama_token * len(tokens))(*tokens)  # the batch only points to it
        batch = self._api.llama_batch_get_one(kept, len(tokens))
        status = self._api.llama_decode(context, batch)
        if status != 0:
            raise RuntimeFailure("inference_error", f"llama_decode ended with status {status} (see the log).")


def _load(api: LlamaApi, path: str) -> Model:
    params = api.llama_model_default_params()
    params.n_gpu_layers = 0
    model = api.llama_model_load_from_file(path.encode(), params)
    if model is None:
        raise RuntimeFailure("load_error", "llama.cpp refused to load the model (see the log).")
    return model


def _to_stderr(level: int, text: bytes, _: object) -> None:
    if level >= 3:  # warnings (3) and errors (4); GGML_LOG_LEVEL_CONT (5) continues a line
        sys.stderr.write(text.decode(errors="replace"))
        sys.stderr.flush()
