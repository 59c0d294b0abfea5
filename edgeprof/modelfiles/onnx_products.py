"""The quantized convolutions and products of an ONNX file, by how the file stores their weights."""

from collections import Counter

from edgeprof.modelfiles import onnx_nodes
from edgeprof.modelfiles.parse import Span, numbers, text, texts
from edgeprof.modelfiles.window import FileWindow

# onnx.proto: field numbers of NodeProto and TensorProto, and two values of DataType.
_NODE_INPUT, _NODE_OUTPUT, _NODE_TYPE = 1, 2, 4
_TENSOR_DIMS, _TENSOR_TYPE, _TENSOR_NAME = 1, 2, 8
_TYPES = {2: "uint8", 3: "int8"}
_WEIGHT_PLACE = {"ConvInteger": 1, "MatMulInteger": 1, "QLinearConv": 3, "QLinearMatMul": 3}
"""Of an operator that takes quantized weights: which of its inputs they are."""
_FROM_FLOATS = frozenset(("Conv", "MatMul", "Gemm"))
"""Of a file in QDQ form: what a DequantizeLinear of weights feeds."""
_WEIGHT_OF_FLOATS = 1


def quantized_products(window: FileWindow) -> dict[str, int]:
    """Nodes by operator and stored type, as `{"ConvInteger int8": 3, "Conv uint8": 2}`; 8-bit weights only."""
    stored: dict[str, str] = {}
    for tensor in onnx_nodes.tensors(window):
        kind = _TYPES.get(next(numbers(window, tensor, _TENSOR_TYPE), 0))
        if kind is not None and len(list(numbers(window, tensor, _TENSOR_DIMS))) > 1:
            stored[text(window, tensor, _TENSOR_NAME)] = kind
    if not stored:
        return {}
    all_nodes = list(onnx_nodes.nodes(window))
    dequantized = dict(_dequantized(window, all_nodes, stored))
    found: Counter[str] = Counter()
    for node in all_nodes:
        operator = text(window, node, _NODE_TYPE)
        names, place = (dequantized, _WEIGHT_OF_FLOATS) if operator in _FROM_FLOATS else (stored, -1)
        place = _WEIGHT_PLACE.get(operator, place)
        inputs = list(texts(window, node, _NODE_INPUT))
        if 0 <= place < len(inputs) and inputs[place] in names:
            found[f"{operator} {names[inputs[place]]}"] += 1
    return dict(found)


def _dequantized(window: FileWindow, all_nodes: list[Span], stored: dict[str, str]) -> "list[tuple[str, str]]":
    """The outputs of DequantizeLinear nodes that read stored weights, with the type of those."""
    found: list[tuple[str, str]] = []
    for node in all_nodes:
        if text(window, node, _NODE_TYPE) == "DequantizeLinear":
            inputs, outputs = list(texts(window, node, _NODE_INPUT)), list(texts(window, node, _NODE_OUTPUT))
            if inputs and outputs and inputs[0] in stored:
                found.append((outputs[0], stored[inputs[0]]))
    return found
