"""A LiteRT graph after delegation, read for what runs where and in what arithmetic. Pure.

The runtime lists every node of the file plus one DELEGATE node for each partition; it does not say which nodes a
partition replaced. That is worked out here: going backwards from the partition's outputs to its inputs.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, TypedDict

import numpy as np

from edgeprof_agent.runtimes.delegation import Placed
from edgeprof_agent.worker_protocol.document import Operators

DELEGATE = "DELEGATE"
# Nodes that convert, move or keep and compute nothing: neither integer nor float.
_MOVES_NAMES = (
    "QUANTIZE DEQUANTIZE CAST RESHAPE TRANSPOSE SQUEEZE EXPAND_DIMS CONCATENATION SPLIT SPLIT_V SLICE STRIDED_SLICE "
    "GATHER GATHER_ND SCATTER_ND SHAPE RANK PAD PADV2 MIRROR_PAD PACK UNPACK TILE FILL RANGE ONE_HOT REVERSE_V2 "
    "SPACE_TO_DEPTH DEPTH_TO_SPACE SPACE_TO_BATCH_ND BATCH_TO_SPACE_ND BROADCAST_TO BROADCAST_ARGS DENSIFY "
    "EMBEDDING_LOOKUP CALL_ONCE VAR_HANDLE READ_VARIABLE ASSIGN_VARIABLE IF WHILE DELEGATE"
)
_MOVES = frozenset(_MOVES_NAMES.split())


class Node(TypedDict):
    """One entry of the runtime's `_get_ops_details`."""

    index: int
    op_name: str
    inputs: Sequence[int]
    outputs: Sequence[int]


class TensorType(TypedDict):
    """What we read of the runtime's tensor details."""

    index: int
    dtype: type[np.generic]


class TensorDetail(TensorType):
    """The same with its name and sizes."""

    name: str
    shape: Sequence[int]


def delegates(nodes: Sequence[Node]) -> int:
    """How many partitions a delegate took."""
    return sum(node["op_name"] == DELEGATE for node in nodes)


def read_graph(nodes: Sequence[Node], tensors: Sequence[TensorType]) -> Operators:
    """Operators and their arithmetic by tensor types; times per operator are not exposed to Python."""
    kinds = {tensor["index"]: np.dtype(tensor["dtype"]) for tensor in tensors}
    real = [node for node in nodes if node["op_name"] != DELEGATE]
    delegated = delegated_nodes(nodes)
    arithmetic = Counter(_arithmetic(node, kinds) for node in real)
    return {
        "operators": dict(Counter(node["op_name"] for node in real).most_common()),
        "nodes_per_provider": _per_provider(len(delegated), len(real) - len(delegated)),
        "integer_kernels": arithmetic["integer"] + arithmetic["hybrid"],
        "float_kernels": arithmetic["float"],
        "half_kernels": None,
        "notes": _notes(arithmetic["hybrid"]),
    }


def placed(nodes: Sequence[Node]) -> list[Placed]:
    """Every node of the model, and whether a delegate took it."""
    delegated = delegated_nodes(nodes)
    return [Placed(node["op_name"], node["index"] in delegated) for node in nodes if node["op_name"] != DELEGATE]


def delegated_nodes(nodes: Sequence[Node]) -> set[int]:
    """Indices of the nodes that lie between the inputs and the outputs of a DELEGATE node."""
    real = [node for node in nodes if node["op_name"] != DELEGATE]
    maker = {int(tensor): node for node in real for tensor in node["outputs"]}
    found: set[int] = set()
    for part in nodes:
        if part["op_name"] == DELEGATE:
            found |= _behind(part, maker)
    return found


def _behind(part: Node, maker: dict[int, Node]) -> set[int]:
    border = {int(tensor) for tensor in part["inputs"]}
    waiting = [int(tensor) for tensor in part["outputs"]]
    found: set[int] = set()
    while waiting:
        node = maker.get(waiting.pop())
        if node is not None and node["index"] not in found:
            found.add(node["index"])
            waiting.extend(int(tensor) for tensor in node["inputs"] if int(tensor) not in border)
    return found


def _arithmetic(node: Node, kinds: dict[int, "np.dtype[Any]"]) -> str:
    if node["op_name"] in _MOVES:
        return "none"
    types = [kinds[int(tensor)] for tensor in node["inputs"] if int(tensor) in kinds]
    eight_bit = any(kind.kind in "iu" and kind.itemsize == 1 for kind in types)
    floats = any(kind.kind == "f" for kind in types)
    if eight_bit and floats:
        return "hybrid"
    quantized = eight_bit or any(kind == np.int16 for kind in types)
    return "integer" if quantized else "float" if floats else "none"


def _per_provider(delegated: int, builtin: int) -> dict[str, int]:
    return {name: count for name, count in (("XNNPACK", delegated), ("builtin", builtin)) if count}


def _notes(hybrid: int) -> list[str]:
    notes = ["integer or float is read from each node's tensor types; the delegate's own kernels are not exposed"]
    if hybrid:
        notes.append(f"{hybrid} nodes are hybrid: 8-bit weights, activations quantized on the fly; counted as integer")
    return notes
