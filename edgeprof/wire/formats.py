"""The formats of model files, and which of them are language models."""

from typing import Literal, get_args

ModelFormat = Literal["onnx", "tflite", "gguf", "served"]
"""`served`: a small document that names a model which an OpenAI-compatible endpoint serves."""

FORMATS: tuple[ModelFormat, ...] = get_args(ModelFormat)
TITLES: dict[ModelFormat, str] = {"onnx": "ONNX", "tflite": "TFLite", "gguf": "GGUF", "served": "served model"}
FIRST_RUNTIME: dict[ModelFormat, str] = {
    "onnx": "onnxruntime",
    "tflite": "litert",
    "gguf": "llama-capi",
    "served": "openai-api",
}
"""Of each format, the first one in the agent's table: what a job names for a device that has not told its runtimes."""


def is_language(model_format: str) -> bool:
    """Whether such a model reads a prompt and writes tokens; the others answer at once."""
    return model_format in ("gguf", "served")
