"""What the operators of a LiteRT graph do with the model's inputs, as the interpreter shows them. Pure."""

from collections.abc import Mapping, Sequence

from edgeprof_agent.runtimes.litert.graph import DELEGATE, Node
from edgeprof_agent.worker_protocol.document import InputUse

_ROLES: dict[tuple[str, int], str] = {
    ("GATHER", 1): "index",
    ("EMBEDDING_LOOKUP", 0): "index",
    ("RESHAPE", 1): "shape",
    ("BROADCAST_TO", 1): "one",
    ("TILE", 1): "one",
    ("FILL", 0): "one",
    ("RESIZE_BILINEAR", 1): "sizes",
    ("RESIZE_NEAREST_NEIGHBOR", 1): "sizes",
    ("SLICE", 1): "begins",
    ("SLICE", 2): "one",
    ("STRIDED_SLICE", 1): "begins",
    ("STRIDED_SLICE", 2): "ends",
    ("STRIDED_SLICE", 3): "one",
    ("PAD", 1): "nothing",
    ("PADV2", 1): "nothing",
    ("MIRROR_PAD", 1): "nothing",
    ("DIV", 1): "divisor",
    ("FLOOR_DIV", 1): "divisor",
    ("FLOOR_MOD", 1): "divisor",
    ("RANGE", 0): "nothing",
    ("RANGE", 1): "count",
    ("RANGE", 2): "one",
    ("ONE_HOT", 0): "nothing",
    ("ONE_HOT", 1): "depth",
    ("TOPK_V2", 1): "k",
    ("REVERSE_SEQUENCE", 1): "length",
    ("EXPAND_DIMS", 1): "nothing",
    ("TRANSPOSE", 1): "axes",
    ("CUMSUM", 1): "nothing",
    ("SPLIT", 0): "nothing",
    ("SPLIT_V", 1): "splits",
    ("DYNAMIC_UPDATE_SLICE", 2): "nothing",
    ("IF", 0): "condition",
    **{
        (name, 1): "nothing"
        for name in ("SUM", "MEAN", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD", "ARG_MAX", "ARG_MIN")
    },
}
_TABLE = {"GATHER": 0, "EMBEDDING_LOOKUP": 1}
_SAME_VALUES = frozenset(("CAST", "RESHAPE", "SQUEEZE", "EXPAND_DIMS", "TRANSPOSE", "CONCATENATION", "PACK"))
_MAX_STEPS = 8


def uses_of(
    index: int, nodes: Sequence[Node], sizes: Mapping[int, Sequence[int]], names: Mapping[int, str]
) -> list[InputUse]:
    """Of the input tensor at `index`: uses of it, and of what only hands its values on.

    `sizes`: of every tensor, by index; `names`: of the model's inputs, by index.
    """
    real = [node for node in nodes if node["op_name"] != DELEGATE]
    found: list[InputUse] = []
    waiting, seen = [(index, 0)], {index}
    while waiting:
        value, steps = waiting.pop()
        for node in real:
            for slot in (slot for slot, tensor in enumerate(node["inputs"]) if int(tensor) == value):
                role = _ROLES.get((node["op_name"], slot))
                if role is not None:
                    found.append(_use(role, node, slot, sizes, names))
                elif node["op_name"] in _SAME_VALUES and steps < _MAX_STEPS:
                    new = [int(tensor) for tensor in node["outputs"] if int(tensor) not in seen]
                    seen.update(new)
                    waiting += [(tensor, steps + 1) for tensor in new]
    return found


def _use(role: str, node: Node, slot: int, sizes: Mapping[int, Sequence[int]], names: Mapping[int, str]) -> InputUse:
    """A lookup goes through rows of its table; anything else works on the operator's first tensor."""
    tensors = [int(tensor) for tensor in node["inputs"]]
    table = _TABLE.get(node["op_name"])
    if role == "index" and table is not None:
        rows = list(sizes.get(tensors[table], ()))
        own = names.get(tensors[table], "")
        return {"role": role, "limit": rows[0] if rows and not own else None, "of": own, "axis": 0}
    return {"role": role, "limit": None, "of": names.get(tensors[0], "") if slot else "", "axis": 0}
