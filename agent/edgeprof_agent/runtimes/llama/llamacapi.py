"""llama.cpp by the C interface of the prebuilt library: no compiler is needed, and no server stands in between.

A release may lay the parameters out differently. Whoever starts the worker has proven the layout before (verdicts.py).
"""

from typing import cast

from edgeprof_agent.runtimes.llama.capi_library import PACKAGE, CapiLibrary, library_path
from edgeprof_agent.runtimes.llama.llamacpp_api import LlamaApi
from edgeprof_agent.runtimes.llama.llamacpp_runtime import LowLevel


class LlamaCapi(LowLevel):
    """The shared library of the package `xllamacpp`."""

    def __init__(self) -> None:
        path = library_path()
        if path is None:
            raise ImportError("the package xllamacpp has no library of its own")
        super().__init__("llama-capi", PACKAGE, cast(LlamaApi, CapiLibrary(path)), path)
