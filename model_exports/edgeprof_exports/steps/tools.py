"""The heavy tools of the build, loaded by name: they ship no types, and a missing one must be one clear sentence."""

import importlib
import sys
from importlib.metadata import version
from types import ModuleType

from edgeprof.errors import MissingPartError

PYTHON = (3, 11)
"""The one Python that the pinned converters have wheels for."""

RECORDED = ("torch", "onnx", "onnxscript", "onnxruntime", "litert-torch", "ai-edge-quantizer", "scikit-learn", "numpy")
"""Distributions whose version may change the bytes."""

_INSTALL = "Make an environment: python3.11 -m venv exports && exports/bin/pip install 'edgeprof[exports]'"


def check_python() -> None:
    """Raises MissingPartError on a Python for which the converters do not exist."""
    if sys.version_info[:2] != PYTHON:
        here = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise MissingPartError(
            "wrong_python", f"Building models needs Python {PYTHON[0]}.{PYTHON[1]}; this is {here}. {_INSTALL}"
        )


def tool(module: str) -> ModuleType:
    """The tool's module. Raises MissingPartError with the install line."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingPartError("extra_missing", f"Building models needs {error.name}. {_INSTALL}") from error


def versions() -> dict[str, str]:
    """The version of every tool that has a hand in the bytes, and the vector unit that summed the training."""
    vector_unit = tool("torch").backends.cpu.get_cpu_capability()
    return {name: version(name) for name in RECORDED} | {"vector unit": vector_unit}
