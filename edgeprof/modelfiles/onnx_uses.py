"""What the operators of an ONNX graph do with the model's inputs. Only names, sizes and small attributes are read."""

from collections.abc import Iterator
from typing import NamedTuple

from edgeprof.modelfiles import parse
from edgeprof.modelfiles.input_use import InputUse, Role, Use
from edgeprof.modelfiles.onnx_graph import Graph, Node, graph_of, stored_in
from edgeprof.modelfiles.onnx_roles import (
    COUNTED,
    EITHER,
    EMBED,
    EMBEDDINGS,
    GROUPED_QUERY,
    PAST_KEY,
    RANKED_BY_COUNT,
    RANKED_BY_SIZES,
    RANKS,
    ROLES,
    ROUNDING,
    SAME_RANK,
    SAME_VALUES,
    SUMS,
)
from edgeprof.modelfiles.parse import Span, messages, numbers, text
from edgeprof.modelfiles.window import FileWindow

# Field numbers of onnx.proto.
_GRAPH_INPUT = 11
_VALUE_NAME, _VALUE_TYPE = 1, 2
_TYPE_TENSOR, _TYPE_ELEMENT, _TYPE_SHAPE = 1, 1, 2

_WIDE_OR_SMALL = frozenset((2, 3, 4, 5, 6, 7, 9, 12, 13))
"""DataType values of integers and bool: what may steer a graph."""
_FLOATS = frozenset((1, 10, 11, 16))
_MAX_FLOAT_RANK = 2
"""A float of one dimension may be anything that steers; of two, lengths, a mask or ids; of more, it is data."""
_OF_FLOATS: frozenset[Role] = frozenset(("count", "index", "length", "mask", "times"))

_LAYOUT_AXIS = {"GRU": "layout", "LSTM": "layout", "RNN": "layout", "ReverseSequence": "time_axis"}
MAX_STEPS_BEHIND = 8
"""Operators between an input and the use that counts; what lies farther is no use of the input's own values."""
_MAX_STEPS_TO_QUERY = 64


class _Value(NamedTuple):
    """A name whose value is `scale` x the input + `shift`; a scale of 0 where a factor is not known."""

    name: str
    steps: int = 0
    scale: float = 1.0
    shift: float = 0.0
    is_own: bool = True
    is_sum: bool = False


def uses_of(window: FileWindow) -> tuple[InputUse, ...]:
    """The inputs of the graph that are no weights, in its order, each with its uses."""
    for span in messages(window, (0, window.size), parse.ONNX_GRAPH):
        stored = stored_in(window, span)
        named = [(text(window, each, _VALUE_NAME), each) for each in messages(window, span, _GRAPH_INPUT)]
        own = {name: _type(window, each) for name, each in named if name not in stored}
        if not any(steers or rank is None for rank, steers in own.values()):
            return tuple(InputUse(name, rank is not None) for name, (rank, _) in own.items())
        graph = graph_of(window, span, stored, frozenset(own))
        return tuple(
            InputUse(
                name,
                rank is not None,
                tuple(_uses(graph, name, (rank, steers))) if steers else (),
                _likely_rank(graph, name) if rank is None else None,
            )
            for name, (rank, steers) in own.items()
        )
    return ()


def _type(window: FileWindow, span: Span) -> tuple[int | None, str]:
    """The number of dimensions, if known, and what may steer the graph: `integers`, `floats`, or nothing."""
    rank, steers = 0, ""
    for kind in messages(window, span, _VALUE_TYPE):
        for tensor in messages(window, kind, _TYPE_TENSOR):
            element = next(numbers(window, tensor, _TYPE_ELEMENT), 0)
            shapes = list(messages(window, tensor, _TYPE_SHAPE))
            rank = len(list(messages(window, shapes[0], 1))) if shapes else None
            is_float = element in _FLOATS and (rank is None or rank <= _MAX_FLOAT_RANK)
            steers = "integers" if element in _WIDE_OR_SMALL else "floats" if is_float else ""
    return rank, steers


def _uses(graph: Graph, name: str, kind: tuple[int | None, str]) -> Iterator[Use]:
    """Uses of the input itself, of what is only handed on, and of numbers of things that are reckoned from it."""
    rank, steers = kind
    waiting, seen = [_Value(name)], {name}
    while waiting:
        value = waiting.pop()
        for node, slot in graph.readers.get(value.name, ()):
            use = _use(graph, node, slot, rank)
            if use is not None:
                use = use if value.is_own else _reckoned(use, value)
                if use is not None and (steers == "integers" or (rank or 0) <= 1 or use.role in _OF_FLOATS):
                    yield use
            if (use is None or not value.is_own) and value.steps < MAX_STEPS_BEHIND:
                following = _handed_on(graph, node, slot, value)
                new = [output for output in node.outputs if output not in seen] if following else []
                seen.update(new)
                waiting += [following._replace(name=output) for output in new if following]


