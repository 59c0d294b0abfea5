"""llama.cpp behind its C interface as a runtime: opening models."""

import importlib
from pathlib import Path
from typing import cast

from edgeprof_agent.runtimes.llama.llamacpp import LlamaModel
from edgeprof_agent.runtimes.llama.llamacpp_api import LlamaApi
from edgeprof_agent.runtimes.llama.llamacpp_library import LlamaLibrary
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure
from edgeprof_agent.worker_protocol.document import WorkerJob


class LowLevel(LlamaLibrary):
    """A runtime that opens models through the C interface."""

    def open(self, job: WorkerJob) -> LlamaModel:
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
