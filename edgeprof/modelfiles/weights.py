"""How a model's weights are stored: what part of them in 8 bits or fewer or in fp16, by the file's own types."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path

from edgeprof.modelfiles import onnx_nodes, ort_file, parse
from edgeprof.modelfiles.flatbuffer import slot_of
from edgeprof.modelfiles.parse import elements, ints, numbers, table
from edgeprof.modelfiles.window import FileWindow
from edgeprof.wire.formats import ModelFormat, is_language

# onnx.proto: TensorProto's fields and the DataType values UINT8, INT8, UINT4, INT4, UINT2, INT2; FLOAT16.
_TENSOR_DIMS, _TENSOR_TYPE = 1, 2
_ONNX_SMALL = frozenset((2, 3, 21, 22, 25, 26))
_ONNX_HALF = 10

# tensorflow/lite/schema.fbs: fields, and the TensorType values UINT8, INT8, INT4, INT2, UINT4; FLOAT16.
_MODEL_BUFFERS, _BUFFER_DATA, _BUFFER_OFFSET = 4, 0, 1
_TFLITE_SHAPE, _TFLITE_TYPE, _TFLITE_BUFFER = 0, 1, 2
_TFLITE_SMALL = frozenset((3, 9, 17, 19, 20))
_TFLITE_HALF = 1

Counted = Iterator[tuple[int, int]]
"""(values, the format's own number of their type) of each stored tensor."""


@dataclass(frozen=True, kw_only=True)
class StoredWeights:
    """Shares of all stored values, 0 to 1; None where the file stores none, and for language models.

    `matmul_nbits`: how many MatMulNBits nodes the file has by their `accuracy_level`; ONNX only.
    """

    small_share: float | None = None
    half_share: float | None = None
    matmul_nbits: dict[int, int]


def stored_weights(path: Path, model_format: ModelFormat) -> StoredWeights:
    """What the file's own types say. Raises ModelFileError where it was cut since it was inspected."""
    if is_language(model_format):
        return StoredWeights(matmul_nbits={})
    counting, small, half = _FORMATS[model_format]
    with parse.open_window(path) as window:
        counted = list(counting(window))
        levels = onnx_nodes.matmul_nbits(window) if model_format == "onnx" else {}
    total = sum(count for count, _ in counted)
    if not total:
        return StoredWeights(matmul_nbits=levels)
    return StoredWeights(
        small_share=sum(count for count, kind in counted if kind in small) / total,
        half_share=sum(count for count, kind in counted if kind == half) / total,
        matmul_nbits=levels,
    )


def small_weights_share(path: Path, model_format: ModelFormat) -> float | None:
    """Of all stored values, those in integers of at most 8 bits. None for language models and without weights."""
    return stored_weights(path, model_format).small_share


def _onnx(window: FileWindow) -> Counted:
    """Each initializer and each Constant node's tensor, those of branches and functions among them."""
    for tensor in onnx_nodes.tensors(window):
        kind = next(numbers(window, tensor, _TENSOR_TYPE), 0)
        yield prod(numbers(window, tensor, _TENSOR_DIMS)), kind


def _tflite(window: FileWindow) -> Counted:
    buffers = elements(window, window.u32(0), _MODEL_BUFFERS)
    for graph in elements(window, window.u32(0), parse.TFLITE_SUBGRAPHS):
        for at in elements(window, table(window, graph), parse.TFLITE_TENSORS):
            tensor = table(window, at)
            slot = slot_of(window, tensor, _TFLITE_BUFFER)
            number = window.u32(slot) if slot else 0
            if 0 < number < len(buffers) and _has_data(window, table(window, buffers[number])):
                kind = slot_of(window, tensor, _TFLITE_TYPE)
                yield prod(ints(window, tensor, _TFLITE_SHAPE)), window.read(kind, 1)[0] if kind else 0


def _has_data(window: FileWindow, buffer: int) -> bool:
    """Inside the flatbuffer, or behind it."""
    slot = slot_of(window, buffer, _BUFFER_DATA)
    return bool(slot and window.u32(table(window, slot))) or bool(slot_of(window, buffer, _BUFFER_OFFSET))


_FORMATS: dict[ModelFormat, tuple[Callable[[FileWindow], Counted], frozenset[int], int]] = {
    "onnx": (_onnx, _ONNX_SMALL, _ONNX_HALF),
    "tflite": (_tflite, _TFLITE_SMALL, _TFLITE_HALF),
    "ort": (ort_file.weights, _ONNX_SMALL, _ONNX_HALF),
}
