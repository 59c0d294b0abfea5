"""The part of xllamacpp that we call, typed: its parameters and the answers of its server."""

from collections.abc import Callable
from typing import Protocol, TypedDict


class Timings(TypedDict):
    """The server's own clock; `prompt_n` counts what was evaluated, `cache_n` what lay in memory."""

    cache_n: int
    prompt_n: int
    prompt_ms: float
    predicted_n: int
    predicted_ms: float


class Error(TypedDict):
    """Why a request was refused."""

    message: str


class ServerReply(TypedDict, total=False):
    """One answer, or one part of a stream."""

    timings: Timings
    error: Error


class LlamaServer(Protocol):
    """A running server. `xllamacpp_held` says why it is never used bare."""

    def handle_completions(
        self, request: dict[str, object], callback: Callable[[ServerReply], None] | None = None, /
    ) -> ServerReply | None: ...


class Threads(Protocol):
    """`CpuParams`"""

    n_threads: int


class CommonParamsModel(Protocol):
    """`CommonParamsModel`"""

    path: str


class Params(Protocol):
    """`CommonParams`"""

    model: CommonParamsModel
    cpuparams: Threads
    cpuparams_batch: Threads
    n_ctx: int
    n_batch: int
    n_ubatch: int
    n_parallel: int
    n_gpu_layers: int
    cache_prompt: bool
    cache_ram_mib: int
    warmup: bool


class Api(Protocol):
    """The module `xllamacpp`."""

    def CommonParams(self) -> Params: ...
    def Server(self, params: Params, /) -> LlamaServer: ...
    def get_system_info(self) -> str: ...
