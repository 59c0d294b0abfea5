"""The runtimes that we have an adapter for: which class, which formats, which package, how to install it."""

from typing import NamedTuple


class Variant(NamedTuple):
    """One runtime. `target` is imported in the worker only; `install` is the line that a user is told."""

    target: str
    formats: tuple[str, ...]
    package: str
    install: str


VARIANTS: dict[str, Variant] = {
    # in order of preference within a format
    "onnxruntime": Variant(
        "edgeprof_agent.runtimes.onnx:OnnxRuntime", ("onnx",), "onnxruntime", "pip install 'edgeprof[onnx]'"
    ),
    "litert": Variant(
        "edgeprof_agent.runtimes.litert:LiteRt", ("tflite",), "ai-edge-litert", "pip install 'edgeprof[litert]'"
    ),
    "tflite-runtime": Variant(
        "edgeprof_agent.runtimes.litert:TfliteRuntime", ("tflite",), "tflite-runtime", "pip install 'edgeprof[tflite]'"
    ),
    "llama-cpp-python": Variant(
        "edgeprof_agent.runtimes.llamacpp:LlamaCpp", ("gguf",), "llama-cpp-python", "pip install 'edgeprof[llama]'"
    ),
    "xllamacpp": Variant(
        "edgeprof_agent.runtimes.xllamacpp:XllamaCpp", ("gguf",), "xllamacpp", "pip install 'edgeprof[llama-wheel]'"
    ),
}
