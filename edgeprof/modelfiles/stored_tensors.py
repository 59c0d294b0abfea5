"""Every tensor that an ONNX, ORT or TFLite file stores: its sizes, and the type of its values by one set of names."""

from collections.abc import Callable, Iterator
from math import prod
from typing import NamedTuple

from edgeprof.modelfiles import onnx_nodes, ort_file, parse
from edgeprof.modelfiles.flatbuffer import slot_of
from edgeprof.modelfiles.parse import elements, ints, numbers, table, text
from edgeprof.modelfiles.window import FileWindow
from edgeprof.wire.formats import ModelFormat

# onnx.proto: TensorProto's fields, and the DataType values that weights have.
_TENSOR_DIMS, _TENSOR_TYPE, _TENSOR_NAME = 1, 2, 8
_ONNX_NAMES = {
    **{1: "fp32", 2: "int8", 3: "int8", 4: "int16", 5: "int16", 10: "fp16", 11: "fp64", 16: "bf16"},
    **{17: "fp8", 18: "fp8", 19: "fp8", 20: "fp8", 21: "int4", 22: "int4", 23: "fp4", 25: "int2", 26: "int2"},
}

# tensorflow/lite/schema.fbs: fields, and the TensorType values that weights have.
_MODEL_BUFFERS, _BUFFER_DATA, _BUFFER_OFFSET = 4, 0, 1
_TFLITE_SHAPE, _TFLITE_TYPE, _TFLITE_BUFFER = 0, 1, 2
_TFLITE_NAMES = {
    **{0: "fp32", 1: "fp16", 3: "int8", 7: "int16", 9: "int8", 10: "fp64"},
    **{17: "int4", 18: "bf16", 19: "int2", 20: "int4"},
}


class StoredTensor(NamedTuple):
    """`type`: `int8`, signed or not, `fp32` ...; empty for a type that weights do not have, such as int64."""

    sizes: tuple[int, ...]
    type: str

    @property
    def values(self) -> int:
        """How many values it holds.

        >>> StoredTensor((3, 4), "int8").values
        12
        """
        return prod(self.sizes)


def stored_tensors(window: FileWindow, model_format: ModelFormat) -> Iterator[StoredTensor]:
    """Of a file that `inspect` has found whole; nothing of a format that stores its weights in another way."""
    reader = _READERS.get(model_format)
    return iter(()) if reader is None else reader(window)


def _onnx(window: FileWindow) -> Iterator[StoredTensor]:
    """Packed weights count as what their node unpacks them to: the file stores them as plain bytes."""
    packed: set[str] = set()
    for node in onnx_nodes.packed_products(window):
        packed.add(node.weight)
        yield StoredTensor((node.rows, node.columns), f"int{node.bits}")
    for tensor in onnx_nodes.tensors(window):
        if not packed or text(window, tensor, _TENSOR_NAME) not in packed:
            kind = next(numbers(window, tensor, _TENSOR_TYPE), 0)
            yield StoredTensor(tuple(numbers(window, tensor, _TENSOR_DIMS)), _ONNX_NAMES.get(kind, ""))


def _ort(window: FileWindow) -> Iterator[StoredTensor]:
    return (StoredTensor(tuple(sizes), _ONNX_NAMES.get(kind, "")) for sizes, kind in ort_file.tensors(window))


def _tflite(window: FileWindow) -> Iterator[StoredTensor]:
    buffers = elements(window, window.u32(0), _MODEL_BUFFERS)
    for graph in elements(window, window.u32(0), parse.TFLITE_SUBGRAPHS):
        for at in elements(window, table(window, graph), parse.TFLITE_TENSORS):
            tensor = table(window, at)
            slot = slot_of(window, tensor, _TFLITE_BUFFER)
            number = window.u32(slot) if slot else 0
            if 0 < number < len(buffers) and _has_data(window, table(window, buffers[number])):
                kind = slot_of(window, tensor, _TFLITE_TYPE)
                name = _TFLITE_NAMES.get(window.read(kind, 1)[0] if kind else 0, "")
                yield StoredTensor(tuple(ints(window, tensor, _TFLITE_SHAPE)), name)


def _has_data(window: FileWindow, buffer: int) -> bool:
    """Inside the flatbuffer, or behind it."""
    slot = slot_of(window, buffer, _BUFFER_DATA)
    return bool(slot and window.u32(table(window, slot))) or bool(slot_of(window, buffer, _BUFFER_OFFSET))


_READERS: dict[ModelFormat, Callable[[FileWindow], Iterator[StoredTensor]]] = {
    "onnx": _onnx,
    "tflite": _tflite,
    "ort": _ort,
}
