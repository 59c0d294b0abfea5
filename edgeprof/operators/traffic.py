"""Bytes that a node must move at the least: what it reads and writes at the types of the run, each tensor once."""

from edgeprof.operators.recorded import NodeRun

_VIEWS = frozenset(
    (
        *("Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity"),
        *("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "VIEW", "PERMUTE", "TRANSPOSE", "NONE"),
    )
)
"""They give the same bytes another shape. TFLite's TRANSPOSE moves data; ggml's does not."""
_LOOKUPS = frozenset(("Gather", "GatherElements", "GatherND", "GATHER", "GATHER_ND", "EMBEDDING_LOOKUP", "GET_ROWS"))
_EXPERTS = "MUL_MAT_ID"


def bytes_moved(node: NodeRun) -> int | None:
    """None where the node's tensors are not known.

    >>> from edgeprof.operators.recorded import TensorInfo
    >>> x, y = TensorInfo(type="float", shape=(8,), bytes=32), TensorInfo(type="int8", shape=(8,), bytes=8)
    >>> bytes_moved(NodeRun(name="q", op="QuantizeLinear", place="cpu", time_ns=1, inputs=(x,), outputs=(y,)))
    40
    """
    if not node.has_tensors:
        return None
    written = sum(each.bytes for each in node.outputs)
    if node.op in _VIEWS and not (node.op == "TRANSPOSE" and node.kernel):
        return 0
    if node.op in _LOOKUPS:  # a row is read for each that is written; the rest of the table is not touched
        return 2 * written
    read = sum(each.bytes for each in node.inputs)
    stored = sum(each.bytes for each in node.weights)
    if node.op == _EXPERTS and node.weights:
        experts = max(1, node.weights[0].shape[2])
        used = min(experts, node.outputs[0].elements // max(1, node.outputs[0].shape[0]))
        stored = stored * used // experts
    return read + stored + written
