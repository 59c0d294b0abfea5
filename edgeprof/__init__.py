"""edgeprof: which quantized model should I ship on which edge device, and is it cheaper than the cloud?"""

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeprof.client.hub_api import Hub as Hub

try:
    __version__ = version("edgeprof")
except PackageNotFoundError:  # run from a source tree that nobody installed
    __version__ = "0+uninstalled"

__all__ = ["Hub", "__version__"]


def __getattr__(name: str) -> object:
    """`edgeprof.Hub` is loaded when it is first used: the agent imports this package and has no use for it."""
    if name == "Hub":
        from edgeprof.client.hub_api import Hub

        return Hub
    raise AttributeError(f"module 'edgeprof' has no attribute {name!r}")
