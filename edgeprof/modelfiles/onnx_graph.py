"""An ONNX graph as its values go: who reads a name, who makes it, what is stored. Local functions are laid open."""

import struct
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from edgeprof.modelfiles import parse
from edgeprof.modelfiles.parse import Span, messages, numbers, text, texts
from edgeprof.modelfiles.window import FileWindow

# Field numbers of onnx.proto.
_MODEL_FUNCTION, _GRAPH_NODE = 25, 1
_FUNCTION_NAME, _FUNCTION_INPUT, _FUNCTION_OUTPUT, _FUNCTION_NODE, _FUNCTION_DOMAIN = 1, 4, 5, 7, 10
_NODE_INPUT, _NODE_OUTPUT, _NODE_OP, _NODE_ATTRIBUTE, _NODE_DOMAIN = 1, 2, 4, 5, 7
_ATTRIBUTE_NAME, _ATTRIBUTE_I, _ATTRIBUTE_T, _ATTRIBUTE_G, _ATTRIBUTE_GRAPHS, _ATTRIBUTE_REF = 1, 3, 5, 6, 11, 21
_TENSOR_DIMS, _TENSOR_TYPE, _TENSOR_FLOATS, _TENSOR_INTS, _TENSOR_NAME, _TENSOR_RAW = 1, 2, 4, 5, 8, 9
_TENSOR_LONGS = 7
_SCALARS = {1: "<f", 6: "<i", 7: "<q", 11: "<d"}
"""DataType: FLOAT, INT32, INT64, DOUBLE."""

MAX_NESTING = 8
MAX_NODES_OF_FUNCTIONS = 100_000
"""A function that calls others many times over would grow without end: what lies beyond is not looked at."""
_SAME_SIZES = frozenset(("Cast", "Identity", "DequantizeLinear", "QuantizeLinear"))
"""What leaves the sizes of its first input as they are."""
_CONTROL = frozenset(("If", "Loop", "Scan"))


class Node(NamedTuple):
    """`inputs` and `outputs` as the main graph names them; `call`: the attributes of the function call it lies in."""

    op: str
    inputs: list[str]
    outputs: list[str]
    span: Span
    call: "Span | None" = None


class Graph(NamedTuple):
    """What is needed to follow values: readers of a name, the maker of a name, stored tensors."""

    window: FileWindow
    readers: Mapping[str, list[tuple[Node, int]]]
    makers: Mapping[str, Node]
    stored: Mapping[str, Span]
    inputs: frozenset[str]

    def own_input(self, name: str) -> str:
        """The model's input that a name is, or is made of with the same sizes; empty where it is neither."""
        for _ in range(MAX_NESTING):
            if name in self.inputs:
                return name
            maker = self.makers.get(name)
            if maker is None or maker.op not in _SAME_SIZES or not maker.inputs:
                return ""
            name = maker.inputs[0]
        return ""

    def sizes(self, name: str) -> tuple[int, ...] | None:
        """Those of a stored tensor, seen through what leaves sizes as they are."""
        found = self._tensor(name)
        return None if found is None else tuple(numbers(self.window, found, _TENSOR_DIMS))

    def scalar(self, name: str) -> float | None:
        """The one value of a stored number."""
        found = self._tensor(name)
        if found is None:
            return None
        dims = list(numbers(self.window, found, _TENSOR_DIMS))
        kind = _SCALARS.get(next(numbers(self.window, found, _TENSOR_TYPE), 0))
        if any(size != 1 for size in dims) or kind is None:
            return None
        for at, end in messages(self.window, found, _TENSOR_RAW):
            if end - at == struct.calcsize(kind):
                return float(struct.unpack(kind, self.window.read(at, end - at))[0])
        for field in (_TENSOR_INTS, _TENSOR_LONGS):
            for value in numbers(self.window, found, field):
                return float(_signed(value))
        for at, end in messages(self.window, found, _TENSOR_FLOATS):
            if kind == "<f" and end - at == 4:
                return float(struct.unpack(kind, self.window.read(at, 4))[0])
        return None

    def attribute(self, node: Node, name: str) -> int:
        """An integer attribute; 0 where the node does not have it, which is the default of all that are read here."""
        for each in messages(self.window, node.span, _NODE_ATTRIBUTE):
            if text(self.window, each, _ATTRIBUTE_NAME) == name:
                reference = text(self.window, each, _ATTRIBUTE_REF)
                if reference:
                    outer = Node("", [], [], node.call) if node.call else None
                    return self.attribute(outer, reference) if outer else 0
                return _signed(next(numbers(self.window, each, _ATTRIBUTE_I), 0))
        return 0

    def _tensor(self, name: str) -> Span | None:
        for _ in range(MAX_NESTING):
            maker = self.makers.get(name)
            if name in self.stored:
                return self.stored[name]
            if maker is not None and maker.op == "Constant":
                return next(_constants(self.window, maker), None)
            if maker is None or maker.op not in _SAME_SIZES or not maker.inputs:
                return None
            name = maker.inputs[0]
        return None


