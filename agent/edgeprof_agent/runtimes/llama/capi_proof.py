"""Proves that the prebuilt library may be driven by its C interface, before a real model is: a program of its own.

    python -m edgeprof_agent.runtimes.llama.capi_proof

A wrong layout may end it by a signal, which is why it is not run where anything is at stake. It prints one line of
JSON, a `Layout`. Each step refuses with a sentence:

1. the bytes that the library writes over two patterns are those of the layout's fields;
2. each field holds llama.cpp's default;
3. six values that are set come back from the context by llama.cpp's own getters;
4. the evaluation callback, set at its offset, is called with tensors (the only step that may fail alone);
5. greedy tokens of a tiny model are those of the same library's server, end of text masked;
6. endings behind a prefix that their sequences share in one batch are followed by the tokens that follow them alone.
"""

import ctypes
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from edgeprof_agent.runtimes.llama.capi_canary import NotProven, defaults_problem, returned_twice, struct_problem
from edgeprof_agent.runtimes.llama.capi_layout import CONTEXT_DEFAULTS, MODEL_DEFAULTS, ContextParams, ModelParams
from edgeprof_agent.runtimes.llama.capi_library import CapiLibrary, library_path
from edgeprof_agent.runtimes.llama.greedy import EndOfText, greedy_tokens
from edgeprof_agent.runtimes.llama.llamacpp_context import LlamaContext
from edgeprof_agent.runtimes.llama.llamacpp_sequences import Entry, Sequences
from edgeprof_agent.runtimes.llama.server_tokens import server_tokens
from edgeprof_agent.runtimes.llama.tiny_gguf import write_tiny_gguf
from edgeprof_agent.runtimes.llama.verdicts import Layout
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure

if TYPE_CHECKING:
    from edgeprof_agent.runtimes.llama.llamacpp_api import LlamaApi, Model, Vocabulary

_ODD = {"n_ctx": 768, "n_batch": 384, "n_ubatch": 96, "n_seq_max": 3, "n_threads": 1, "n_threads_batch": 2}
_PROMPTS = ([5, 60, 300], [7, 8, 9, 10, 11, 12, 13, 270, 271, 272], list(range(20, 52)))
_ENDINGS = ([40], [300, 301, 302, 303], [77, 410])
_GENERATED = 24
_CONTEXT = 128


def prove(path: Path, params: type[ContextParams] = ContextParams, model: type[ModelParams] = ModelParams) -> Layout:
    """All steps, in this process. `params`, `model`: the layouts to prove."""
    try:
        library = _library(path, params, model)
        check_structures(library, params, model)
        with tempfile.TemporaryDirectory() as folder:
            return _with_a_model(library, write_tiny_gguf(Path(folder) / "tiny.gguf"))
    except (NotProven, OSError, RuntimeFailure) as error:
        return Layout(False, str(error))


def _library(path: Path, params: type[ContextParams], model: type[ModelParams]) -> CapiLibrary:
    try:
        return CapiLibrary(path, params, model)
    except AttributeError as error:
        raise NotProven(f"the library lacks a function ({error})") from error


def check_structures(library: CapiLibrary, context: type[ContextParams], model: type[ModelParams]) -> None:
    """Steps 1 and 2. Raises NotProven."""
    for kind, function, defaults in (
        (context, "llama_context_default_params", CONTEXT_DEFAULTS),
        (model, "llama_model_default_params", MODEL_DEFAULTS),
    ):
        problem = struct_problem(kind, *returned_twice(library.address(function)))
        problem = problem or defaults_problem(getattr(library, function)(), defaults)
        if problem:
            raise NotProven(problem)


def _with_a_model(library: CapiLibrary, path: Path) -> Layout:
    api = cast("LlamaApi", library)
    log = api.llama_log_callback(_unheard)
    api.llama_log_set(log, ctypes.c_void_p(0))
    api.llama_backend_init()
    params = api.llama_model_default_params()
    params.n_gpu_layers = 0
    model = api.llama_model_load_from_file(str(path).encode(), params)
    if model is None:
        raise NotProven("the library did not load a tiny model that it should")
    _check_values_come_back(library, model)
    called = _is_called(api, model)
    _check_tokens(api, model, path)
    _check_sequences(api, model)
    return Layout(True, eval_callback=called)


