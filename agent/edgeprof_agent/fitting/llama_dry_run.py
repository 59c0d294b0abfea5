"""llama.cpp's own dry run: it plans every buffer with its real allocator and allocates none of them.

The wheel exports the function behind `llama-fit-params --fit-print` under its C++ name, on x86-64 and AArch64. It
prints one line for each place, in MiB: name, weights, context, compute buffers. C++ exceptions would cross ctypes and
one setting aborts the process, so that only a child process may call it. Outputs are limited to one row, as a run asks
for no more: by default 40 % too much would be counted.
"""

import ctypes
import os
import sys
import tempfile
from typing import TYPE_CHECKING, cast

from edgeprof_agent.fitting.document import BuffersDocument, DryRunDocument, phases_of
from edgeprof_agent.runtimes.llama.capi_layout import ContextParams, ModelParams
from edgeprof_agent.runtimes.llama.capi_library import CapiLibrary, library_path
from edgeprof_agent.runtimes.llama.llamacpp_context import N_BATCH, N_UBATCH
from edgeprof_agent.worker.memory import MemoryBook
from edgeprof_agent.worker.opening import imported
from edgeprof_agent.worker.reporter import Reporter
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure
from edgeprof_agent.worker_protocol.document import WorkerJob

if TYPE_CHECKING:
    from edgeprof_agent.runtimes.llama.llamacpp_api import LlamaApi

_PRINT = "_Z16common_fit_printPKcP18llama_model_paramsP20llama_context_params"
_NUMBERS = 3


def dry_run(job: WorkerJob, reporter: Reporter) -> DryRunDocument:
    """Raises RuntimeFailure where this build has no such function, or refuses the file."""
    memory = MemoryBook(job["model_files"])
    memory.end_of("interpreter")
    imported(job["config"].runtime)
    memory.end_of("runtime")
    path = library_path()
    if path is None:
        raise RuntimeFailure("runtime_missing", "xllamacpp is not installed.")
    library = CapiLibrary(path)
    tokens = job["config"].depth_tokens + max(job["config"].prompt_tokens, job["config"].decode_tokens)
    printed = _printed(library, job["model_path"], tokens)
    memory.end_of("dry_run")
    return {
        "runtime": job["config"].runtime,
        "phases": phases_of(memory),
        "buffers": _buffers(printed, tokens),
    }


def _printed(library: CapiLibrary, model: str, tokens: int) -> str:
    """What the function writes to stdout, taken from there: C's buffer is flushed before."""
    try:
        fit_print = getattr(ctypes.CDLL(str(library.path)), _PRINT)
    except AttributeError:
        raise RuntimeFailure("runtime_missing", "This build of llama.cpp exports no dry run.") from None
    api = cast("LlamaApi", library)
    log = api.llama_log_callback(_unheard)
    fit_print.restype, fit_print.argtypes = None, [ctypes.c_char_p, ctypes.c_void_p, ctypes.c_void_p]
    api.llama_log_set(log, ctypes.c_void_p(0))
    api.llama_backend_init()
    load, context = (
        cast(ModelParams, api.llama_model_default_params()),
        cast(ContextParams, api.llama_context_default_params()),
    )
    load.n_gpu_layers = 0
    context.n_ctx, context.n_batch, context.n_ubatch = tokens, N_BATCH, N_UBATCH
    context.n_outputs_max, context.swa_full = 1, False
    c_library = ctypes.CDLL(None)
    sys.stdout.flush()
    own = os.dup(1)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 1)
        try:
            fit_print(model.encode(), ctypes.addressof(load), ctypes.addressof(context))
            c_library.fflush(None)
        finally:
            os.dup2(own, 1)
            os.close(own)
        file.seek(0)
        return file.read().decode(errors="replace")


def _buffers(printed: str, tokens: int) -> BuffersDocument:
    """All places together: on a board without a GPU there is one, `Host`."""
    rows = [line.split()[-_NUMBERS:] for line in printed.splitlines() if len(line.split()) > _NUMBERS]
    numbers = [[float(word) for word in row] for row in rows if all(_is_number(word) for word in row)]
    if not numbers:
        raise RuntimeFailure("load_error", "llama.cpp's dry run printed no sum: it refuses this file.")
    model, context, compute = (sum(row[place] for row in numbers) for place in range(_NUMBERS))
    return {"model_mib": model, "context_mib": context, "compute_mib": compute, "context_tokens": tokens}


def _is_number(word: str) -> bool:
    return word.replace(".", "", 1).isdigit()


def _unheard(level: int, line: bytes, data: object) -> None:
    """llama.cpp's log."""
