"""llama.cpp behind its C interface as a runtime: the library with its log, opening models."""

import ctypes
import importlib
import sys
from pathlib import Path
from typing import cast

from edgeprof_agent.runtimes.llama.llamacpp import LlamaModel
from edgeprof_agent.runtimes.llama.llamacpp_api import LlamaApi, LogCallback
from edgeprof_agent.runtimes.llama.llamacpp_log import Log
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure
from edgeprof_agent.worker_protocol.document import WorkerJob

_HEARD: list[LogCallback] = []
"""Kept for ever: a collected callback is a SIGSEGV."""


class LowLevel:
    """llama.cpp behind its C interface, whichever package brings it. `library`: the file that has ggml's functions."""

    def __init__(self, variant: str, package: str, api: LlamaApi, library: Path) -> None:
        self.variant = variant
        self.package = package
        self.api = api
        self.library = library
        self.log = Log(sys.stderr)
        _HEARD.append(api.llama_log_callback(self.log.hear))
        api.llama_log_set(_HEARD[-1], ctypes.c_void_p(0))
        api.llama_backend_init()

    def open(self, job: WorkerJob) -> "LlamaModel":
        if job["config"].provider != "cpu":
            raise RuntimeFailure(
                "runtime_missing",
                f"llama.cpp runs only on the CPU here, but provider {job['config'].provider!r} was requested.",
            )
        return LlamaModel(self, job)


class LlamaCpp(LowLevel):
    """The imported package `llama_cpp`."""

    def __init__(self) -> None:
        module = importlib.import_module("llama_cpp.llama_cpp")
        library = Path(module.__file__ or "").parent / "lib" / "libggml-base.so"
        super().__init__("llama-cpp-python", "llama-cpp-python", cast(LlamaApi, module), library)
