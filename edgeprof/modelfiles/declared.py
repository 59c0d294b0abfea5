"""The inputs that a model file declares, read from its structure alone: no runtime, no format library."""

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edgeprof.modelfiles import onnx_file
from edgeprof.modelfiles.tflite_file import slot_of
from edgeprof.modelfiles.window import BUFFER_BYTES, PastEnd, Window
from edgeprof.wire.messages import ModelFormat

_BYTES = 2
_MOST_INTS = 1000
"""More than any model has inputs, or an input has sizes."""

# Field numbers of onnx.proto.
_MODEL_GRAPH, _GRAPH_INITIALIZER, _GRAPH_INPUT = 7, 5, 11
_TENSOR_NAME = 8
_VALUE_NAME, _VALUE_TYPE, _TYPE_TENSOR, _TENSOR_SHAPE, _SHAPE_DIM = 1, 2, 1, 2, 1
_DIM_VALUE, _DIM_PARAM = 1, 2

# Field numbers of tensorflow/lite/schema.fbs.
_MODEL_SUBGRAPHS, _SUBGRAPH_TENSORS, _SUBGRAPH_INPUTS = 2, 0, 1
_TFLITE_SHAPE, _TFLITE_NAME, _TFLITE_SIGNATURE = 0, 3, 7


@dataclass(frozen=True)
class DeclaredInput:
    """One input. A size is a number, a symbol's name (ONNX), or None: open and without a name."""

    name: str
    sizes: tuple[int | str | None, ...]


def declared_inputs(path: Path, model_format: ModelFormat) -> tuple[DeclaredInput, ...]:
    """The inputs of a file that `inspect` has found whole, in its order. Empty for GGUF, whose inputs are tokens."""
    with _window(path) as window:
        try:
            if model_format == "onnx":
                return tuple(_onnx(window))
            return tuple(_tflite(window)) if model_format == "tflite" else ()
        except PastEnd:
            raise window.truncated(model_format) from None


@contextmanager
def _window(path: Path) -> Generator[Window]:
    with path.open("rb") as file:
        yield Window(file, os.fstat(file.fileno()).st_size, path.name)


def _onnx(window: Window) -> Iterator[DeclaredInput]:
    """Inputs of the graph that are no weights: before IR version 4 the weights were listed among the inputs."""
    found: list[DeclaredInput] = []
    weights: set[str] = set()
    for graph in _messages(window, (0, window.size), _MODEL_GRAPH):
        weights |= {_text(window, span, _TENSOR_NAME) for span in _messages(window, graph, _GRAPH_INITIALIZER)}
        found += [_onnx_input(window, span) for span in _messages(window, graph, _GRAPH_INPUT)]
    return (each for each in found if each.name not in weights)


def _onnx_input(window: Window, span: tuple[int, int]) -> DeclaredInput:
    sizes: list[int | str | None] = []
    for kind in _messages(window, span, _VALUE_TYPE):
        for tensor in _messages(window, kind, _TYPE_TENSOR):
            for shape in _messages(window, tensor, _TENSOR_SHAPE):
                sizes += [_onnx_size(window, dim) for dim in _messages(window, shape, _SHAPE_DIM)]
    return DeclaredInput(_text(window, span, _VALUE_NAME), tuple(sizes))


def _onnx_size(window: Window, span: tuple[int, int]) -> int | str | None:
    at, end = span
    size: int | str | None = None
    while at < end:
        number, _, value, body, at = onnx_file.read_field(window, at, end)
        if number == _DIM_VALUE:
            size = value if 0 < value < 1 << 63 else None  # converters write 0 or -1 where they mean "open"
        elif number == _DIM_PARAM:
            size = _decoded(window, body, at) or None
    return size


def _messages(window: Window, span: tuple[int, int], wanted: int) -> Iterator[tuple[int, int]]:
    at, end = span
    while at < end:
        number, kind, _, body, at = onnx_file.read_field(window, at, end)
        if number == wanted and kind == _BYTES:
            yield body, at


def _text(window: Window, span: tuple[int, int], wanted: int) -> str:
    return next((_decoded(window, *found) for found in _messages(window, span, wanted)), "")


def _decoded(window: Window, start: int, end: int) -> str:
    return window.read(start, min(end - start, BUFFER_BYTES)).decode(errors="replace")


def _tflite(window: Window) -> Iterator[DeclaredInput]:
    """Inputs of the first graph, which is the one that an interpreter runs."""
    graphs = _elements(window, window.u32(0), _MODEL_SUBGRAPHS)
    if graphs:
        graph = _table(window, graphs[0])
        tensors = _elements(window, graph, _SUBGRAPH_TENSORS)
        for index in _ints(window, graph, _SUBGRAPH_INPUTS):
            if 0 <= index < len(tensors):
                yield _tflite_input(window, _table(window, tensors[index]))


def _tflite_input(window: Window, tensor: int) -> DeclaredInput:
    sizes = _ints(window, tensor, _TFLITE_SIGNATURE) or _ints(window, tensor, _TFLITE_SHAPE)
    name = ""
    if slot := slot_of(window, tensor, _TFLITE_NAME):
        at = _table(window, slot)
        name = _decoded(window, at + 4, at + 4 + window.u32(at))
    return DeclaredInput(name, tuple(size if size >= 0 else None for size in sizes))


def _table(window: Window, at: int) -> int:
    """What the offset at `at` points to."""
    return at + window.u32(at)


def _ints(window: Window, table: int, number: int) -> list[int]:
    return [window.i32(at) for at in _elements(window, table, number)[:_MOST_INTS]]


def _elements(window: Window, table: int, number: int) -> range:
    """Where the four-byte elements of a vector lie."""
    slot = slot_of(window, table, number)
    if not slot:
        return range(0)
    at = _table(window, slot)
    return range(at + 4, at + 4 + 4 * window.u32(at), 4)
