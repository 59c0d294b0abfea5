"""ONNX Runtime's profile (a Chrome trace) read for which kernels ran, where, and in what arithmetic. Pure."""

import json
from collections import Counter
from typing import TypedDict, cast

from edgeprof_agent.runtimes.delegation import Placed
from edgeprof_agent.worker_protocol.document import Operators

# Kernels that multiply and add in 8-bit integers. From onnxruntime's docs/OperatorKernels.md (CPU provider) and
# docs/ContribOperators.md; ConvInteger, MatMulInteger, QLinearConv and QLinearMatMul are ONNX's own operators.
_INTEGER_NAMES = (
    "ConvInteger MatMulInteger MatMulIntegerToFloat DynamicQuantizeMatMul DynamicQuantizeLSTM "
    "QAttention QGemm QEmbedLayerNormalization NhwcMaxPool"
)
_INTEGER = frozenset(_INTEGER_NAMES.split())
_INTEGER_PREFIX = ("QLinear", "QOrdered")
# Kernels that convert, move or look up and compute nothing: neither integer nor float.
_MOVES_NAMES = (
    "QuantizeLinear DequantizeLinear DynamicQuantizeLinear Cast Reshape Transpose Squeeze Unsqueeze Flatten Identity "
    "Concat Split Slice Gather GatherElements GatherND ScatterND ScatterElements Shape Size Expand Tile Pad Constant "
    "ConstantOfShape DepthToSpace SpaceToDepth ReorderInput ReorderOutput Dropout OneHot Range NonZero If Loop Scan "
    "MemcpyFromHost MemcpyToHost Where Compress Unique BitCast CastLike IsNaN IsInf NonMaxSuppression ZipMap Trilu "
    "ReverseSequence EyeLike SplitToSequence ConcatFromSequence SequenceAt SequenceConstruct SequenceEmpty "
    "SequenceErase SequenceInsert SequenceLength Optional OptionalGetElement OptionalHasElement"
)
_MOVES = frozenset(_MOVES_NAMES.split())
_FLOATS = frozenset(("float", "float16", "double", "bfloat16"))
_EIGHT_BIT = frozenset(("int8", "uint8"))
_WIDE_INTEGERS = frozenset(("int16", "uint16", "int32", "uint32", "int64", "uint64"))
_PRODUCTS = frozenset(("MatMul", "Gemm", "Conv", "ConvTranspose", "Einsum"))
"""Of whole numbers these are the model's work; an Add or a Mul of them reckons with sizes."""


class _Args(TypedDict):
    op_name: str
    provider: str
    node_index: str
    input_type_shape: list[dict[str, object]]


def read_trace(trace: bytes) -> Operators:
    """Executed nodes, each counted once however often it ran. MatMulNBits counts as float: its level is in the file."""
    nodes = _nodes(trace)
    arithmetic = Counter(_arithmetic(node) for node in nodes)
    return {
        "operators": dict(Counter(node["op_name"] for node in nodes).most_common()),
        "nodes_per_provider": dict(Counter(node["provider"] for node in nodes)),
        "integer_kernels": arithmetic["integer"],
        "float_kernels": arithmetic["float"],
        "half_kernels": sum(_arithmetic(node) == "float" and "float16" in _types(node) for node in nodes),
        "notes": ["operators are those of the optimised graph, from a profiled session after the measurement"],
    }


def placed(trace: bytes, provider: str) -> list[Placed]:
    """Every executed node, and whether it ran on this provider."""
    return [Placed(node["op_name"], node["provider"] == provider) for node in _nodes(trace)]


def is_integer(name: str) -> bool:
    """Whether this kernel multiplies and adds in 8-bit integers.

    >>> is_integer("QLinearConv"), is_integer("Conv")
    (True, False)
    """
    return name in _INTEGER or name.startswith(_INTEGER_PREFIX)


def _nodes(trace: bytes) -> list[_Args]:
    events = cast(list[dict[str, object]], json.loads(trace))
    found: dict[tuple[object, ...], _Args] = {}
    for event in events:
        name = str(event.get("name", ""))
        if event.get("cat") == "Node" and name.endswith("_kernel_time"):
            args = cast(_Args, event["args"])
            found[(name, args["node_index"], args["op_name"])] = args
    return list(found.values())


def _arithmetic(node: _Args) -> str:
    name = node["op_name"]
    types = _types(node)
    if name in _MOVES:
        return "none"
    if is_integer(name):
        return "integer"
    if types & _FLOATS:
        return "float"
    return "integer" if types & (_EIGHT_BIT | (_WIDE_INTEGERS if name in _PRODUCTS else frozenset())) else "none"


def _types(node: _Args) -> set[str]:
    return {kind for entry in node["input_type_shape"] for kind in entry}