class _Function(NamedTuple):
    inputs: list[str]
    outputs: list[str]
    span: Span


def stored_in(window: FileWindow, graph: Span) -> dict[str, Span]:
    """The graph's stored tensors by name."""
    return {text(window, each, _TENSOR_NAME): each for each in messages(window, graph, parse.ONNX_INITIALIZER)}


def graph_of(window: FileWindow, span: Span, stored: Mapping[str, Span], inputs: frozenset[str]) -> Graph:
    """The graph with the branches and bodies within it, and the bodies of the file's own functions it calls."""
    readers: dict[str, list[tuple[Node, int]]] = {}
    makers: dict[str, Node] = {}
    for node in _Walk(window).nodes(span):
        for slot, name in enumerate(node.inputs):
            readers.setdefault(name, []).append((node, slot))
        makers.update(dict.fromkeys(node.outputs, node))
    return Graph(window, readers, makers, stored, inputs)


class _Names(dict[str, str]):
    """One call's names: within the function -> within the main graph. Those of its own values are made, and unique."""

    def __init__(self, call: int) -> None:
        super().__init__({"": ""})  # an input or output that is left out
        self._call = call

    def __missing__(self, name: str) -> str:
        made = self[name] = f"{name}\0{self._call}"
        return made


class _Walk:
    def __init__(self, window: FileWindow) -> None:
        self._window = window
        self._functions = dict(_functions(window))
        self._left = MAX_NODES_OF_FUNCTIONS
        self._calls = 0

    def nodes(self, graph: Span, nesting: int = 0) -> Iterator[Node]:
        """Branches and bodies see the names outside of them."""
        yield from self._within(graph, _GRAPH_NODE, None, None, nesting)

    def _within(self, owner: Span, field: int, names: _Names | None, call: Span | None, nesting: int) -> Iterator[Node]:
        for span in messages(self._window, owner, field):
            if names is not None:
                self._left -= 1
                if self._left < 0:
                    return
            read, made = (self._names(span, each, names) for each in (_NODE_INPUT, _NODE_OUTPUT))
            domain, op = text(self._window, span, _NODE_DOMAIN), text(self._window, span, _NODE_OP)
            function = self._functions.get((domain, op))
            if function is not None and nesting < MAX_NESTING:
                yield from self._called(function, Node(op, read, made, span, call), nesting)
                continue
            yield Node(f"{domain}.{op}" if op == "Attention" and domain else op, read, made, span, call)
            if op in _CONTROL and nesting < MAX_NESTING:
                for attribute in messages(self._window, span, _NODE_ATTRIBUTE):
                    for number in (_ATTRIBUTE_G, _ATTRIBUTE_GRAPHS):
                        for inner in messages(self._window, attribute, number):
                            yield from self._within(inner, _GRAPH_NODE, names, call, nesting + 1)

    def _called(self, function: _Function, node: Node, nesting: int) -> Iterator[Node]:
        """The function's nodes, its inputs and outputs by the names that the call gives them, the rest by new ones."""
        self._calls += 1
        names = _Names(self._calls)
        names.update(dict.fromkeys(function.inputs, ""))  # those at the end may be left out
        names.update(zip(function.inputs, node.inputs, strict=False))
        names.update(zip(function.outputs, node.outputs, strict=False))
        yield from self._within(function.span, _FUNCTION_NODE, names, node.span, nesting + 1)

    def _names(self, span: Span, field: int, names: _Names | None) -> list[str]:
        own = list(texts(self._window, span, field))
        return own if names is None else [names[name] for name in own]


def _functions(window: FileWindow) -> Iterator[tuple[tuple[str, str], _Function]]:
    for span in messages(window, (0, window.size), _MODEL_FUNCTION):
        key = text(window, span, _FUNCTION_DOMAIN), text(window, span, _FUNCTION_NAME)
        inputs, outputs = (list(texts(window, span, each)) for each in (_FUNCTION_INPUT, _FUNCTION_OUTPUT))
        yield key, _Function(inputs, outputs, span)


def _constants(window: FileWindow, node: Node) -> Iterator[Span]:
    for attribute in messages(window, node.span, _NODE_ATTRIBUTE):
        yield from messages(window, attribute, _ATTRIBUTE_T)


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value
