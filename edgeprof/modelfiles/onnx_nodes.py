"""All nodes of an ONNX file, also those in branches, loop bodies and functions, and the tensors that they hold."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from edgeprof.modelfiles import parse
from edgeprof.modelfiles.parse import Span, messages, numbers, text, texts
from edgeprof.modelfiles.window import FileWindow

# onnx.proto: field numbers of ModelProto, GraphProto, FunctionProto, NodeProto and AttributeProto.
_MODEL_FUNCTIONS, _FUNCTION_NODE, _GRAPH_NODE = 25, 7, 1
_NODE_INPUT, _NODE_TYPE, _NODE_ATTRIBUTE = 1, 4, 5
_NAME, _INTEGER, _TENSOR, _GRAPH, _TENSORS, _GRAPHS = 1, 3, 5, 6, 10, 11
_PACKED = "MatMulNBits"
"""Holds its weights packed in bytes; its attributes K, N and bits say how many there are."""
_DEFAULT_BITS = 4
_MAX_DEPTH = 32
"""Deeper than any exporter nests branches; a damaged file may claim more."""


def nodes(window: FileWindow) -> Iterator[Span]:
    """Every node."""
    for graph in _graphs(window):
        yield from messages(window, graph, _GRAPH_NODE)
    for function in messages(window, (0, window.size), _MODEL_FUNCTIONS):
        yield from messages(window, function, _FUNCTION_NODE)


def tensors(window: FileWindow) -> Iterator[Span]:
    """Every stored tensor: initializers, and the values of Constant nodes."""
    for graph in _graphs(window):
        yield from messages(window, graph, parse.ONNX_INITIALIZER)
    for node in nodes(window):
        for attribute in messages(window, node, _NODE_ATTRIBUTE):
            yield from messages(window, attribute, _TENSOR)
            yield from messages(window, attribute, _TENSORS)


class PackedProduct(NamedTuple):
    """One MatMulNBits node. `level`: its `accuracy_level`, 0 where it has none."""

    weight: str
    rows: int
    columns: int
    bits: int
    level: int


def packed_products(window: FileWindow) -> Iterator[PackedProduct]:
    """Every MatMulNBits node."""
    for node in nodes(window):
        if text(window, node, _NODE_TYPE) == _PACKED:
            inputs = list(texts(window, node, _NODE_INPUT))
            values = {
                text(window, attribute, _NAME): next(numbers(window, attribute, _INTEGER), 0)
                for attribute in messages(window, node, _NODE_ATTRIBUTE)
            }
            yield PackedProduct(
                weight=inputs[1] if len(inputs) > 1 else "",
                rows=values.get("K", 0),
                columns=values.get("N", 0),
                bits=values.get("bits", _DEFAULT_BITS),
                level=values.get("accuracy_level", 0),
            )


def matmul_nbits(window: FileWindow) -> dict[int, int]:
    """How many MatMulNBits nodes there are of each `accuracy_level`; 0 where a node has none."""
    return dict(Counter(node.level for node in packed_products(window)))


def _graphs(window: FileWindow) -> Iterator[Span]:
    waiting = [(graph, 0) for graph in messages(window, (0, window.size), parse.ONNX_GRAPH)]
    while waiting:
        graph, depth = waiting.pop()
        yield graph
        if depth < _MAX_DEPTH:
            waiting += [(inner, depth + 1) for inner in _inside(window, graph)]


def _inside(window: FileWindow, graph: Span) -> Iterator[Span]:
    """The graphs that the nodes of one graph hold: branches and loop bodies."""
    for node in messages(window, graph, _GRAPH_NODE):
        for attribute in messages(window, node, _NODE_ATTRIBUTE):
            yield from messages(window, attribute, _GRAPH)
            yield from messages(window, attribute, _GRAPHS)
