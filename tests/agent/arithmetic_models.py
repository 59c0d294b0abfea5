"""ONNX models that differ in what they are computed in, and how far each is from the exact product."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

SIZE, BLOCK, SCALE = 256, 32, 0.01
MS = "com.microsoft"
Make = Callable[[Path], float]
Save = Callable[[Path], Path]
_RUNTIME: Any = onnxruntime
_RNG = np.random.default_rng(7)
WEIGHTS = _RNG.integers(-8, 8, (SIZE, SIZE)).astype(np.int8)


def _save(
    path: Path, nodes: list[Any], ends: list[Any], constants: list[Any], opset: int = 21, domain: str = ""
) -> Path:
    graph = helper.make_graph(nodes, "graph", ends[:-1], ends[-1:], constants)
    opsets = [helper.make_opsetid("", opset), *([helper.make_opsetid(domain, 1)] if domain else [])]
    path.write_bytes(helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString())
    return path


def _ends(rows: int = 1, kind: int = TensorProto.FLOAT) -> list[Any]:
    return [helper.make_tensor_value_info(name, kind, [rows, SIZE]) for name in "xy"]


def _error(path: Path, exact: "np.ndarray[Any, Any]") -> float:
    """The largest difference from x @ exact."""
    x = _RNG.standard_normal((1, SIZE)).astype(np.float32)
    session: Any = _RUNTIME.InferenceSession(path, providers=["CPUExecutionProvider"])
    found = np.asarray(session.run(None, {"x": x})[0])
    return float(np.abs(found - x.astype(np.float64) @ exact).max())


def nbits(path: Path, level: int | None) -> float:
    """One MatMulNBits with 4-bit weights around 8, as its operator keeps them: column by column."""
    unsigned = (WEIGHTS + 8).astype(np.uint8).T.reshape(SIZE, SIZE // BLOCK, BLOCK)
    packed = numpy_helper.from_array(unsigned[..., 0::2] | (unsigned[..., 1::2] << 4), "q")
    scales = numpy_helper.from_array(np.full(SIZE * SIZE // BLOCK, SCALE, np.float32), "s")
    given: dict[str, Any] = {"K": SIZE, "N": SIZE, "bits": 4, "block_size": BLOCK}
    if level is not None:
        given["accuracy_level"] = level
    node = helper.make_node("MatMulNBits", ["x", "q", "s"], ["y"], domain=MS, **given)
    return _error(_save(path, [node], _ends(), [packed, scales], domain=MS), WEIGHTS * SCALE)


def int4_qdq(path: Path) -> float:
    """int4 weights and a DequantizeLinear before a MatMul, of which the runtime makes a MatMulNBits."""
    flat = WEIGHTS.reshape(-1) & 0xF
    packed = (flat[0::2] | (flat[1::2] << 4)).astype(np.uint8).tobytes()
    weights = helper.make_tensor("w", TensorProto.INT4, (SIZE, SIZE), packed, raw=True)
    scales = numpy_helper.from_array(np.full((SIZE // BLOCK, SIZE), SCALE, np.float32), "s")
    nodes = [
        helper.make_node("DequantizeLinear", ["w", "s"], ["d"], axis=0, block_size=BLOCK),
        helper.make_node("MatMul", ["x", "d"], ["y"]),
    ]
    return _error(_save(path, nodes, _ends(), [weights, scales]), WEIGHTS * SCALE)


def _to_floats(name: str) -> list[Any]:
    return [
        helper.make_node("Cast", [name], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["f", "scale"], ["w"]),
        helper.make_node("MatMul", ["x", "w"], ["y"]),
    ]


def _with_scale() -> list[Any]:
    x, y = _ends()
    return [x, helper.make_tensor_value_info("scale", TensorProto.FLOAT, []), y]


def constant_node(path: Path) -> Path:
    """int8 weights in a Constant node, turned to floats at each inference."""
    constant = helper.make_node("Constant", [], ["q"], value=numpy_helper.from_array(WEIGHTS, "q"))
    return _save(path, [constant, *_to_floats("q")], _with_scale(), [])


def in_a_branch(path: Path) -> Path:
    """The same weights as an initializer of a branch."""
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, SIZE])
    then = helper.make_graph(_to_floats("q"), "then", [], [out], [numpy_helper.from_array(WEIGHTS, "q")])
    other = helper.make_graph([helper.make_node("Mul", ["x", "scale"], ["y"])], "else", [], [out])
    nodes = [
        helper.make_node("Less", ["scale", "scale"], ["never"]),
        helper.make_node("Not", ["never"], ["always"]),
        helper.make_node("If", ["always"], ["y"], then_branch=then, else_branch=other),
    ]
    return _save(path, nodes, _with_scale(), [])


def in_a_function(path: Path) -> Path:
    """The same weights in a Constant node of a function of the file."""
    constant = helper.make_node("Constant", [], ["q"], value=numpy_helper.from_array(WEIGHTS, "q"))
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("local", 1)]
    body = [constant, *_to_floats("q")]
    function = helper.make_function("local", "Product", ["x", "scale"], ["y"], body, opsets[:1])
    ends = _with_scale()
    graph = helper.make_graph(
        [helper.make_node("Product", ["x", "scale"], ["y"], domain="local")], "graph", ends[:-1], ends[-1:]
    )
    model = helper.make_model(graph, opset_imports=opsets, functions=[function], ir_version=10)
    path.write_bytes(model.SerializeToString())
    return path


def two_bit(path: Path) -> Path:
    """Weights of two bits, as IR version 13 has them."""
    packed = np.zeros(SIZE * SIZE // 4, np.uint8).tobytes()
    weights = helper.make_tensor("q", TensorProto.INT2, (SIZE, SIZE), packed, raw=True)
    return _save(path, _to_floats("q"), _with_scale(), [weights], opset=25)


def fp16(path: Path) -> Path:
    """Weights and activations in fp16."""
    weights = numpy_helper.from_array(np.ones((SIZE, SIZE), np.float16), "w")
    nodes = [helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("Relu", ["h"], ["y"])]
    return _save(path, nodes, _ends(kind=TensorProto.FLOAT16), [weights])


def int32_product(path: Path) -> Path:
    """A product of whole numbers of 32 bits."""
    weights = numpy_helper.from_array(np.ones((SIZE, SIZE), np.int32), "w")
    return _save(path, [helper.make_node("MatMul", ["x", "w"], ["y"])], _ends(kind=TensorProto.INT32), [weights])


def trace_of(path: Path) -> bytes:
    """ONNX Runtime's own profile of one run."""
    options = _RUNTIME.SessionOptions()
    options.enable_profiling, options.profile_file_prefix = True, str(path.with_suffix(""))
    session = _RUNTIME.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    session.run(None, {"x": np.ones((1, SIZE), np.int32)})
    return Path(session.end_profiling()).read_bytes()
