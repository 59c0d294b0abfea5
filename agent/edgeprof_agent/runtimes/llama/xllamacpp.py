"""llama.cpp by xllamacpp, a prebuilt binding: a server in this process whose answers carry C++ timings.

It offers no decode call of its own, so each repeat is a completion: a prompt with one token for prefill, one prompt
token with many generated ones for decode. The first token comes from the prompt's own logits and costs no decode
step, so that n + 1 tokens are asked to time n steps.
"""

import importlib
import itertools
import random
import time
from importlib.metadata import version
from typing import Literal, cast

from edgeprof_agent.runtimes.lengths import first_lengths, inputs_of, prompt_ids
from edgeprof_agent.runtimes.llama.binding_cost import cost_notes
from edgeprof_agent.runtimes.llama.xllamacpp_api import Api, LlamaServer, Params, ServerReply, Timings
from edgeprof_agent.runtimes.llama.xllamacpp_held import HeldServer
from edgeprof_agent.worker_protocol.adapter import Decode, Lengths, Prefill, RuntimeFailure
from edgeprof_agent.worker_protocol.document import Operators, Output, RuntimeSetting, WorkerJob, no_operators

N_BATCH = 2048
N_UBATCH = 512


class XllamaCpp:
    """The imported package `xllamacpp`."""

    def __init__(self) -> None:
        self._api = cast(Api, importlib.import_module("xllamacpp"))

    def open(self, job: WorkerJob) -> "XllamaModel":
        if job["config"].provider != "cpu":
            raise RuntimeFailure(
                "runtime_missing",
                f"xllamacpp runs only on the CPU here, but provider {job['config'].provider!r} was requested.",
            )
        return XllamaModel(self._api, job)


class XllamaModel:
    """A server with one slot, its context as long as the longest request at these lengths."""

    kind: Literal["text"] = "text"

    def __init__(self, api: Api, job: WorkerJob) -> None:
        self.absent: dict[str, str] = {
            "kv_cache_mib": "xllamacpp reports its size only in a log that is off during timing",
            "tokenize_ms": "xllamacpp has no call that only tokenizes",
            "sample_ms": "xllamacpp has no call that only samples",
        }
        self.kv_cache_kib: float | None = None
        self.refills = False
        self._api = api
        self._job = job
        self._random = random.Random(job["protocol"].seed)
        self._ids = prompt_ids(job["vocabulary"])
        self._lengths = first_lengths(job)
        self._depth: list[int] = []
        self._filled = False
        self._server: LlamaServer | None = None
        self._room = 0
        self.resize_context(self._lengths, requests=job["course"] == "measure" and job["config"].arrival_rate_per_s > 0)

    def resize_context(self, lengths: Lengths, *, requests: bool = False) -> None:
        """A new server, which reads the model again: a context cannot change its size. The old one goes first."""
        room = lengths.depth_tokens + max(lengths.prompt_tokens + 1, lengths.decode_tokens + 2)
        if requests:
            room = sum(lengths) + 2
        self.release_context()
        self._lengths = lengths
        self._depth = self._tokens(lengths.depth_tokens)
        try:
            self._server = HeldServer(self._api.Server(_params(self._api, self._job, room)))
        except RuntimeError as error:
            raise RuntimeFailure(
                "load_error", f"xllamacpp refused the model with a context of {room} tokens: {error} (see the log)."
            ) from error
        self._room = room

    def release_context(self) -> None:
        self._server = None
        self._filled = False

    def first_prompt(self) -> Prefill:
        self._filled = False
        return self._timed_prompt([])

    def prefill(self) -> Prefill:
        self._fill()
        return self._timed_prompt(self._depth)

    def _timed_prompt(self, depth: list[int]) -> Prefill:
        prompt = [*depth, *self._tokens(self._lengths.prompt_tokens)]
        started_ns = time.monotonic_ns()
        answer = self._complete(prompt, 1, cached=bool(depth))
        ended_ns = time.monotonic_ns()
        _check_cached(answer, len(depth))
        return Prefill(round(answer["prompt_ms"] * 1e6), ended_ns - started_ns, started_ns, ended_ns)

    def decode(self) -> Decode:
        self._fill()
        started_ns = time.monotonic_ns()
        timings = self._stream([*self._depth, *self._tokens(1)], self._lengths.decode_tokens + 1)
        ended_ns = time.monotonic_ns()
        _check_cached(timings[-1], len(self._depth))
        last = timings[-1]
        if last["predicted_n"] < 2:
            raise RuntimeFailure("inference_error", "xllamacpp generated no second token: no step was timed.")
        # The server's clock of a generation starts with the first token, which costs no step.
        steps, total_ns = last["predicted_n"] - 1, round(last["predicted_ms"] * 1e6)
        return Decode(steps, last["predicted_n"], total_ns, gaps_ns(timings), started_ns, ended_ns)

    def no_requests(self) -> str | None:
        """Tried twice, as only the second request meets a memory that has to go back to its depth."""
        try:
            self._fill()
            self.request()
            self.request()
        except RuntimeFailure as failure:
            return str(failure)
        return None

    def request(self) -> None:
        prompt = [*self._depth, *self._tokens(self._lengths.prompt_tokens)]
        answer = self._complete(prompt, self._lengths.decode_tokens + 1, cached=bool(self._depth))
        _check_cached(answer, len(self._depth))

    def cached_prompt_ns(self, repeats: int) -> list[int]:
        prompt = [*self._depth, *self._tokens(self._lengths.prompt_tokens)]
        self._complete(prompt, 1, cached=True)
        times_ns: list[int] = []
        for _ in range(repeats):
            started_ns = time.perf_counter_ns()
            answer = self._complete(prompt, 1, cached=True)
            times_ns.append(time.perf_counter_ns() - started_ns)
            if answer["prompt_n"] != 1:
                evaluated = answer["prompt_n"]
                self.absent["ttft_cached_ms"] = f"the server evaluated {evaluated} tokens of a cached prompt"
                self.refills = True
                return []
        return times_ns

    def tokenize_ns(self) -> list[int]:
        return []

    def sample_ns(self) -> list[int]:
        return []

    def output(self) -> Output | None:
        return None

    def setting(self) -> RuntimeSetting:
        job = self._job
        return {
            "runtime_version": version("xllamacpp"),
            "threads": job["config"].threads,
            "provider": "cpu",
            "delegate": None,
            "inputs": inputs_of(self._lengths),
            "input_source": f"random tokens (seed {job['protocol'].seed}); greedy generation by the server, "
            "end of text ignored",
            "notes": [
                f"n_batch {N_BATCH}, n_ubatch {N_UBATCH}, one slot, context of {self._room} tokens; "
                "prompt cache off but for depth and ttft_cached_ms",
                "xllamacpp exposes no logits, so NaN in them would go unnoticed",
                f"CPU: {self._api.get_system_info().strip()}",
                *cost_notes("xllamacpp"),
            ],
        }

    def operators(self) -> Operators:
        return no_operators("xllamacpp does not report which operators it executes")

    def _fill(self) -> None:
        """The depth into the server's memory, untimed. Once evaluated it lies there, but in a recurrent memory."""
        if not self._depth:
            return
        answer = self._complete(self._depth, 1, cached=True)
        self.refills = self.refills or (self._filled and answer["prompt_n"] > 1)
        self._filled = True

    def _tokens(self, count: int) -> list[int]:
        return [self._random.choice(self._ids) for _ in range(count)]

    def _complete(self, prompt: list[int], tokens: int, *, cached: bool) -> Timings:
        request = _request(prompt, tokens, cached=cached)
        return _timings(self._usable().handle_completions(request) or {})

    def _stream(self, prompt: list[int], tokens: int) -> list[Timings]:
        answers: list[ServerReply] = []
        request = _request(prompt, tokens, cached=bool(self._depth))
        streamed = {**request, "stream": True, "timings_per_token": True}
        refused = self._usable().handle_completions(streamed, answers.append)
        if refused and not answers:
            answers.append(refused)
        return [_timings(answer) for answer in answers]

    def _usable(self) -> LlamaServer:
        if self._server is None:
            raise RuntimeFailure(
                "load_error", "xllamacpp has no server: it refused the last context that was requested."
            )
        return self._server


