"""Greedy tokens by the server of the prebuilt binding, to compare decode calls with."""

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from edgeprof_agent.runtimes.llama.xllamacpp_api import Api


def server_tokens(
    path: Path, prompts: Sequence[Sequence[int]], count: int, context: int, threads: int = 1
) -> list[list[int]]:
    """The ids of `count` tokens after each prompt, end of text ignored. The server is never ended: end the process."""
    api = cast(Api, importlib.import_module("xllamacpp"))
    params = api.CommonParams()
    params.model.path = str(path)
    params.n_ctx = context
    params.n_parallel = 1
    params.n_gpu_layers = 0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.cache_prompt = False
    params.cache_ram_mib = 0
    params.warmup = False
    server = api.Server(params)
    _KEPT.append(server)
    asked = {"n_predict": count, "ignore_eos": True, "temperature": 0, "n_probs": 1, "cache_prompt": False}
    return [_ids(server.handle_completions({**asked, "prompt": list(prompt)})) for prompt in prompts]


_KEPT: list[object] = []


def _ids(answer: Any) -> list[int]:
    """It gives no list of tokens, but each one with its probability."""
    return [entry["id"] for entry in answer["choices"][0]["logprobs"]["content"]]
