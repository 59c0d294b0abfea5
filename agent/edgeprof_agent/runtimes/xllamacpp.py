"""llama.cpp by xllamacpp, a prebuilt binding: a server in this process whose answers carry C++ timings.

It offers no decode call of its own, so each repeat is a completion: a prompt with one token for prefill, one prompt
token with many generated ones for decode. The first token comes from the prompt's own logits and costs no decode
step, so that n + 1 tokens are asked to time n steps.
"""

import importlib
import itertools
import random
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Literal, Protocol, TypedDict, cast

from edgeprof_agent.runtimes.base import Decode, Prefill, RuntimeFailure
from edgeprof_agent.worker.document import Job, Operators, Setting

N_BATCH = 2048
N_UBATCH = 512
_TOKEN_RANGE = range(100, 1000)
"""Ids that every vocabulary has; the binding does not tell a model's own number."""


class _Timings(TypedDict):
    prompt_n: int
    prompt_ms: float
    predicted_n: int
    predicted_ms: float


class _Answer(TypedDict, total=False):
    timings: _Timings
    message: str


class _Server(Protocol):
    def handle_completions(
        self, request: dict[str, object], callback: Callable[[_Answer], None] | None = None, /
    ) -> _Answer | None: ...


class _Threads(Protocol):
    n_threads: int


class _ModelFile(Protocol):
    path: str


class _Params(Protocol):
    model: _ModelFile
    cpuparams: _Threads
    cpuparams_batch: _Threads
    n_ctx: int
    n_batch: int
    n_ubatch: int
    n_parallel: int
    n_gpu_layers: int
    cache_prompt: bool
    cache_ram_mib: int
    warmup: bool


class _Api(Protocol):
    def CommonParams(self) -> _Params: ...
    def Server(self, params: _Params, /) -> _Server: ...
    def get_system_info(self) -> str: ...


class XllamaCpp:
    """The imported package `xllamacpp`."""

    def __init__(self) -> None:
        self._api = cast(_Api, importlib.import_module("xllamacpp"))

    def open(self, job: Job) -> "XllamaModel":
        if job["provider"] != "cpu":
            raise RuntimeFailure(
                "runtime_missing", f"xllamacpp runs on the CPU only here; provider {job['provider']!r} was asked."
            )
        return XllamaModel(self._api, job)


class XllamaModel:
    """A server with one slot."""

    kind: Literal["text"] = "text"

    def __init__(self, api: _Api, job: Job) -> None:
        self.absent: dict[str, str] = {}
        self._api = api
        self._job = job
        self._random = random.Random(job["seed"])
        try:
            self._server = api.Server(_params(api, job))
        except RuntimeError as error:
            raise RuntimeFailure(
                "load_error", f"xllamacpp refused to load the model: {error} (see the log)."
            ) from error

    def prefill(self) -> Prefill:
        prompt = self._tokens(self._job["prompt_tokens"])
        started_ns = time.perf_counter_ns()
        answer = self._complete(prompt, 1)
        first_token_ns = time.perf_counter_ns() - started_ns
        return Prefill(round(answer["prompt_ms"] * 1e6), first_token_ns)

    def decode(self) -> Decode:
        timings = self._stream(self._tokens(1), self._job["decode_tokens"] + 1)
        total_ns = round((timings[-1]["predicted_ms"] - timings[0]["predicted_ms"]) * 1e6)
        steps = timings[-1]["predicted_n"] - timings[0]["predicted_n"]
        return Decode(steps, timings[-1]["predicted_n"], total_ns, gaps_ns(timings))

    def setting(self) -> Setting:
        job = self._job
        return {
            "runtime_version": version("xllamacpp"),
            "threads": job["threads"],
            "provider": "cpu",
            "delegate": None,
            "inputs": {"prompt": f"tokens[{job['prompt_tokens']}]", "generated": f"tokens[{job['decode_tokens']}]"},
            "input_source": f"random tokens (seed {job['seed']}); greedy generation by the server, end of text ignored",
            "notes": [
                f"n_batch {N_BATCH}, n_ubatch {N_UBATCH}, one slot, no prompt cache",
                f"CPU: {self._api.get_system_info().strip()}",
            ],
        }

    def operators(self) -> Operators:
        return {
            "operators": {},
            "nodes_per_provider": {},
            "integer_kernels": None,
            "float_kernels": None,
            "notes": ["xllamacpp does not tell which operators it executes"],
        }

    def _tokens(self, count: int) -> list[int]:
        return [self._random.choice(_TOKEN_RANGE) for _ in range(count)]

    def _complete(self, prompt: list[int], tokens: int) -> _Timings:
        answer = self._server.handle_completions(_request(prompt, tokens))
        return _timings(answer or {})

    def _stream(self, prompt: list[int], tokens: int) -> list[_Timings]:
        answers: list[_Answer] = []
        request = {**_request(prompt, tokens), "stream": True, "timings_per_token": True}
        self._server.handle_completions(request, answers.append)
        return [_timings(answer) for answer in answers]


def gaps_ns(timings: list[_Timings]) -> list[int]:
    """Times between tokens. Where the server held a token back (half a character), that pair tells nothing."""
    pairs = itertools.pairwise(timings)
    return [
        round((after["predicted_ms"] - before["predicted_ms"]) * 1e6)
        for before, after in pairs
        if after["predicted_n"] == before["predicted_n"] + 1
    ]


def _params(api: _Api, job: Job) -> _Params:
    params = api.CommonParams()
    params.model.path = job["model_path"]
    params.n_ctx = max(job["prompt_tokens"] + 1, job["decode_tokens"] + 2)
    params.n_batch = N_BATCH
    params.n_ubatch = N_UBATCH
    params.n_parallel = 1
    params.n_gpu_layers = 0
    params.cpuparams.n_threads = job["threads"]
    params.cpuparams_batch.n_threads = job["threads"]
    params.cache_prompt = False
    params.cache_ram_mib = 0
    params.warmup = False  # the first inference is measured apart
    return params


def _request(prompt: list[int], tokens: int) -> dict[str, object]:
    return {"prompt": prompt, "n_predict": tokens, "cache_prompt": False, "ignore_eos": True, "temperature": 0}


def _timings(answer: _Answer) -> _Timings:
    if "timings" not in answer:
        raise RuntimeFailure("inference_error", f"xllamacpp gave no timings: {answer.get('message', answer)}")
    return answer["timings"]
