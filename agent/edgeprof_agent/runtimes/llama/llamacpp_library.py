"""llama.cpp's library in this process, with its log, whichever package brings it."""

import ctypes
import sys
from pathlib import Path

from edgeprof_agent.runtimes.llama.llamacpp_api import LlamaApi, LogCallback
from edgeprof_agent.runtimes.llama.llamacpp_log import Log

_HEARD: list[LogCallback] = []
"""Kept for ever: a collected callback is a SIGSEGV."""


class LlamaLibrary:
    """The C interface with its log attached. `library`: the file that has ggml's functions."""

    def __init__(self, variant: str, package: str, api: LlamaApi, library: Path) -> None:
        self.variant = variant
        self.package = package
        self.api = api
        self.library = library
        self.log = Log(sys.stderr)
        _HEARD.append(api.llama_log_callback(self.log.hear))
        api.llama_log_set(_HEARD[-1], ctypes.c_void_p(0))
        api.llama_backend_init()
