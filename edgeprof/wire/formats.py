"""The formats of model files, and which of them are language models."""

from typing import Literal, get_args

ModelFormat = Literal["onnx", "tflite", "gguf", "served", "ort"]
"""`served`: a small document that names a model which an OpenAI-compatible endpoint serves. `ort`: ONNX Runtime's own
format, a graph that was optimized when it was saved."""

INPUTS_SUFFIX = ".inputs.npz"
"""Real inputs of `model.onnx` are the manifest's file `model.inputs.npz`, so that the model's id covers them."""

FORMATS: tuple[ModelFormat, ...] = get_args(ModelFormat)
TITLES: dict[ModelFormat, str] = {
    "onnx": "ONNX",
    "tflite": "TFLite",
    "gguf": "GGUF",
    "served": "served model",
    "ort": "ONNX Runtime",
}
FIRST_RUNTIME: dict[ModelFormat, str] = {
    "onnx": "onnxruntime",
    "tflite": "litert",
    "gguf": "llama-capi",
    "served": "openai-api",
    "ort": "onnxruntime",
}
"""Of each format, the first one in the agent's table: what a job names for a device that has not told its runtimes."""


def is_language(model_format: str) -> bool:
    """Whether such a model reads a prompt and writes tokens; the others answer at once."""
    return model_format in ("gguf", "served")
