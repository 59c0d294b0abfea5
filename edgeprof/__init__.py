"""edgeprof: which quantized model should I ship on which edge device, and is it cheaper than the cloud?"""

from typing import TYPE_CHECKING

from edgeprof.version import __version__

if TYPE_CHECKING:
    from edgeprof.client.hub_api import Hub as Hub

__all__ = ["Hub", "__version__"]


def __getattr__(name: str) -> object:
    """`edgeprof.Hub` is loaded when it is first used: the agent imports this package and has no use for it."""
    if name == "Hub":
        from edgeprof.client.hub_api import Hub

        return Hub
    raise AttributeError(f"module 'edgeprof' has no attribute {name!r}")
