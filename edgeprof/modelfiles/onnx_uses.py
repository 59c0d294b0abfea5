"""What the operators of an ONNX graph do with the model's inputs. Only names, sizes and small attributes are read."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from edgeprof.modelfiles import parse
from edgeprof.modelfiles.input_uses import InputUse, Role, Use
from edgeprof.modelfiles.parse import Span, messages, numbers, text
from edgeprof.modelfiles.window import FileWindow

# Field numbers of onnx.proto.
_GRAPH_NODE, _GRAPH_INPUT = 1, 11
_NODE_INPUT, _NODE_OUTPUT, _NODE_OP, _NODE_ATTRIBUTE = 1, 2, 4, 5
_ATTRIBUTE_NAME, _ATTRIBUTE_I, _ATTRIBUTE_T, _ATTRIBUTE_G, _ATTRIBUTE_GRAPHS = 1, 3, 5, 6, 11
_TENSOR_DIMS, _TENSOR_NAME = 1, 8
_VALUE_NAME, _VALUE_TYPE = 1, 2
_TYPE_TENSOR, _TYPE_ELEMENT, _TYPE_SHAPE = 1, 1, 2

_WIDE_OR_SMALL = frozenset((2, 3, 4, 5, 6, 7, 9, 12, 13))
"""DataType values of integers and bool: what may steer a graph."""
_FLOATS = frozenset((1, 10, 11, 16))

_ROLES: dict[tuple[str, int], Role] = {
    ("Gather", 1): "index",
    ("GatherElements", 1): "index",
    ("GatherBlockQuantized", 1): "index",
    ("OneHot", 0): "nothing",
    ("OneHot", 1): "depth",
    ("GRU", 4): "length",
    ("LSTM", 4): "length",
    ("RNN", 4): "length",
    ("ReverseSequence", 1): "length",
    ("Reshape", 1): "shape",
    ("Expand", 1): "one",
    ("ConstantOfShape", 0): "one",
    ("RandomNormal", 0): "one",
    ("Tile", 1): "one",
    ("Resize", 2): "scales",
    ("Resize", 3): "sizes",
    ("Upsample", 1): "scales",
    ("Slice", 1): "begins",
    ("Slice", 2): "ends",
    ("Slice", 3): "axes",
    ("Slice", 4): "one",
    ("Pad", 1): "nothing",
    ("Pad", 3): "axes",
    ("Loop", 0): "times",
    ("Loop", 1): "condition",
    ("If", 0): "condition",
    ("Range", 0): "nothing",
    ("Range", 1): "count",
    ("Range", 2): "one",
    ("TopK", 1): "k",
    ("Div", 1): "divisor",
    ("Mod", 1): "divisor",
    ("Squeeze", 1): "axes",
    ("Unsqueeze", 1): "axes",
    ("CumSum", 1): "nothing",
    ("Split", 1): "splits",
    ("SplitToSequence", 1): "splits",
    ("AffineGrid", 1): "one",
    ("NonMaxSuppression", 2): "count",
    ("SequenceAt", 1): "nothing",
    ("SequenceErase", 1): "nothing",
    ("SequenceInsert", 2): "nothing",
    ("STFT", 1): "step",
    ("STFT", 3): "size",
    ("HannWindow", 0): "size",
    ("HammingWindow", 0): "size",
    ("BlackmanWindow", 0): "size",
    **{(f"Reduce{kind}", 1): "axes" for kind in ("Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "SumSquare")},
}
_EMBED, _EMBEDDINGS = "EmbedLayerNormalization", {0: 2, 1: 4}
"""ONNX Runtime's fused embedding (contrib operators): ids and segments, and the inputs that hold their tables."""
_SAME_VALUES = frozenset(
    ("Cast", "CastLike", "Identity", "Squeeze", "Unsqueeze", "Flatten", "Transpose", "Reshape", "Expand", "Concat")
)
"""What hands the values of its first input on: a use behind it is a use of the input. (Concat: of every input.)"""
_SAME_ROWS = frozenset(("Cast", "Identity", "DequantizeLinear", "QuantizeLinear"))
"""What leaves the sizes of its first input as they are."""
_LAYOUT_AXIS = {"GRU": "layout", "LSTM": "layout", "RNN": "layout", "ReverseSequence": "time_axis"}
MAX_STEPS_BEHIND = 8
"""Operators between an input and the use that counts; what lies farther is no use of the input's own values."""


class _Node(NamedTuple):
    op: str
    inputs: list[str]
    outputs: list[str]
    span: Span


class _Graph(NamedTuple):
    """What is needed to follow values: readers of a name, the maker of a name, sizes of stored tensors."""

    window: FileWindow
    readers: Mapping[str, list[tuple[_Node, int]]]
    makers: Mapping[str, _Node]
    stored: Mapping[str, tuple[int, ...]]
    inputs: frozenset[str]


def uses_of(window: FileWindow) -> tuple[InputUse, ...]:
    """The inputs of the graph that are no weights, in its order, each with its uses."""
    for span in messages(window, (0, window.size), parse.ONNX_GRAPH):
        stored = {name: sizes for name, sizes in _stored(window, span)}
        inputs = [each for each in messages(window, span, _GRAPH_INPUT)]
        named = [(text(window, each, _VALUE_NAME), each) for each in inputs]
        own = [(name, _type(window, each)) for name, each in named if name not in stored]
        if not any(steers for _, (_, steers) in own):
            return tuple(InputUse(name, has_rank) for name, (has_rank, _) in own)
        graph = _graph(window, span, stored, frozenset(name for name, _ in own))
        return tuple(
            InputUse(name, has_rank, tuple(_uses(graph, name)) if steers else ()) for name, (has_rank, steers) in own
        )
    return ()


