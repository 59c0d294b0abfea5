"""The runtimes that we have an adapter for: which class, which formats, which package, how to install it."""

from typing import NamedTuple

_HERE = "edgeprof_agent.runtimes"


class Variant(NamedTuple):
    """One runtime: its adapter, which only the worker imports, its distribution and its import name."""

    target: str
    formats: tuple[str, ...]
    package: str
    module: str
    extra: str

    @property
    def install(self) -> str:
        """The line that a user is told."""
        return f"pip install 'edgeprof[{self.extra}]'"


VARIANTS: dict[str, Variant] = {
    # in order of preference within a format
    "onnxruntime": Variant(f"{_HERE}.onnx:OnnxRuntime", ("onnx",), "onnxruntime", "onnxruntime", "onnx"),
    "litert": Variant(f"{_HERE}.litert:LiteRt", ("tflite",), "ai-edge-litert", "ai_edge_litert", "litert"),
    "tflite-runtime": Variant(
        f"{_HERE}.litert:TfliteRuntime", ("tflite",), "tflite-runtime", "tflite_runtime", "tflite"
    ),
    "llama-cpp-python": Variant(f"{_HERE}.llamacpp:LlamaCpp", ("gguf",), "llama-cpp-python", "llama_cpp", "llama"),
    "xllamacpp": Variant(f"{_HERE}.xllamacpp:XllamaCpp", ("gguf",), "xllamacpp", "xllamacpp", "llama-wheel"),
}