def _check_values_come_back(library: Any, model: "Model") -> None:
    params = library.llama_context_default_params()
    for name, value in _ODD.items():
        setattr(params, name, value)
    context = library.llama_init_from_model(model, params)
    if not context:
        raise NotProven("the library refused a context of odd sizes")
    found = {name: getattr(library, f"llama_{name}")(context) for name in _ODD}
    library.llama_free(context)
    if found != _ODD:
        raise NotProven(f"{_ODD} was set in the context, {found} came back")


def _is_called(api: "LlamaApi", model: "Model") -> bool:
    """Whether a callback at the layout's place for it sees nodes of a graph before and after they run."""
    seen = {True: 0, False: 0}

    def see(tensor: int | None, ask: bool, data: int | None) -> bool:
        seen[ask] += bool(tensor) and data is None
        return True

    context = LlamaContext(api, model, _CONTEXT, 1, api.ggml_backend_sched_eval_callback(see))
    greedy_tokens(api, context, _PROMPTS[0], 2)
    context.close()
    return seen[True] >= 10 and seen[True] == seen[False]


def _check_tokens(api: "LlamaApi", model: "Model", path: Path) -> None:
    context = LlamaContext(api, model, _CONTEXT, 1)
    end = EndOfText(api, cast("Vocabulary", api.llama_model_get_vocab(model)))
    ours: list[list[int]] = []
    for prompt in _PROMPTS:
        context.clear()
        ours.append(greedy_tokens(api, context, prompt, _GENERATED, end))
    context.close()
    theirs = server_tokens(path, _PROMPTS, _GENERATED, _CONTEXT)
    if ours != theirs:
        raise NotProven(f"a tiny model generates {ours[0][:6]} … by decode calls, {theirs[0][:6]} … by the server")


def _check_sequences(api: "LlamaApi", model: "Model") -> None:
    words = api.llama_vocab_n_tokens(cast("Vocabulary", api.llama_model_get_vocab(model)))
    prefix = _PROMPTS[1]
    shared = Sequences(api, model, words, 1)
    shared.make_room(_CONTEXT)
    batch = [Entry(token, place, range(len(_ENDINGS))) for place, token in enumerate(prefix)]
    last: list[int] = []
    for sequence, ending in enumerate(_ENDINGS):
        targets = [None] * (len(ending) - 1) + [0]
        places = range(len(prefix), len(prefix) + len(ending))
        batch += map(Entry, ending, places, [(sequence,)] * len(ending), targets)
        last.append(len(batch) - 1)
    shared.run(batch)
    together = [_likeliest(api, shared.context, place, words) for place in last]
    shared.close()
    context = LlamaContext(api, model, _CONTEXT, 1)
    alone: list[int] = []
    for ending in _ENDINGS:
        context.clear()
        alone += greedy_tokens(api, context, [*prefix, *ending], 1)
    context.close()
    if together != alone:
        raise NotProven(f"behind a shared prefix a tiny model continues with {together}, alone with {alone}")


def _likeliest(api: "LlamaApi", context: LlamaContext, place: int, words: int) -> int:
    """Without numpy, which need not be installed."""
    logits = api.llama_get_logits_ith(context.handle, place)
    if not logits:
        raise NotProven("the library shows no logits of a batch")
    values = ctypes.cast(logits, ctypes.POINTER(ctypes.c_float * words)).contents
    return max(range(words), key=values.__getitem__)


def _unheard(level: int, line: bytes, data: object) -> None:
    """llama.cpp's log."""


def main() -> None:
    """Proves the installed library."""
    path = library_path()
    verdict = prove(path) if path is not None else Layout(False, "xllamacpp is not installed")
    print(json.dumps(verdict._asdict()), flush=True)
    sys.stdout.flush()
    os._exit(0)  # a server's end may wait for ever


if __name__ == "__main__":
    main()
