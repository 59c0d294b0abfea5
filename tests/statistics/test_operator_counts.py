"""Multiply-adds, bytes and bounds of single nodes, against figures that are worked out by hand."""

from pathlib import Path

import onnx
import pytest
from onnx import shape_inference

from edgeprof.operators.ceilings import Ceiling
from edgeprof.operators.counting import macs
from edgeprof.operators.placing import place
from edgeprof.operators.recorded import NodeRun, TensorInfo
from edgeprof.operators.traffic import bytes_moved

LIGHT = Path(onnx.__file__).parent / "backend/test/data/light"
CEILING = Ceiling(
    runtime="r", runtime_version="1", threads=1, bandwidth_gb_s=10.0, peak_gflop_s={"fp32": 100.0}, measured_at=""
)


def tensor(*shape: int, item_bytes: int = 4) -> TensorInfo:
    found = TensorInfo(type="float", shape=shape, bytes=0)
    return TensorInfo(type="float", shape=shape, bytes=item_bytes * found.elements)


def node(
    op: str,
    inputs: tuple[TensorInfo, ...],
    weights: tuple[TensorInfo, ...] = (),
    outputs: tuple[TensorInfo, ...] = (),
    *,
    time_ns: float = 1000.0,
    precision: str = "fp32",
    kernel: str = "",
) -> NodeRun:
    return NodeRun(
        name="n",
        op=op,
        place="cpu",
        time_ns=time_ns,
        inputs=inputs,
        weights=weights,
        outputs=outputs,
        precision=precision,
        kernel=kernel,
    )


@pytest.mark.parametrize(
    ("op", "inputs", "weights", "outputs", "expected"),
    [
        ("Conv", (tensor(1, 8, 10, 10),), (tensor(16, 8, 3, 3), tensor(16)), (tensor(1, 16, 8, 8),), 1024 * 72),
        # two groups of four channels
        ("Conv", (tensor(1, 8, 10, 10),), (tensor(16, 4, 3, 3),), (tensor(1, 16, 8, 8),), 1024 * 36),
        # depthwise
        ("FusedConv", (tensor(1, 8, 10, 10),), (tensor(8, 1, 3, 3),), (tensor(1, 8, 8, 8),), 512 * 9),
        # a normalization that ONNX Runtime runs as a convolution scales each channel
        ("Conv", (tensor(1, 8, 10, 10),), (tensor(8, 1, 1, 1),), (tensor(1, 8, 10, 10),), 0),
        # the kernel may be an activation, too
        ("Conv", (tensor(1, 8, 10, 10), tensor(16, 8, 3, 3)), (), (tensor(1, 16, 8, 8),), 1024 * 72),
        # uint8 values last, scales and zero points between
        (
            "QLinearConv",
            (tensor(1, 8, 8, 3),),
            (tensor(), tensor(), tensor(32, 3, 3, 3)),
            (tensor(1, 6, 6, 32),),
            31104,
        ),
        ("ConvTranspose", (tensor(1, 8, 5, 5),), (tensor(8, 4, 2, 2),), (tensor(1, 4, 10, 10),), 200 * 16),
        ("MatMul", (tensor(2, 5, 7), tensor(2, 7, 3)), (), (tensor(2, 5, 3),), 2 * 5 * 7 * 3),
        ("MatMul", (tensor(7), tensor(7, 3)), (), (tensor(3),), 21),
        ("Gemm", (tensor(5, 7),), (tensor(3, 7), tensor(3)), (tensor(5, 3),), 105),
        # the first operand is transposed
        ("FusedMatMul", (tensor(7, 5), tensor(7, 3)), (), (tensor(5, 3),), 105),
        ("LSTM", (tensor(10, 2, 6),), (tensor(1, 16, 6), tensor(1, 16, 4)), (tensor(10, 1, 2, 4),), 20 * (96 + 64)),
        ("CONV_2D", (tensor(1, 10, 10, 8),), (tensor(16, 3, 3, 8),), (tensor(1, 8, 8, 16),), 1024 * 72),
        ("DEPTHWISE_CONV_2D", (tensor(1, 10, 10, 8),), (tensor(1, 3, 3, 8),), (tensor(1, 8, 8, 8),), 512 * 9),
        ("FULLY_CONNECTED", (tensor(4, 7),), (tensor(3, 7), tensor(3)), (tensor(4, 3),), 84),
        ("TRANSPOSE_CONV", (tensor(4), tensor(1, 5, 5, 8)), (tensor(4, 2, 2, 8),), (tensor(1, 10, 10, 4),), 200 * 16),
        # ggml has the innermost size first
        ("MUL_MAT", (tensor(64, 5, 1, 1),), (tensor(64, 32, 1, 1),), (tensor(32, 5, 1, 1),), 64 * 32 * 5),
        (
            "FLASH_ATTN_EXT",
            (tensor(64, 5, 9, 1), tensor(64, 256, 3, 1), tensor(64, 256, 3, 1)),
            (),
            (tensor(64, 9, 5, 1),),
            5 * 9 * 256 * 128,
        ),
        ("Relu", (tensor(1, 8),), (), (tensor(1, 8),), 0),
        ("MaxPool", (tensor(1, 8, 4, 4),), (), (tensor(1, 8, 2, 2),), 0),
        # it multiplies in a way that no formula is kept for
        ("MultiHeadAttention", (tensor(1, 8, 64),), (), (tensor(1, 8, 64),), None),
        # an operand is missing
        ("FULLY_CONNECTED", (tensor(4, 7),), (), (tensor(4, 3),), None),
    ],
)
def test_multiply_adds(
    op: str,
    inputs: tuple[TensorInfo, ...],
    weights: tuple[TensorInfo, ...],
    outputs: tuple[TensorInfo, ...],
    expected: int | None,
) -> None:
    assert macs(node(op, inputs, weights, outputs)) == expected


