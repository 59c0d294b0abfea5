"""ONNX Runtime's own format: recognised by its bytes, walked to its end, its inputs and weights read."""

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from edgeprof.errors import EdgeprofError
from edgeprof.modelfiles import DeclaredInput, declared_inputs, first_look, inspect, small_weights_share
from tests.modelfiles import makers
from tests.modelfiles.makers import saved_as_ort


def small_matmul() -> bytes:
    """A product with an 8-bit weight, whose batch is open."""
    weight = numpy_helper.from_array(np.ones((16, 4), np.int8), "w")
    scale = numpy_helper.from_array(np.array(0.1, np.float32), "s")
    graph = helper.make_graph(
        [
            helper.make_node("DequantizeLinear", ["w", "s"], ["wide"]),
            helper.make_node("MatMul", ["x", "wide"], ["y"]),
        ],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 16])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 4])],
        [weight, scale],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    return made.SerializeToString()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved_as_ort(makers.onnx_model().SerializeToString(), tmp_path_factory.mktemp("ort") / "add.ort")


@pytest.mark.parametrize("name", ["add.ort", "add", "ADD.ORT"])
def test_it_is_recognised_by_its_bytes(plain: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(plain.read_bytes())
    assert inspect(tmp_path / name).format == "ort"


def test_a_name_of_another_format_is_the_wrong_one(plain: Path, tmp_path: Path) -> None:
    (tmp_path / "add.onnx").write_bytes(plain.read_bytes())
    with pytest.raises(EdgeprofError) as caught:
        inspect(tmp_path / "add.onnx")
    assert (caught.value.code, ".ort" in caught.value.message) == ("wrong_format", True)


def test_a_file_cut_anywhere_is_truncated(plain: Path, tmp_path: Path) -> None:
    data = plain.read_bytes()
    for length in {*range(1, 64), *range(64, len(data) - 8, 37)}:
        (tmp_path / "cut.ort").write_bytes(data[:length])
        with pytest.raises(EdgeprofError) as caught:
            inspect(tmp_path / "cut.ort")
        assert caught.value.code == "truncated", (length, caught.value.message)


def test_its_first_bytes_are_looked_at_before_it_is_sent(plain: Path) -> None:
    first_look(plain.read_bytes()[:32], "add.ort")
    with pytest.raises(EdgeprofError):
        first_look(makers.onnx_model().SerializeToString()[:32], "add.ort")


def test_inputs_are_read_with_their_open_sizes(tmp_path: Path) -> None:
    path = saved_as_ort(small_matmul(), tmp_path / "m.ort")
    assert declared_inputs(path, "ort") == (DeclaredInput("x", ("batch", 16)),)


def test_weights_are_counted_by_their_types(tmp_path: Path) -> None:
    share = small_weights_share(saved_as_ort(small_matmul(), tmp_path / "m.ort"), "ort")
    assert share is not None
    assert 0.9 < share < 1
