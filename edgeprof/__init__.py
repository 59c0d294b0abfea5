"""edgeprof: which quantized model should I ship on which edge device, and is it cheaper than the cloud?"""

from typing import TYPE_CHECKING

from edgeprof.version import __version__

if TYPE_CHECKING:
    from edgeprof.client.hub_api import Hub as Hub
    from edgeprof.profiler.model_profiler import ModelProfiler as ModelProfiler
    from edgeprof.profiler.models import TorchModel as TorchModel

__all__ = ["Hub", "ModelProfiler", "TorchModel", "__version__"]


def __getattr__(name: str) -> object:
    """These are loaded when they are first used: the agent imports this package and has no use for them."""
    if name == "Hub":
        from edgeprof.client.hub_api import Hub

        return Hub
    if name == "ModelProfiler":
        from edgeprof.profiler.model_profiler import ModelProfiler

        return ModelProfiler
    if name == "TorchModel":
        from edgeprof.profiler.models import TorchModel

        return TorchModel
    raise AttributeError(f"module 'edgeprof' has no attribute {name!r}")
