"""The runtimes that we have an adapter for: which class, which formats, which package, how to install it."""

import sys
from typing import NamedTuple

_HERE = "edgeprof_agent.runtimes"


class RuntimeVariant(NamedTuple):
    """One runtime: its adapter, which only the worker imports, its distribution and its import name."""

    target: str
    formats: tuple[str, ...]
    package: str
    module: str
    extra: str
    pythons: tuple[tuple[int, int], tuple[int, int]] = ((3, 10), (3, 99))
    """The oldest and the newest Python that its package has wheels for."""

    submodule: str = ""
    """What of the module is used, where importing the module alone brings nothing."""

    needs_endpoint: bool = False
    """Whether it runs models elsewhere, at an OpenAI-compatible endpoint that must be named. Such a one is part of
    edgeprof itself."""

    cpu_only: bool = False
    """Whether it computes on the CPU here whatever is asked, so that nothing can fall back to the CPU."""

    @property
    def imported(self) -> str:
        """What a program imports to use this runtime."""
        return f"{self.module}.{self.submodule}" if self.submodule else self.module

    @property
    def fits_this_python(self) -> bool:
        """Whether its package can be installed here at all."""
        oldest, newest = self.pythons
        return oldest <= sys.version_info[:2] <= newest

    @property
    def install(self) -> str:
        """The line that a user is told."""
        return f"pip install 'edgeprof[{self.extra}]'"


VARIANTS: dict[str, RuntimeVariant] = {
    # in order of preference within a format
    "onnxruntime": RuntimeVariant(
        f"{_HERE}.onnx.adapter:OnnxRuntime", ("onnx", "ort"), "onnxruntime", "onnxruntime", "onnx"
    ),
    "litert": RuntimeVariant(
        f"{_HERE}.litert.adapter:LiteRt",
        ("tflite",),
        "ai-edge-litert",
        "ai_edge_litert",
        "litert",
        ((3, 11), (3, 99)),
        "interpreter",
    ),
    "tflite-runtime": RuntimeVariant(
        f"{_HERE}.litert.adapter:TfliteRuntime",
        ("tflite",),
        "tflite-runtime",
        "tflite_runtime",
        "tflite",
        ((3, 10), (3, 11)),
        "interpreter",
    ),
    "llama-capi": RuntimeVariant(
        f"{_HERE}.llama.llamacapi:LlamaCapi", ("gguf",), "xllamacpp", "xllamacpp", "llama-wheel", cpu_only=True
    ),
    "llama-cpp-python": RuntimeVariant(
        f"{_HERE}.llama.llamacpp_runtime:LlamaCpp", ("gguf",), "llama-cpp-python", "llama_cpp", "llama", cpu_only=True
    ),
    "xllamacpp": RuntimeVariant(
        f"{_HERE}.llama.xllamacpp:XllamaCpp", ("gguf",), "xllamacpp", "xllamacpp", "llama-wheel", cpu_only=True
    ),
    "openai-api": RuntimeVariant(
        f"{_HERE}.openai.adapter:OpenAiApi",
        ("served",),
        "edgeprof",
        "http",
        "",
        needs_endpoint=True,
        submodule="client",
    ),
}