def _type(window: FileWindow, span: Span) -> tuple[bool, bool]:
    """Whether the number of dimensions is known, and whether the values may steer what the graph does."""
    has_rank, steers = True, False
    for kind in messages(window, span, _VALUE_TYPE):
        for tensor in messages(window, kind, _TYPE_TENSOR):
            element = next(numbers(window, tensor, _TYPE_ELEMENT), 0)
            shapes = list(messages(window, tensor, _TYPE_SHAPE))
            rank = len(list(messages(window, shapes[0], 1))) if shapes else None
            has_rank = rank is not None
            steers = element in _WIDE_OR_SMALL or (element in _FLOATS and (rank is None or rank <= 1))
    return has_rank, steers


def _stored(window: FileWindow, graph: Span) -> Iterator[tuple[str, tuple[int, ...]]]:
    for tensor in messages(window, graph, parse.ONNX_INITIALIZER):
        yield text(window, tensor, _TENSOR_NAME), tuple(numbers(window, tensor, _TENSOR_DIMS))


def _graph(window: FileWindow, span: Span, stored: dict[str, tuple[int, ...]], inputs: frozenset[str]) -> _Graph:
    readers: dict[str, list[tuple[_Node, int]]] = {}
    makers: dict[str, _Node] = {}
    for node in _nodes(window, span, 0):
        for slot, name in enumerate(node.inputs):
            readers.setdefault(name, []).append((node, slot))
        makers.update(dict.fromkeys(node.outputs, node))
    return _Graph(window, readers, makers, stored, inputs)


def _nodes(window: FileWindow, graph: Span, nesting: int) -> Iterator[_Node]:
    """Nodes of a graph and of the branches and bodies within, which see the names outside of them."""
    for span in messages(window, graph, _GRAPH_NODE):
        node = _Node(
            text(window, span, _NODE_OP),
            [parse.decoded(window, *each) for each in messages(window, span, _NODE_INPUT)],
            [parse.decoded(window, *each) for each in messages(window, span, _NODE_OUTPUT)],
            span,
        )
        yield node
        if node.op in ("If", "Loop", "Scan") and nesting < MAX_STEPS_BEHIND:
            for attribute in messages(window, span, _NODE_ATTRIBUTE):
                for number in (_ATTRIBUTE_G, _ATTRIBUTE_GRAPHS):
                    for inner in messages(window, attribute, number):
                        yield from _nodes(window, inner, nesting + 1)


def _uses(graph: _Graph, name: str) -> Iterator[Use]:
    """Uses of the input itself, and of what is only handed on."""
    waiting, seen = [(name, 0)], {name}
    while waiting:
        value, steps = waiting.pop()
        for node, slot in graph.readers.get(value, ()):
            use = _use(graph, node, slot)
            if use is not None:
                yield use
            elif node.op in _SAME_VALUES and (slot == 0 or node.op == "Concat") and steps < MAX_STEPS_BEHIND:
                new = [output for output in node.outputs if output not in seen]
                seen.update(new)
                waiting += [(output, steps + 1) for output in new]


def _use(graph: _Graph, node: _Node, slot: int) -> Use | None:
    if node.op == _EMBED and slot in _EMBEDDINGS:
        table = _EMBEDDINGS[slot]
        return Use("index", _rows(graph, node.inputs[table], 0) if table < len(node.inputs) else None)
    role = _ROLES.get((node.op, slot))
    if role is None:
        return None
    of = _own_input(graph, node.inputs[0]) if slot else ""
    if role in ("index", "splits"):
        axis = _attribute(graph.window, node, "axis")
        return Use(role, _rows(graph, node.inputs[0], axis) if role == "index" else None, of, axis)
    if role == "length":
        layout = _attribute(graph.window, node, _LAYOUT_AXIS[node.op])
        return Use(role, None, of, layout)
    return Use(role, None, of)


def _own_input(graph: _Graph, name: str) -> str:
    """The model's input that a name is, or is made of with the same sizes."""
    for _ in range(MAX_STEPS_BEHIND):
        if name in graph.inputs:
            return name
        maker = graph.makers.get(name)
        if maker is None or maker.op not in _SAME_ROWS or not maker.inputs:
            return ""
        name = maker.inputs[0]
    return ""


def _rows(graph: _Graph, name: str, axis: int) -> int | None:
    """The size of a stored tensor along an axis, seen through what leaves sizes as they are."""
    for _ in range(MAX_STEPS_BEHIND):
        sizes = graph.stored.get(name)
        maker = graph.makers.get(name)
        if sizes is None and maker is not None and maker.op == "Constant":
            sizes = next(_constant(graph.window, maker), None)
        if sizes is not None:
            return sizes[axis] if -len(sizes) <= axis < len(sizes) else None
        if maker is None or maker.op not in _SAME_ROWS or not maker.inputs:
            return None
        name = maker.inputs[0]
    return None


def _constant(window: FileWindow, node: _Node) -> Iterator[tuple[int, ...]]:
    for attribute in messages(window, node.span, _NODE_ATTRIBUTE):
        for tensor in messages(window, attribute, _ATTRIBUTE_T):
            yield tuple(numbers(window, tensor, _TENSOR_DIMS))


def _attribute(window: FileWindow, node: _Node, name: str) -> int:
    """An integer attribute; 0 where the node does not have it, which is the default of all that are read here."""
    for attribute in messages(window, node.span, _NODE_ATTRIBUTE):
        if text(window, attribute, _ATTRIBUTE_NAME) == name:
            value = next(numbers(window, attribute, _ATTRIBUTE_I), 0)
            return value - (1 << 64) if value >= 1 << 63 else value
    return 0
