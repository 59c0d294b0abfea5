"""llama.cpp by the calls of its C interface, in the way that llama-bench times it: llama-cpp-python's, or others'.

n_batch 2048, n_ubatch 512, flash attention auto, sliding windows not kept in full; random tokens, the first of them the
vocabulary's own beginning where it has one; memory brought back to its depth before each repeat; synchronised after
each decode. llama-bench makes one context for the prompt and one for the generation; here both have one, of the depth
and the longer of the two (where requests are to come, of the two together): what is computed depends on the cells in
use, in steps of 256, not on the context's size.
"""

import ctypes
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Generic, Literal, NamedTuple, Protocol, TypeVar

from edgeprof_agent.runtimes.lengths import first_lengths, inputs_of, too_long
from edgeprof_agent.runtimes.llama.binding_cost import cost_notes
from edgeprof_agent.runtimes.llama.greedy import greedy_tokens
from edgeprof_agent.runtimes.llama.llamacpp_answers import LlamaAnswers
from edgeprof_agent.runtimes.llama.llamacpp_api import EvalCallback, LlamaApi, Model
from edgeprof_agent.runtimes.llama.llamacpp_context import N_BATCH, N_UBATCH, LlamaContext, SavedMemory, Tokens
from edgeprof_agent.runtimes.llama.llamacpp_graph import GraphReader, open_ggml
from edgeprof_agent.runtimes.llama.llamacpp_library import LlamaLibrary
from edgeprof_agent.runtimes.llama.llamacpp_times import operator_times
from edgeprof_agent.runtimes.llama.llamacpp_vocabulary import SHORT_REPEATS, LlamaVocabulary
from edgeprof_agent.runtimes.llama.real_text import NAME
from edgeprof_agent.worker_protocol.adapter import COPIED_TOKENS, Decode, Lengths, Prefill, RuntimeFailure
from edgeprof_agent.worker_protocol.document import Operators, Output, RuntimeSetting, WorkerJob, no_operators

_ONE_POSITION = (-1, 0, 2)
"""LLAMA_ROPE_TYPE_NONE, NORM and NEOX: a token has one position, which can be moved."""


class Watcher(Protocol):
    """What has an evaluation callback, and outlives the context that it is set in."""

    callback: EvalCallback


WatcherT = TypeVar("WatcherT", bound=Watcher)


class Watched(NamedTuple, Generic[WatcherT]):
    """A watcher with a context that it watches and one that nobody watches. `draw` gives a prompt of so many tokens."""

    watcher: WatcherT
    plain: LlamaContext
    timed: LlamaContext
    draw: Callable[[int], Tokens]


