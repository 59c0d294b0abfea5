"""A TFLite graph's activations: which tensors are needed at the same time, by the order of its operators.

The interpreter plans one arena for them. A planner with perfect packing needs the largest sum of living tensors.
"""

from math import prod
from typing import NamedTuple

from edgeprof.modelfiles import parse
from edgeprof.modelfiles.flatbuffer import slot_of
from edgeprof.modelfiles.parse import elements, ints, table
from edgeprof.modelfiles.window import FileWindow

# Field numbers of tensorflow/lite/schema.fbs.
_MODEL_CODES, _MODEL_BUFFERS = 1, 4
_GRAPH_INPUTS, _GRAPH_OUTPUTS, _GRAPH_OPERATORS = 1, 2, 3
_OPERATOR_INPUTS, _OPERATOR_OUTPUTS = 1, 2
_TENSOR_SHAPE, _TENSOR_TYPE, _TENSOR_BUFFER = 0, 1, 2
_BUFFER_DATA, _BUFFER_OFFSET = 0, 1
_CODE_CUSTOM = 1
_TYPE_BYTES = {0: 4, 1: 2, 2: 4, 3: 1, 4: 8, 6: 1, 7: 2, 8: 8, 9: 1, 10: 8, 12: 8, 15: 4, 16: 2}
_BUILT_IN_CUSTOM = frozenset(("TFLite_Detection_PostProcess",))
"""Custom operators that the wheels register themselves."""


class TfliteGraph(NamedTuple):
    """`custom`: names of operators that the runtime's wheels do not have."""

    arena_bytes: int
    custom: tuple[str, ...]


def read_graph(window: FileWindow) -> TfliteGraph:
    """Of a file that `inspect` has found whole: its first graph, which is what an interpreter runs."""
    root = window.u32(0)
    names = {parse.table_text(window, table(window, at), _CODE_CUSTOM) for at in elements(window, root, _MODEL_CODES)}
    graphs = elements(window, root, parse.TFLITE_SUBGRAPHS)
    arena = _arena(window, root, table(window, graphs[0])) if len(graphs) else 0
    return TfliteGraph(arena, tuple(sorted(names - {""} - _BUILT_IN_CUSTOM)))


def _arena(window: FileWindow, root: int, graph: int) -> int:
    sizes = _sizes(window, root, graph)
    steps = [
        (ints(window, table(window, at), _OPERATOR_INPUTS), ints(window, table(window, at), _OPERATOR_OUTPUTS))
        for at in elements(window, graph, _GRAPH_OPERATORS)
    ]
    last = {tensor: step for step, (used, made) in enumerate(steps) for tensor in (*used, *made)}
    last |= dict.fromkeys(ints(window, graph, _GRAPH_OUTPUTS), len(steps))
    alive = set(ints(window, graph, _GRAPH_INPUTS)) & sizes.keys()
    peak = sum(sizes[tensor] for tensor in alive)
    for step, (used, made) in enumerate(steps):
        alive |= {tensor for tensor in (*used, *made) if tensor in sizes}
        peak = max(peak, sum(sizes[tensor] for tensor in alive))
        alive = {tensor for tensor in alive if last.get(tensor, 0) > step}
    return peak


def _sizes(window: FileWindow, root: int, graph: int) -> dict[int, int]:
    """Bytes of each tensor that the file stores no value for; an open size counts as 1."""
    buffers = elements(window, root, _MODEL_BUFFERS)
    found: dict[int, int] = {}
    for index, at in enumerate(elements(window, graph, parse.TFLITE_TENSORS)):
        tensor = table(window, at)
        slot = slot_of(window, tensor, _TENSOR_BUFFER)
        buffer = window.u32(slot) if slot else 0
        if 0 < buffer < len(buffers) and _stores(window, table(window, buffers[buffer])):
            continue
        kind = slot_of(window, tensor, _TENSOR_TYPE)
        size = _TYPE_BYTES.get(window.read(kind, 1)[0] if kind else 0, 4)
        found[index] = size * prod(max(1, each) for each in ints(window, tensor, _TENSOR_SHAPE))
    return found


def _stores(window: FileWindow, buffer: int) -> bool:
    slot = slot_of(window, buffer, _BUFFER_DATA)
    return bool(slot and window.u32(table(window, slot))) or bool(slot_of(window, buffer, _BUFFER_OFFSET))
