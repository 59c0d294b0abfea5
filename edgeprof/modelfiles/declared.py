"""The inputs that a model file declares, read from its structure alone: no runtime, no format library."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edgeprof.modelfiles import onnx_file, ort_file, parse
from edgeprof.modelfiles.parse import Span, elements, ints, messages, table, text
from edgeprof.modelfiles.tflite_signatures import chosen, signatures_in
from edgeprof.modelfiles.window import FileWindow
from edgeprof.wire.input_names import input_labels
from edgeprof.wire.messages import ModelFormat

# Field numbers of onnx.proto.
_GRAPH_INPUT, _GRAPH_OUTPUT, _TENSOR_NAME = 11, 12, 8
_VALUE_NAME, _VALUE_TYPE, _TYPE_TENSOR, _TENSOR_SHAPE, _SHAPE_DIM = 1, 2, 1, 2, 1
_DIM_VALUE, _DIM_PARAM = 1, 2

# Field numbers of tensorflow/lite/schema.fbs.
_SUBGRAPH_INPUTS, _SUBGRAPH_OUTPUTS = 1, 2
_TFLITE_SHAPE, _TFLITE_NAME, _TFLITE_SIGNATURE = 0, 3, 7


@dataclass(frozen=True)
class DeclaredInput:
    """One input. A size is a number, a symbol's name (ONNX), or None: open and without a name."""

    name: str
    sizes: tuple[int | str | None, ...]
    has_rank: bool = True
    """Whether the number of dimensions is declared."""


def declared_inputs(path: Path, model_format: ModelFormat, signature: str = "") -> tuple[DeclaredInput, ...]:
    """The inputs of a file that `inspect` has found whole, in its order. Empty for GGUF, whose inputs are tokens.

    `signature`: of a TFLite model, the key of the one that is meant; empty: its first graph. Raises UsageError
    `bad_signature`.
    """
    with parse.open_window(path) as window:
        if model_format == "onnx":
            return tuple(_onnx(window))
        if model_format == "ort":
            return tuple(DeclaredInput(name, sizes) for name, sizes in ort_file.inputs(window))
        return _tflite(window, signature) if model_format == "tflite" else ()


def declared_outputs(path: Path, model_format: ModelFormat) -> tuple[DeclaredInput, ...]:
    """The outputs of such a file, of a TFLite model those of its first graph. Empty for GGUF."""
    with parse.open_window(path) as window:
        if model_format == "onnx":
            return tuple(
                _onnx_input(window, span)
                for graph in messages(window, (0, window.size), parse.ONNX_GRAPH)
                for span in messages(window, graph, _GRAPH_OUTPUT)
            )
        if model_format == "ort":
            return tuple(DeclaredInput(name, sizes) for name, sizes in ort_file.outputs(window))
        return tuple(_tflite_ends(window, 0, _SUBGRAPH_OUTPUTS)[1]) if model_format == "tflite" else ()


def _onnx(window: FileWindow) -> Iterator[DeclaredInput]:
    """Inputs of the graph that are no weights: before IR version 4 the weights were listed among the inputs."""
    found: list[DeclaredInput] = []
    weights: set[str] = set()
    for graph in messages(window, (0, window.size), parse.ONNX_GRAPH):
        weights |= {text(window, span, _TENSOR_NAME) for span in messages(window, graph, parse.ONNX_INITIALIZER)}
        found += [_onnx_input(window, span) for span in messages(window, graph, _GRAPH_INPUT)]
    return (each for each in found if each.name not in weights)


def _onnx_input(window: FileWindow, span: Span) -> DeclaredInput:
    sizes: list[int | str | None] = []
    has_rank = False
    for kind in messages(window, span, _VALUE_TYPE):
        for tensor in messages(window, kind, _TYPE_TENSOR):
            for shape in messages(window, tensor, _TENSOR_SHAPE):
                has_rank = True
                sizes += [_onnx_size(window, dim) for dim in messages(window, shape, _SHAPE_DIM)]
    return DeclaredInput(text(window, span, _VALUE_NAME), tuple(sizes), has_rank)


def _onnx_size(window: FileWindow, span: Span) -> int | str | None:
    at, end = span
    size: int | str | None = None
    while at < end:
        number, _, value, body, at = onnx_file.read_field(window, at, end)
        if number == _DIM_VALUE:
            size = value if 0 < value < 1 << 63 else None  # converters write 0 or -1 where they mean "open"
        elif number == _DIM_PARAM:
            size = parse.decoded(window, body, at) or None
    return size


def _tflite(window: FileWindow, key: str) -> tuple[DeclaredInput, ...]:
    """Inputs of the signature's graph; without one, of the first, which is the one that an interpreter runs."""
    signature = chosen(signatures_in(window), key, window.name)
    indices, found = _tflite_ends(window, signature.graph if signature else 0, _SUBGRAPH_INPUTS)
    labels = input_labels([each.name for each in found], indices, signature.inputs if signature else {})
    return tuple(DeclaredInput(label, each.sizes) for label, each in zip(labels, found, strict=True))


def _tflite_ends(window: FileWindow, graph: int, ends: int) -> tuple[list[int], list[DeclaredInput]]:
    """Inputs or outputs of a graph: their tensors' indices, and what is declared of them."""
    graphs = elements(window, window.u32(0), parse.TFLITE_SUBGRAPHS)
    if graph >= len(graphs):
        return [], []
    at = table(window, graphs[graph])
    tensors = elements(window, at, parse.TFLITE_TENSORS)
    indices = [index for index in ints(window, at, ends) if 0 <= index < len(tensors)]
    return indices, [_tflite_input(window, table(window, tensors[index])) for index in indices]


def _tflite_input(window: FileWindow, tensor: int) -> DeclaredInput:
    sizes = ints(window, tensor, _TFLITE_SIGNATURE) or ints(window, tensor, _TFLITE_SHAPE)
    name = parse.table_text(window, tensor, _TFLITE_NAME)
    return DeclaredInput(name, tuple(size if size >= 0 else None for size in sizes))