class LlamaModel(LlamaAnswers):
    """A loaded GGUF model with the context of the moment. What an evaluation asks has a context of its own."""

    kind: Literal["text"] = "text"

    def __init__(self, runtime: LlamaLibrary, job: WorkerJob) -> None:
        self.absent: dict[str, str] = {}
        self.kv_cache_kib: float | None = None
        self.refills = False
        self._runtime = runtime  # holds the log callback
        self._api = api = runtime.api
        self._job = job
        self._model = _load(api, job["model_path"])
        vocabulary = LlamaVocabulary(api, self._model, job["protocol"].seed)
        super().__init__(api, self._model, vocabulary, job["config"].threads)
        self._greedy = api.llama_sampler_init_greedy()
        self._context: LlamaContext | None = None
        self._filled = self._holds_prompt = False
        self._state: SavedMemory | None = None
        self._lengths = first_lengths(job)
        self._is_evaluation = job["course"] == "evaluate"
        if not self._is_evaluation:
            requests = job["course"] == "measure" and job["config"].arrival_rate_per_s > 0
            self.resize_context(self._lengths, requests=requests)

    def resize_context(self, lengths: Lengths, *, requests: bool = False) -> None:
        tokens = lengths.depth_tokens + max(lengths.prompt_tokens, lengths.decode_tokens)
        if tokens > self.trained_tokens:
            raise RuntimeFailure("inference_error", too_long(tokens, self.trained_tokens))
        if requests and sum(lengths) <= self.trained_tokens:
            tokens = sum(lengths)
        self.release_context()
        self._runtime.log.forget_memory()
        self._context = LlamaContext(self._api, self._model, tokens, self._job["config"].threads)
        self.kv_cache_kib = self._runtime.log.memory_kib
        if self.kv_cache_kib is None:
            self.absent["kv_cache_mib"] = "llama.cpp logged no KV cache size for this model"
        self._lengths = lengths
        self._filled = False

    def release_context(self) -> None:
        if self._context is not None:
            self._context.close()
            self._context = None
        self._filled = self._holds_prompt = False
        self._state = None

    def copy_depth(self) -> bool:
        """A short piece is evaluated and copied; one token more shows a memory that can only forget as a whole."""
        context, depth = self._usable(), self._lengths.depth_tokens
        if depth <= COPIED_TOKENS or self._api.llama_model_rope_type(self._model) not in _ONE_POSITION:
            return False
        context.clear()
        context.evaluate(self._vocabulary.prompt(COPIED_TOKENS + 1))
        self._filled = context.copy_first(COPIED_TOKENS, depth)
        return self._filled

    def first_prompt(self) -> Prefill:
        context = self._usable()
        context.clear()
        self._filled = self._holds_prompt = False
        return self._timed_prompt(context, self._vocabulary.prompt(self._lengths.prompt_tokens))

    def prefill(self) -> Prefill:
        prompt = self._vocabulary.prompt(self._lengths.prompt_tokens)
        found = self._timed_prompt(self._at_depth(), prompt)
        self._holds_prompt = True
        return found

    def _timed_prompt(self, context: LlamaContext, prompt: Tokens) -> Prefill:
        """Its clock is CLOCK_MONOTONIC, the one that the parent's samples are stamped by."""
        started_ns = time.monotonic_ns()
        context.evaluate(prompt)
        prompt_ns = time.monotonic_ns() - started_ns
        self._api.llama_sampler_sample(self._greedy, context.handle, -1)
        ended_ns = time.monotonic_ns()
        return Prefill(prompt_ns, ended_ns - started_ns, started_ns, ended_ns)

    def decode(self) -> Decode:
        words = self._vocabulary.random_tokens(self._lengths.decode_tokens)
        context = self._at_depth()
        token = (self._api.llama_token * 1)()
        batch = self._api.llama_batch_get_one(token, 1)  # points to the token, which changes from step to step
        clock, synchronize, handle = time.monotonic_ns, self._api.llama_synchronize, context.handle
        gaps_ns: list[int] = []
        started_ns = before_ns = clock()
        for word in words:
            token[0] = word
            context.step(batch)
            synchronize(handle)
            now_ns = clock()
            gaps_ns.append(now_ns - before_ns)
            before_ns = now_ns
        return Decode(len(words), len(words), before_ns - started_ns, gaps_ns, started_ns, before_ns)

    def no_requests(self) -> str | None:
        if self.refills and self._lengths.depth_tokens:
            return (
                "this model's context cannot go back to its depth, so every request would first evaluate "
                f"{self._lengths.depth_tokens} tokens again"
            )
        return too_long(sum(self._lengths), self.trained_tokens) if sum(self._lengths) > self.trained_tokens else None

    def request(self) -> None:
        self.prefill()
        context = self._usable()
        for word in self._vocabulary.random_tokens(self._lengths.decode_tokens):
            context.evaluate(Tokens(self._api, [word]))

    def cached_prompt_ns(self, repeats: int) -> list[int]:
        last = Tokens(self._api, self._vocabulary.random_tokens(1))
        known = self._lengths.depth_tokens + self._lengths.prompt_tokens - 1
        if not self._holds_prompt:
            self.prefill()
        context = self._usable()
        times_ns: list[int] = []
        for _ in range(repeats):
            if not context.keep_first(known):
                self.absent["ttft_cached_ms"] = "this model's context cannot drop a single token"
                return []
            started_ns = time.perf_counter_ns()
            context.evaluate(last)
            self._api.llama_sampler_sample(self._greedy, context.handle, -1)
            times_ns.append(time.perf_counter_ns() - started_ns)
        return times_ns

    def close(self) -> None:
        super().close()
        self.release_context()
        self._api.llama_sampler_free(self._greedy)
        self._api.llama_model_free(self._model)

    def generate_greedy(self, prompt: list[int], count: int) -> list[int]:
        """The `count` likeliest tokens after a prompt, by the calls that are timed elsewhere."""
        context = self._usable()
        context.clear()
        self._filled = self._holds_prompt = False
        return greedy_tokens(self._api, context, prompt, count)

    def tokenize_ns(self) -> list[int]:
        return self._vocabulary.tokenize_ns(self._lengths.prompt_tokens)

    def sample_ns(self) -> list[int]:
        context = self._at_depth()
        context.evaluate(self._vocabulary.prompt(1))
        times_ns: list[int] = []
        for _ in range(SHORT_REPEATS):
            started_ns = time.perf_counter_ns()
            self._api.llama_sampler_sample(self._greedy, context.handle, -1)
            times_ns.append(time.perf_counter_ns() - started_ns)
        return times_ns

    def output(self) -> Output | None:
        return {"non_finite": self._usable().non_finite(self._vocabulary.words), "wrong_shapes": [], "notes": []}

    def setting(self) -> RuntimeSetting:
        description = ctypes.create_string_buffer(256)
        self._api.llama_model_desc(self._model, description, len(description))
        how = (
            [self.batch_shape]
            if self._is_evaluation
            else [
                f"n_batch {N_BATCH}, n_ubatch {N_UBATCH}, flash attention auto; context of "
                f"{self._usable().tokens} tokens{self._runtime.log.memory_note}",
                f"tokenizer timed on about as many tokens of {NAME}; sampler: greedy",
            ]
        )
        source = f"random tokens (seed {self._job['protocol'].seed}), as llama-bench"
        return {
            "runtime_version": version(self._runtime.package),
            "threads": self._job["config"].threads,
            "provider": "cpu",
            "delegate": None,
            "inputs": {"prompt": "text"} if self._is_evaluation else inputs_of(self._lengths),
            "input_source": "items of the evaluation set" if self._is_evaluation else source,
            "notes": [
                f"model: {description.value.decode(errors='replace')}",
                *how,
                f"CPU: {self._api.llama_print_system_info().decode(errors='replace').strip()}",
                *([] if self._is_evaluation else cost_notes(self._runtime.variant)),
            ],
        }

    def operators(self) -> Operators:
        """The graph of one generated token, walked by llama.cpp's own evaluation callback."""
        if not self._job["eval_callback"]:
            return no_operators("operators are not reported: this library's evaluation callback was not proven")
        ggml = open_ggml(self._runtime.library)
        reader = GraphReader(self._api, ggml)
        tokens, threads = self._lengths.decode_tokens, self._job["config"].threads
        context = LlamaContext(self._api, self._model, tokens, threads, reader.callback)
        try:
            context.evaluate(self._vocabulary.prompt(1))
        finally:
            context.close()
        found = reader.operators()
        if self._is_evaluation:
            return found
        times = operator_times(self._api, self._model, ggml, threads, lambda: self._vocabulary.prompt(1))
        return {**found, "notes": [*found["notes"], times]}

    @contextmanager
    def watched(self, make: Callable[[LlamaApi, Path], WatcherT], tokens: int) -> Generator[Watched[WatcherT]]:
        """Two contexts alike, one of them with the callback of the watcher that `make` builds."""
        watcher = make(self._api, self._runtime.library)
        threads = self._job["config"].threads
        plain = LlamaContext(self._api, self._model, tokens, threads)
        try:
            timed = LlamaContext(self._api, self._model, tokens, threads, watcher.callback)
            try:
                yield Watched(watcher, plain, timed, self._vocabulary.prompt)
            finally:
                timed.close()
        finally:
            plain.close()

    def _at_depth(self) -> LlamaContext:
        """The context, its memory holding `depth_tokens`, the same ones as long as they can be kept."""
        self._holds_prompt = False
        context, depth = self._usable(), self._lengths.depth_tokens
        if depth and self._filled and context.keep_first(depth):
            return context
        if self._state is not None and context.restore(self._state):
            self._filled = True
            return context
        context.clear()
        if depth:
            context.evaluate(self._vocabulary.prompt(depth))
            if self._filled:  # it could not be kept (a recurrent memory): saved, it need not be evaluated again
                self._state = context.save()
                self.refills = self._state is None
        self._filled = True
        return context

    def _usable(self) -> LlamaContext:
        if self._context is None:
            raise RuntimeFailure("load_error", "llama.cpp has no context: it refused the last one that was requested.")
        return self._context


def _load(api: LlamaApi, path: str) -> Model:
    params = api.llama_model_default_params()
    params.n_gpu_layers = 0
    model = api.llama_model_load_from_file(path.encode(), params)
    if model is None:
        raise RuntimeFailure("load_error", "llama.cpp refused to load the model (see the log).")
    return model
