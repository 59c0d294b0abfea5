"""How many values a model stores in which type, by the file's own tables: what its quantization is read from."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path

from edgeprof.modelfiles import ort_file, parse
from edgeprof.modelfiles.flatbuffer import slot_of
from edgeprof.modelfiles.parse import Span, elements, ints, messages, numbers, table, text
from edgeprof.modelfiles.window import FileWindow
from edgeprof.wire.formats import ModelFormat

# onnx.proto: fields, and the values of TensorProto.DataType.
_NODE, _NODE_INPUT, _NODE_OPERATOR, _NODE_ATTRIBUTE = 1, 1, 4, 5
_ATTRIBUTE_NAME, _ATTRIBUTE_INT, _ATTRIBUTE_TENSOR = 1, 3, 5
_TENSOR_DIMS, _TENSOR_TYPE, _TENSOR_NAME = 1, 2, 8
_ONNX_NAMES = {
    **{1: "fp32", 2: "int8", 3: "int8", 4: "int16", 5: "int16", 10: "fp16", 11: "fp64", 16: "bf16"},
    **{17: "fp8", 18: "fp8", 19: "fp8", 20: "fp8", 21: "int4", 22: "int4", 23: "fp4", 25: "int2", 26: "int2"},
}
_PACKED = "MatMulNBits"
"""Holds its weights packed in bytes; its attributes K, N and bits say how many there are."""

# tensorflow/lite/schema.fbs: fields, and the values of TensorType.
_MODEL_BUFFERS, _BUFFER_DATA, _BUFFER_OFFSET = 4, 0, 1
_TFLITE_SHAPE, _TFLITE_TYPE, _TFLITE_BUFFER = 0, 1, 2
_TFLITE_NAMES = {0: "fp32", 1: "fp16", 3: "int8", 7: "int16", 9: "int8", 10: "fp64", 17: "int4", 18: "bf16"}

_MIN_DIMENSIONS = 2
"""Below it lie biases, scales and sizes, which stay in wide types whatever the weights are."""


@dataclass(frozen=True)
class StoredWeights:
    """Values of all stored tensors; and by type (`int8`, `fp32` ...) those of tensors that may be quantized."""

    values: int
    large: Counter[str]


def weight_types(path: Path, model_format: ModelFormat) -> StoredWeights:
    """The weights of an ONNX, ORT or TFLite file that `inspect` has found whole; of other formats nothing."""
    reader = _READERS.get(model_format)
    if reader is None:
        return StoredWeights(0, Counter())
    with parse.open_window(path) as window:
        found = list(reader(window))
    large = [each for each in found if each[2] >= _MIN_DIMENSIONS] or found
    counted: Counter[str] = Counter()
    for kind, count, _ in large:
        counted[kind] += count
    return StoredWeights(sum(count for _, count, _ in found), counted)


_Found = Iterator[tuple[str, int, int]]
"""Type, values, dimensions of each stored tensor of a type that weights have."""


def _onnx(window: FileWindow) -> _Found:
    for graph in messages(window, (0, window.size), parse.ONNX_GRAPH):
        packed: set[str] = set()
        for node in messages(window, graph, _NODE):
            operator = text(window, node, _NODE_OPERATOR)
            if operator == _PACKED:
                inputs = [parse.decoded(window, *span) for span in messages(window, node, _NODE_INPUT)]
                packed.update(inputs[1:2])
                yield from _packed_weight(window, node)
            elif operator == "Constant":
                for attribute in messages(window, node, _NODE_ATTRIBUTE):
                    for tensor in messages(window, attribute, _ATTRIBUTE_TENSOR):
                        yield from _onnx_tensor(window, tensor)
        for tensor in messages(window, graph, parse.ONNX_INITIALIZER):
            if text(window, tensor, _TENSOR_NAME) not in packed:
                yield from _onnx_tensor(window, tensor)


def _packed_weight(window: FileWindow, node: Span) -> _Found:
    values = {
        text(window, attribute, _ATTRIBUTE_NAME): next(numbers(window, attribute, _ATTRIBUTE_INT), 0)
        for attribute in messages(window, node, _NODE_ATTRIBUTE)
    }
    yield f"int{values.get('bits', 4)}", values.get("K", 0) * values.get("N", 0), _MIN_DIMENSIONS


def _onnx_tensor(window: FileWindow, tensor: Span) -> _Found:
    name = _ONNX_NAMES.get(next(numbers(window, tensor, _TENSOR_TYPE), 0))
    if name is not None:
        sizes = list(numbers(window, tensor, _TENSOR_DIMS))
        yield name, prod(sizes), len(sizes)


def _ort(window: FileWindow) -> _Found:
    for sizes, kind in ort_file.tensors(window):
        if kind in _ONNX_NAMES:
            yield _ONNX_NAMES[kind], prod(sizes), len(sizes)


def _tflite(window: FileWindow) -> _Found:
    buffers = elements(window, window.u32(0), _MODEL_BUFFERS)
    for graph in elements(window, window.u32(0), parse.TFLITE_SUBGRAPHS):
        for at in elements(window, table(window, graph), parse.TFLITE_TENSORS):
            tensor = table(window, at)
            slot = slot_of(window, tensor, _TFLITE_BUFFER)
            number = window.u32(slot) if slot else 0
            kind = slot_of(window, tensor, _TFLITE_TYPE)
            name = _TFLITE_NAMES.get(window.read(kind, 1)[0] if kind else 0)
            if name and 0 < number < len(buffers) and _has_data(window, table(window, buffers[number])):
                sizes = ints(window, tensor, _TFLITE_SHAPE)
                yield name, prod(sizes), len(sizes)


def _has_data(window: FileWindow, buffer: int) -> bool:
    slot = slot_of(window, buffer, _BUFFER_DATA)
    return bool(slot and window.u32(table(window, slot))) or bool(slot_of(window, buffer, _BUFFER_OFFSET))


_READERS: dict[ModelFormat, Callable[[FileWindow], _Found]] = {"onnx": _onnx, "tflite": _tflite, "ort": _ort}