def _check_cached(timings: Timings, depth: int) -> None:
    """A server that did not keep the depth would time it with the prompt."""
    if abs(timings["cache_n"] - depth) > 1:  # one token may agree by chance, or be evaluated again
        raise RuntimeFailure(
            "inference_error",
            f"xllamacpp kept {timings['cache_n']} of {depth} tokens in its context, so depth has no meaning.",
        )


def gaps_ns(timings: list[Timings]) -> list[int]:
    """Times between tokens. Where the server held a token back (half a character), that pair tells nothing."""
    pairs = itertools.pairwise(timings)
    return [
        round((after["predicted_ms"] - before["predicted_ms"]) * 1e6)
        for before, after in pairs
        if after["predicted_n"] == before["predicted_n"] + 1
    ]


def _params(api: Api, job: WorkerJob, room: int) -> Params:
    params = api.CommonParams()
    params.model.path = job["model_path"]
    params.n_ctx = room
    params.n_batch = N_BATCH
    params.n_ubatch = N_UBATCH
    params.n_parallel = 1
    params.n_gpu_layers = 0
    params.cpuparams.n_threads = job["config"].threads
    params.cpuparams_batch.n_threads = job["config"].threads
    params.cache_prompt = False
    params.cache_ram_mib = 0
    params.warmup = False  # the first inference is measured apart
    return params


def _request(prompt: list[int], tokens: int, *, cached: bool) -> dict[str, object]:
    return {"prompt": prompt, "n_predict": tokens, "cache_prompt": cached, "ignore_eos": True, "temperature": 0}


def _timings(answer: ServerReply) -> Timings:
    if "timings" not in answer:
        problem = answer["error"]["message"] if "error" in answer else str(answer)
        raise RuntimeFailure("inference_error", f"xllamacpp gave no timings: {problem}")
    return answer["timings"]
