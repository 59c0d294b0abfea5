"""edgeprof: which quantized model should I ship on which edge device, and is it cheaper than the cloud?"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("edgeprof")
except PackageNotFoundError:  # run from a source tree that nobody installed
    __version__ = "0+uninstalled"
