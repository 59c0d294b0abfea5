"""The inputs that a file declares, as the runtimes themselves tell them."""

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from edgeprof.modelfiles import DeclaredInput, declared_inputs, inspect
from edgeprof.modelfiles.window import ModelFileError
from edgeprof.wire.messages import ModelFormat
from tests.agent import onnx_models, tflite_models
from tests.agent.gguf_models import tiny_llama
from tests.modelfiles import makers

OPEN = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3, None, 8])


def declared(path: Path) -> tuple[DeclaredInput, ...]:
    return declared_inputs(path, inspect(path).format)


def test_onnx_sizes_are_numbers_names_or_open(tmp_path: Path) -> None:
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", [OPEN], [OPEN])
    path = tmp_path / "m.onnx"
    path.write_bytes(helper.make_model(graph).SerializeToString())
    assert declared(path) == (DeclaredInput("x", ("batch", 3, None, 8)),)


def test_weights_that_an_old_onnx_file_lists_as_inputs_are_none(tmp_path: Path) -> None:
    model = makers.onnx_model()
    model.graph.input.append(helper.make_tensor_value_info("w", TensorProto.FLOAT, [300]))
    path = tmp_path / "m.onnx"
    path.write_bytes(model.SerializeToString())
    assert declared(path) == (DeclaredInput("x", (300,)),)


def test_tflite_sizes_are_those_of_the_signature(tmp_path: Path) -> None:
    assert declared(tflite_models.doubled(tmp_path / "a.tflite", [1, 4], [-1, 4])) == (DeclaredInput("x", (None, 4)),)
    assert declared(tflite_models.doubled(tmp_path / "b.tflite", [1, 4])) == (DeclaredInput("x", (1, 4)),)
    assert declared(makers.TFLITE) == (DeclaredInput("serving_default_args_0", (1, 8, 8, 1)),)


def test_a_gguf_takes_tokens(tmp_path: Path) -> None:
    assert declared(tiny_llama(tmp_path / "m.gguf")) == ()


def test_several_inputs_keep_their_order(tmp_path: Path) -> None:
    path = onnx_models.two_inputs(tmp_path / "m.onnx", ["batch", "length"], ["batch", 7])
    assert [(each.name, each.sizes) for each in declared(path)] == [
        ("ids", ("batch", "length")),
        ("mask", ("batch", 7)),
    ]


def test_external_weights_and_large_files_are_stepped_over(tmp_path: Path) -> None:
    large = numpy_helper.from_array(np.zeros(2**20, dtype=np.float32), "large")
    path = onnx_models.save(tmp_path / "m.onnx", [helper.make_node("Relu", ["x"], ["y"])], ["n", 4], large)
    assert declared(path) == (DeclaredInput("x", ("n", 4)),)


@pytest.mark.parametrize("suffix", ["onnx", "tflite"])
def test_a_file_that_was_cut_since_it_was_inspected_fails_cleanly(suffix: ModelFormat, tmp_path: Path) -> None:
    data = makers.TFLITE.read_bytes() if suffix == "tflite" else makers.onnx_model().SerializeToString()
    path = tmp_path / f"m.{suffix}"
    path.write_bytes(data[: int(len(data) * 0.3)])
    with pytest.raises(ModelFileError, match=r"truncated|damaged"):
        declared_inputs(path, suffix)
