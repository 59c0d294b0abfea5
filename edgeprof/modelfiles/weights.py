"""How a model's weights are stored: what part of them in 8 bits or fewer, by the file's own types."""

from collections.abc import Callable, Iterator
from math import prod
from pathlib import Path

from edgeprof.modelfiles import ort_file, parse
from edgeprof.modelfiles.flatbuffer import slot_of
from edgeprof.modelfiles.parse import elements, ints, messages, numbers, table
from edgeprof.modelfiles.window import FileWindow
from edgeprof.wire.formats import ModelFormat, is_language

# onnx.proto: TensorProto's fields and the DataType values UINT8, INT8, UINT4, INT4.
_TENSOR_DIMS, _TENSOR_TYPE = 1, 2
_ONNX_SMALL = frozenset((2, 3, 21, 22))

# tensorflow/lite/schema.fbs: fields, and the TensorType values UINT8, INT8, INT4.
_MODEL_BUFFERS, _BUFFER_DATA, _BUFFER_OFFSET = 4, 0, 1
_TFLITE_SHAPE, _TFLITE_TYPE, _TFLITE_BUFFER = 0, 1, 2
_TFLITE_SMALL = frozenset((3, 9, 17))


def small_weights_share(path: Path, model_format: ModelFormat) -> float | None:
    """Of all stored values, those in integers of at most 8 bits. None for language models and without weights."""
    if is_language(model_format):
        return None
    with parse.open_window(path) as window:
        counted = list(_COUNTED[model_format](window))
    total = sum(count for count, _ in counted)
    return sum(count for count, is_small in counted if is_small) / total if total else None


def _onnx(window: FileWindow) -> Iterator[tuple[int, bool]]:
    """(values, whether they are small) of each initializer."""
    for graph in messages(window, (0, window.size), parse.ONNX_GRAPH):
        for tensor in messages(window, graph, parse.ONNX_INITIALIZER):
            kind = next(numbers(window, tensor, _TENSOR_TYPE), 0)
            yield prod(numbers(window, tensor, _TENSOR_DIMS)), kind in _ONNX_SMALL


def _tflite(window: FileWindow) -> Iterator[tuple[int, bool]]:
    buffers = elements(window, window.u32(0), _MODEL_BUFFERS)
    for graph in elements(window, window.u32(0), parse.TFLITE_SUBGRAPHS):
        for at in elements(window, table(window, graph), parse.TFLITE_TENSORS):
            tensor = table(window, at)
            slot = slot_of(window, tensor, _TFLITE_BUFFER)
            number = window.u32(slot) if slot else 0
            if 0 < number < len(buffers) and _has_data(window, table(window, buffers[number])):
                kind = slot_of(window, tensor, _TFLITE_TYPE)
                small = bool(kind) and window.read(kind, 1)[0] in _TFLITE_SMALL
                yield prod(ints(window, tensor, _TFLITE_SHAPE)), small


def _ort(window: FileWindow) -> Iterator[tuple[int, bool]]:
    return ((prod(sizes), kind in _ONNX_SMALL) for sizes, kind in ort_file.weights(window))


_COUNTED: dict[ModelFormat, Callable[[FileWindow], Iterator[tuple[int, bool]]]] = {
    "onnx": _onnx,
    "tflite": _tflite,
    "ort": _ort,
}


def _has_data(window: FileWindow, buffer: int) -> bool:
    """Inside the flatbuffer, or behind it."""
    slot = slot_of(window, buffer, _BUFFER_DATA)
    return bool(slot and window.u32(table(window, slot))) or bool(slot_of(window, buffer, _BUFFER_OFFSET))