def _reckoned(use: Use, value: _Value) -> Use | None:
    """A use of a number that is made of the input: only of how many there are of something."""
    if use.role not in COUNTED or (value.is_sum and use.plus):
        return None
    if value.is_sum:
        return Use("mask")
    if use.role == "ends":
        return Use("length", scale=value.scale, shift=value.shift)
    return Use(use.role, use.limit, use.of, use.axis, value.scale, use.shift + value.shift, use.plus)


def _handed_on(graph: Graph, node: Node, slot: int, value: _Value) -> _Value | None:
    """The value behind an operator that hands the input on, or reckons with it; None behind any other."""
    if node.op in SAME_VALUES and (slot == 0 or node.op == "Concat"):
        return value._replace(steps=value.steps + 1)
    behind = value._replace(steps=value.steps + 1, is_own=False)
    if (node.op in ROUNDING and slot == 0) or slot >= EITHER.get(node.op, len(node.inputs)):
        return behind
    if node.op in SUMS and slot == 0:
        return behind._replace(is_sum=True)
    if node.op == "Neg":
        return behind._replace(scale=-value.scale, shift=-value.shift)
    if node.op not in ("Add", "Sub", "Mul", "Div") or len(node.inputs) != 2:
        return None
    other = graph.scalar(node.inputs[1 - slot])
    if node.op in ("Add", "Sub"):
        sign = -1.0 if node.op == "Sub" and slot == 1 else 1.0
        plus = (other or 0.0) * (-1.0 if node.op == "Sub" and slot == 0 else 1.0)
        return behind._replace(scale=value.scale * sign, shift=value.shift * sign + plus)
    if node.op == "Div" and slot == 1:
        return None
    factor = other or 0.0
    factor = 1.0 / factor if factor and node.op == "Div" else factor
    return behind._replace(scale=value.scale * factor, shift=value.shift * factor)


def _use(graph: Graph, node: Node, slot: int, rank: int | None) -> Use | None:
    if node.op == EMBED and slot in EMBEDDINGS:
        table = EMBEDDINGS[slot]
        return Use("index", _rows(graph, node.inputs[table], 0) if table < len(node.inputs) else None)
    role = ROLES.get((node.op, slot))
    if role is None:
        return None
    of = graph.own_input(node.inputs[0]) if slot else ""
    if role in ("index", "splits"):
        axis = graph.attribute(node, "axis")
        return Use(role, _rows(graph, node.inputs[0], axis) if role == "index" else None, of, axis)
    if node.op == GROUPED_QUERY:
        past = graph.own_input(node.inputs[PAST_KEY])
        return Use("length", None, past, 2, shift=1.0 if slot == 5 else 0.0, plus=_query(graph, node.inputs[0]))
    if role == "key_lengths":  # of each row of keys, or a mask of every key
        return Use("length", None, of, 1) if rank == 1 else Use("mask")
    if role == "length":
        return Use(role, None, of, graph.attribute(node, _LAYOUT_AXIS[node.op]))
    return Use(role, None, of)


def _likely_rank(graph: Graph, name: str, steps: int = 0) -> int | None:
    """That of the first reader whose operator or stored tensors show it."""
    for node, slot in graph.readers.get(name, ()):
        if slot:
            continue
        found = RANKS.get(node.op)
        if node.op in RANKED_BY_SIZES and len(node.inputs) > RANKED_BY_SIZES[node.op]:
            found = len(graph.sizes(node.inputs[RANKED_BY_SIZES[node.op]]) or ())
        for place in RANKED_BY_COUNT.get(node.op, ()):
            sizes = graph.sizes(node.inputs[place]) if place < len(node.inputs) else None
            found = found or (sizes[0] if sizes else None)
        if not found and node.op in SAME_RANK and steps < MAX_STEPS_BEHIND and node.outputs:
            found = _likely_rank(graph, node.outputs[0], steps + 1)
        if found:
            return found
    return None


def _query(graph: Graph, name: str) -> str:
    """The model's input (batch, length ...) that a query is made of: through projections, norms and embeddings."""
    for _ in range(_MAX_STEPS_TO_QUERY):
        maker = graph.makers.get(name)
        if name in graph.inputs or maker is None or not maker.inputs:
            return name if name in graph.inputs else ""
        name = maker.inputs[1 if maker.op == "Gather" and len(maker.inputs) > 1 else 0]
    return ""


def _rows(graph: Graph, name: str, axis: int) -> int | None:
    """The size of a stored tensor along an axis."""
    sizes = graph.sizes(name)
    return sizes[axis] if sizes is not None and -len(sizes) <= axis < len(sizes) else None