PUBLISHED = {"resnet50": 4.09, "densenet121": 2.83, "vgg19": 19.63}
"""GMAC of one image of 224 by 224, in torchvision's tables of its weights (GFLOPS there)."""


@pytest.mark.parametrize("name", PUBLISHED)
def test_known_networks(name: str) -> None:
    """The graphs are onnx's own test data; shapes are inferred by onnx."""
    file = onnx.load(LIGHT / f"light_{name}.onnx")  # pyright: ignore[reportUnknownMemberType]
    model = shape_inference.infer_shapes(file, data_prop=True)
    shapes = {each.name: tuple(each.dims) for each in model.graph.initializer}
    for each in (*model.graph.value_info, *model.graph.input, *model.graph.output):
        shapes[each.name] = tuple(dim.dim_value for dim in each.type.tensor_type.shape.dim)
    total = 0
    for each in model.graph.node:
        inputs = tuple(tensor(*shapes[key]) for key in each.input if key in shapes)
        found = macs(
            node(each.op_type, inputs, (), tuple(tensor(*shapes[key]) for key in each.output if key in shapes))
        )
        assert found is not None
        total += found
    assert round(total / 1e9, 2) == PUBLISHED[name]


def test_bytes() -> None:
    x, table = tensor(4, 8), tensor(1000, 8)
    assert bytes_moved(node("Relu", (x,), (), (x,))) == 2 * 128
    assert bytes_moved(node("Reshape", (x,), (), (x,))) == 0
    assert bytes_moved(node("GET_ROWS", (tensor(4),), (table,), (x,))) == 2 * 128
    # TFLite's transposition moves data, ggml's is a view
    assert bytes_moved(node("TRANSPOSE", (x,), (), (x,), kernel="Transpose (ND, X32)")) == 2 * 128
    assert bytes_moved(node("TRANSPOSE", (x,), (), (x,))) == 0
    # 2 of 8 experts are used by one token
    experts = tensor(64, 32, 8)
    moved = bytes_moved(node("MUL_MAT_ID", (tensor(64, 1, 1),), (experts,), (tensor(32, 2, 1),)))
    assert moved == 256 + experts.bytes // 4 + 256


def test_places_under_the_roofline() -> None:
    # 1000 bytes at 10 GB/s take 100 ns: memory, at 71 % in 141 ns
    x = tensor(125)
    placed = place(node("Relu", (x,), (), (x,), time_ns=141, precision=""), CEILING)
    assert (placed.bound, round(placed.share or 0, 2)) == ("memory", 0.71)
    # 2 x 10^6 operations at 100 GFLOP/s take 20 µs, 120 kB at 10 GB/s take 12 µs
    square = tensor(100, 100)
    placed = place(node("MatMul", (square, square), (), (square,), time_ns=40_000), CEILING)
    assert (placed.bound, placed.share, placed.gflop_s) == ("compute", 0.5, 50.0)
    assert place(node("MatMul", (square, square), (), (square,), precision="fp16"), CEILING).bound is None
    assert place(node("MatMul", (square, square), (), (square,)), None).bound is None
