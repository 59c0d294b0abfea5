"""Multiply-adds of a node, by a table of our own: convolutions, matrix products, recurrent cells, attention.

Comparisons, normalizations and element-wise work count as none: they are bound by the bytes they move. A node in none
of the tables below has 0 multiply-adds; one that multiplies in a way not tabled here has None, and is named where a
sum is printed.
"""

from collections.abc import Callable
from math import prod

from edgeprof.operators.recorded import NodeRun, TensorInfo

FLOP_PER_MAC = 2


def macs(node: NodeRun) -> int | None:
    """Multiply-adds of one run of the node; None where they cannot be counted.

    >>> x, w, y = (TensorInfo(type="float", shape=s, bytes=0) for s in ((1, 3, 8, 8), (4, 3, 3, 3), (1, 4, 6, 6)))
    >>> macs(NodeRun(name="c", op="Conv", place="cpu", time_ns=1, inputs=(x,), weights=(w,), outputs=(y,)))
    3888
    """
    formula = _FORMULAS.get(node.op)
    if formula is None:
        return None if node.op in _UNCOUNTED or not node.has_tensors else 0
    try:
        return formula(node)
    except (IndexError, LookupError):
        return None


def _kernel(node: NodeRun) -> TensorInfo:
    """The stored kernel of a convolution, else the operand in its place: biases and scales have fewer dimensions."""
    tensors = [each for each in (*node.weights, *node.inputs[1:]) if len(each.shape) >= 3]
    return tensors[0]


def _convolution(node: NodeRun) -> int:
    """[out channels, channels of a group, ...] in ONNX, [out channels, ..., channels of a group] in TFLite.

    A kernel of one value a channel is a scaling, as ONNX Runtime makes it of a normalization: element-wise work.
    """
    values = prod(_kernel(node).shape[1:])
    return node.outputs[0].elements * values if values > 1 else 0


def _depthwise(node: NodeRun) -> int:
    """[1, height, width, channels]."""
    _, height, width, _ = _kernel(node).shape
    return node.outputs[0].elements * height * width


def _transposed(node: NodeRun) -> int:
    """ONNX: [channels, out channels of a group, ...]: each input value meets the whole kernel of its channel."""
    return node.inputs[0].elements * prod(_kernel(node).shape[1:])


def _tflite_transposed(node: NodeRun) -> int:
    """[out channels, height, width, channels]; the inputs are the output's shape, then the values."""
    values = max(node.inputs, key=lambda each: each.elements)
    return values.elements * prod(_kernel(node).shape[:-1])


def _product(node: NodeRun) -> int:
    """[..., M, K] by [..., K, N]; K is found from the shapes alone, whichever operand is transposed.

    >>> a, b, y = (TensorInfo(type="float", shape=s, bytes=0) for s in ((2, 5, 7), (7, 3), (2, 5, 3)))
    >>> _product(NodeRun(name="m", op="MatMul", place="cpu", time_ns=1, inputs=(a, b), outputs=(y,)))
    210
    """
    first = (*node.inputs, *node.weights)[0].shape
    out = node.outputs[0]
    if len(first) < 2:
        return out.elements * sum(first)
    rows = out.shape[-2] if len(out.shape) > 1 else 1
    shared = first[-1] if first[-2] == rows or len(out.shape) < 2 else first[-2]
    return out.elements * shared


def _fully_connected(node: NodeRun) -> int:
    """[out, in]."""
    matrices = [each for each in (*node.weights, *node.inputs[1:]) if len(each.shape) == 2]
    return node.outputs[0].elements * matrices[0].shape[1]


def _recurrent(node: NodeRun) -> int:
    """W [directions, gates, inputs] and R [directions, gates, hidden] for each step and each of the batch."""
    steps, batch = node.inputs[0].shape[:2]
    matrices = [each for each in (*node.weights, *node.inputs[1:]) if len(each.shape) == 3][:2]
    if len(matrices) < 2:
        raise LookupError("no matrices")
    return steps * batch * sum(each.elements for each in matrices)


def _ggml_product(node: NodeRun) -> int:
    """ggml: [K, N, ...] by [K, M, ...] is [N, M, ...]."""
    return node.outputs[0].elements * (*node.weights, *node.inputs)[0].shape[0]


def _ggml_attention(node: NodeRun) -> int:
    """Queries [D, tokens, heads], keys [D, cells, ...], values [Dv, cells, ...]; masked cells count as computed."""
    queries, keys, values = node.inputs[:3]
    return prod(queries.shape[1:]) * keys.shape[1] * (keys.shape[0] + values.shape[0])


Formula = Callable[[NodeRun], int]
_FORMULAS: dict[str, Formula] = {
    # ONNX and ONNX Runtime's own operators
    **dict.fromkeys(("Conv", "FusedConv", "NhwcFusedConv", "ConvInteger", "QLinearConv"), _convolution),
    "ConvTranspose": _transposed,
    **dict.fromkeys(("MatMul", "FusedMatMul", "Gemm", "FusedGemm", "MatMulInteger", "QLinearMatMul"), _product),
    **dict.fromkeys(("MatMulIntegerToFloat", "DynamicQuantizeMatMul", "QGemm", "MatMulNBits"), _product),
    **dict.fromkeys(("LSTM", "GRU", "RNN", "DynamicQuantizeLSTM"), _recurrent),
    # TFLite
    **dict.fromkeys(("CONV_2D", "CONV_3D"), _convolution),
    "DEPTHWISE_CONV_2D": _depthwise,
    "TRANSPOSE_CONV": _tflite_transposed,
    "FULLY_CONNECTED": _fully_connected,
    "BATCH_MATMUL": _product,
    # ggml
    **dict.fromkeys(("MUL_MAT", "MUL_MAT_ID"), _ggml_product),
    "FLASH_ATTN_EXT": _ggml_attention,
}
_UNCOUNTED = frozenset(
    (
        *("Attention", "MultiHeadAttention", "GroupQueryAttention", "QAttention", "Einsum", "FusedGemmActivation"),
        *("UNIDIRECTIONAL_SEQUENCE_LSTM", "UNIDIRECTIONAL_SEQUENCE_RNN", "BIDIRECTIONAL_SEQUENCE_LSTM", "SVDF"),
        *(
            "OUT_PROD",
            "SSM_CONV",
            "SSM_SCAN",
            "RWKV_WKV6",
            "RWKV_WKV7",
            "GATED_LINEAR_ATTN",
            "CONV_2D_DW",
            "FLASH_ATTN",
        ),
    )
)
"""They multiply, and no formula here holds for them."""
