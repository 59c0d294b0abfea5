"""What runtimes say when they refuse a model, and what it means: their wording, since none of them has error codes.

Each row was read in the version that it names; `tests/agent/test_refusals.py` makes the runtime say it. A sentence that
no row knows keeps the code of its stage, `load_error` or `inference_error`, with the runtime's own words.
"""

from collections.abc import Iterator
from typing import NamedTuple

from edgeprof.wire.failures import FailureCode


class Refusal(NamedTuple):
    """A part of a runtime's sentence or log, and what it stands for. `advice` is put before the runtime's words."""

    said: str
    code: FailureCode
    advice: str
    seen_in: tuple[str, ...]


_ORT = ("onnxruntime 1.32.0",)
_TFLITE = ("ai-edge-litert 2.3.0", "tflite-runtime 2.14.0")
_LLAMA = ("xllamacpp 2026.10.11549",)
_NO_OPERATOR = "This runtime does not have an operator of the model."
_NO_KERNEL = "This runtime has no kernel for this operator with these types. Convert them, or use another provider."
_NEWER_ORT = "The model is newer than this onnxruntime. Update onnxruntime, or export the model with an older opset."
_NEWER_TFLITE = "The model is newer than this runtime. Update ai-edge-litert, or convert the model again."

REFUSALS = (
    Refusal("is not a registered function/op", "operator_unsupported", _NO_OPERATOR, _ORT),
    Refusal("No Op registered for", "operator_unsupported", f"{_NO_OPERATOR} Or its opset does not.", _ORT),
    Refusal("Could not find an implementation for", "operator_unsupported", _NO_KERNEL, _ORT),
    Refusal("Failed to find kernel for", "operator_unsupported", _NO_KERNEL, _ORT),
    Refusal("is not currently registered or supported", "operator_unsupported", _NO_KERNEL, _ORT),
    Refusal("released onnx opset versions", "load_error", _NEWER_ORT, _ORT),
    Refusal("Unsupported model IR version", "load_error", _NEWER_ORT, _ORT),
    Refusal(
        "Select TensorFlow op(s)",
        "operator_unsupported",
        "The model needs operators of full TensorFlow (Flex). Convert it with TFLITE_BUILTINS alone.",
        _TFLITE,
    ),
    Refusal("Encountered unresolved custom op", "operator_unsupported", _NO_OPERATOR, _TFLITE),
    Refusal("Encountered unresolved op", "operator_unsupported", _NO_OPERATOR, _TFLITE),
    Refusal("Op builtin_code out of range", "operator_unsupported", _NEWER_TFLITE, _TFLITE),
    Refusal("Didn't find op for builtin opcode", "operator_unsupported", _NEWER_TFLITE, _TFLITE),
    Refusal("is unsupported by op", "operator_unsupported", _NO_KERNEL, _TFLITE),
    Refusal("are supported currently, got", "operator_unsupported", _NO_KERNEL, _TFLITE),
    Refusal(
        "unknown model architecture",
        "load_error",
        "This llama.cpp does not know the model's architecture. Update xllamacpp or llama-cpp-python.",
        _LLAMA,
    ),
)
REFINED: tuple[FailureCode, ...] = ("load_error", "inference_error")
"""Codes that only say in which stage a runtime refused."""


def refined(code: FailureCode, message: str, log: str) -> tuple[FailureCode, str]:
    """The code and the sentence of a failure, by what the runtime said in its error or, if not there, in its log.

    Example: `refined("load_error", "Fatal error: my.ops:Foo(-1) is not a registered function/op", "")` is
    `operator_unsupported` and the same message after the sentence that this runtime lacks an operator.
    """
    if code not in REFINED:
        return code, message
    for refusal, line in _matches(message, log):
        told = message if line in message else f"{message.rstrip('.')}: {line}"
        return refusal.code, f"{refusal.advice} {told}"
    return code, message


def _matches(message: str, log: str) -> Iterator[tuple[Refusal, str]]:
    for text in (message, log):
        for refusal in REFUSALS:
            for line in text.splitlines():
                if refusal.said in line:
                    yield refusal, line.strip()
