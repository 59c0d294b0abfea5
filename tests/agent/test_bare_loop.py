"""The benchmark's bare loop feeds what a model declares."""

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from benchmarks.bare_loop import made_up, onnx_step, onnx_type


@pytest.mark.parametrize(
    ("declared", "kind", "low", "high"),
    [
        ("tensor(float)", np.float32, 0, 1),
        ("tensor(double)", np.float64, 0, 1),
        ("tensor(float16)", np.float16, 0, 1),
        ("tensor(int64)", np.int64, 0, 1),
        ("tensor(int32)", np.int32, 0, 1),
        ("tensor(uint8)", np.uint8, 0, 255),
        ("tensor(int8)", np.int8, -128, 127),
        ("tensor(bool)", np.bool_, 0, 1),
    ],
)
def test_inputs_are_of_the_declared_type(declared: str, kind: type, low: int, high: int) -> None:
    values = made_up([4, 50], onnx_type(declared))
    assert values.dtype == np.dtype(kind)
    assert values.shape == (4, 50)
    assert low <= values.min() < values.max() <= high


def test_a_type_without_inputs_ends_the_loop_with_a_sentence() -> None:
    with pytest.raises(SystemExit, match="makes no inputs of type"):
        made_up([2], onnx_type("tensor(string)"))


def test_a_model_with_integer_inputs_runs(tmp_path: Path) -> None:
    inputs = [helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch", 3])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 3])]
    node = helper.make_node("Cast", ["ids"], ["y"], to=TensorProto.FLOAT)
    graph = helper.make_graph([node], "ids", inputs, outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    (tmp_path / "ids.onnx").write_bytes(model.SerializeToString())
    onnx_step(str(tmp_path / "ids.onnx"))()
