"""The graph that an ONNX Runtime session runs, from the file it writes: which inputs of a node are stored, and how big.

The profile's events leave out a weight that the session has packed for its kernel. The file still has it.
"""

from pathlib import Path
from typing import NamedTuple

from edgeprof.modelfiles import parse
from edgeprof.modelfiles.parse import messages, numbers, open_window, text, texts
from edgeprof_agent.operator_profile.onnx_events import Kernel, Shaped

# Field numbers of onnx.proto.
_GRAPH_NODE, _NODE_INPUT, _NODE_NAME, _NODE_OP = 1, 1, 3, 4
_TENSOR_DIMS, _TENSOR_TYPE, _TENSOR_NAME = 1, 2, 8
_TYPES = {
    **{1: "float", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "string", 9: "bool"},
    **{10: "float16", 11: "double", 12: "uint32", 13: "uint64", 16: "bfloat16", 21: "uint4", 22: "int4"},
}
"""TensorProto.DataType, by the names that events have."""

_BLOCKED = "_nchwc"

Graph = dict[tuple[str, str], "list[Shaped | None]"]
"""By a node's name and operator: one entry an input, None where the file does not store it."""


class Split(NamedTuple):
    """A node's tensors by where they come from."""

    activations: tuple[Shaped, ...]
    weights: tuple[Shaped, ...]


def read_graph(path: Path) -> Graph:
    """Nodes of the main graph; a name that two nodes have is left out."""
    found: Graph = {}
    twice: set[tuple[str, str]] = set()
    with open_window(path) as window:
        for graph in messages(window, (0, window.size), parse.ONNX_GRAPH):
            stored: dict[str, Shaped] = {}
            for each in messages(window, graph, parse.ONNX_INITIALIZER):
                kind = _TYPES.get(next(numbers(window, each, _TENSOR_TYPE), 0), "")
                stored[text(window, each, _TENSOR_NAME)] = Shaped(kind, tuple(numbers(window, each, _TENSOR_DIMS)))
            for node in messages(window, graph, _GRAPH_NODE):
                key = text(window, node, _NODE_NAME), text(window, node, _NODE_OP)
                if key in found:
                    twice.add(key)
                found[key] = [stored.get(name) for name in texts(window, node, _NODE_INPUT) if name]
    return {key: inputs for key, inputs in found.items() if key not in twice}


def split(kernel: Kernel, graph: Graph) -> Split:
    """An event's tensors told apart; all are activations where the graph does not have the node."""
    inputs = graph.get((kernel.name, kernel.op))
    if inputs is None:
        return Split(kernel.inputs, ())
    left = list(kernel.inputs)
    activations: list[Shaped] = []
    weights: list[Shaped] = []
    for stored in inputs:
        if stored is not None:
            weights.append(stored)
            if left and left[0] == stored:
                left.pop(0)
        elif left:
            activations.append(left.pop(0))
    return Split(tuple(activations), tuple(weights))


def unpadded(kernel: Kernel, named: Graph) -> Kernel:
    """A convolution in ONNX Runtime's blocked layout as the file has it. `named`: the file's own nodes.

    The blocked layout rounds channels up to whole vectors, which would count operations that nobody asked for.
    """
    own = kernel.name.removesuffix(_BLOCKED)
    stored = next((each for each in named.get((own, kernel.op), []) if each and len(each.shape) > 2), None)
    if own == kernel.name or stored is None or not kernel.outputs:
        return kernel
    first, *others = kernel.outputs
    shape = (first.shape[0], stored.shape[0], *first.shape[2:])
    return kernel._replace(name=own, outputs=(first._replace(shape=shape), *others))
