"""Which way into llama.cpp a run takes: the C interface of the prebuilt library where it is proven, else its server."""

from typing import NamedTuple

from edgeprof.wire.messages import RunConfig
from edgeprof_agent.runtimes import registry
from edgeprof_agent.runtimes.llama.verdicts import layout_of

DIRECT, SERVER = "llama-capi", "xllamacpp"


class RuntimePath(NamedTuple):
    """The runtime that the worker runs. `notes`: why it is another one than requested."""

    runtime: str
    notes: tuple[str, ...] = ()
    eval_callback: bool = True
    """Whether the worker may set llama.cpp's evaluation callback."""


def path_of(config: RunConfig) -> RuntimePath:
    """Every other runtime is run as requested. The first call for a library proves it: some 0.1 to 2 s."""
    if config.runtime != DIRECT:
        return RuntimePath(config.runtime)
    layout = layout_of(registry.worker_python(DIRECT))
    if layout.proven:
        return RuntimePath(DIRECT, eval_callback=layout.eval_callback)
    reason = f"{DIRECT} was requested, the server path ({SERVER}) ran: {layout.reason}"
    return RuntimePath(SERVER, (reason,))
