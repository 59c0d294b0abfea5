"""Which machines a runtime's prebuilt package is for: architecture, Python, instruction set.

Of the packages' own metadata and file names on the index, November 2026. A later release may differ.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Wheel(NamedTuple):
    """`newest` None: no upper bound. `needs`: instruction sets by architecture that the build was made with."""

    package: str
    machines: frozenset[str]
    oldest: tuple[int, int] = (3, 10)
    newest: tuple[int, int] | None = None
    needs: Mapping[str, frozenset[str]] = MappingProxyType({})


_64 = frozenset(("x86_64", "aarch64"))
WHEELS: dict[str, Wheel] = {
    "onnxruntime": Wheel("onnxruntime", _64),
    "litert": Wheel("ai-edge-litert", _64, (3, 11)),
    "tflite-runtime": Wheel("tflite-runtime", _64 | {"armv7l"}, (3, 10), (3, 11)),
    "llama-capi": Wheel("xllamacpp", _64, needs={"x86_64": frozenset(("avx2", "f16c"))}),
    "xllamacpp": Wheel("xllamacpp", _64, needs={"x86_64": frozenset(("avx2", "f16c"))}),
}
"""Runtimes that are built from source on the device have no line."""
