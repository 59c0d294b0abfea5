"""Inputs that are not plain numbers: texts, sequences, optional ones, types that numpy does not have, true scalars."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort  # pyright: ignore[reportMissingTypeStubs]
import pytest
from onnx import TensorProto, helper

from edgeprof.wire.messages import Result
from edgeprof_agent.runtimes.element_types import ELEMENT_TYPES, stored
from tests.agent import onnx_models, steered_models, tflite_models
from tests.agent.measuring import measured, request_for
from tests.agent.test_sweep import FAST

ml = helper.make_opsetid("ai.onnx.ml", 3)


def inputs_of(result: Result) -> dict[str, str]:
    assert result.effective is not None, result.failure
    return result.effective.inputs


def labels(path: Path) -> Path:
    node = helper.make_node(
        "LabelEncoder", ["word"], ["y"], domain="ai.onnx.ml", keys_strings=["no", "yes"], values_int64s=[0, 1]
    )
    inputs = {"word": (TensorProto.STRING, ["batch"])}
    return steered_models.save(path, [node], inputs, output=TensorProto.INT64, opset=17, more_opsets=[ml])


def of_type(path: Path, kind: str, node: str = "Cast") -> Path:
    """`y` is `x` as float32, or `x` as it is."""
    made = (
        helper.make_node("Cast", ["x"], ["y"], to=TensorProto.FLOAT)
        if node == "Cast"
        else helper.make_node(node, ["x"], ["y"])
    )
    code = getattr(TensorProto, kind)
    output = TensorProto.FLOAT if node == "Cast" else code
    return steered_models.save(path, [made], {"x": (code, [3, 5])}, output=output)


def test_texts_come_from_the_npz_or_the_command_line(tmp_path: Path) -> None:
    model = labels(tmp_path / "m.onnx")
    failure = measured(request_for(model, protocol=FAST)).failure
    assert failure is not None
    assert (failure.code, failure.stage) == ("input_unsupported", "load")
    assert failure.message == (
        "Input 'word' takes text, which cannot be made up. Give it with `--input word=TEXT`, or in m.inputs.npz next "
        "to the model."
    )
    given = measured(request_for(model, protocol=FAST, input_values={"word": "yes,no,yes"}))
    assert inputs_of(given) == {"word": "string[3] = yes,no,yes"}
    np.savez(tmp_path / "m.inputs.npz", word=np.array(["no", "maybe"]))
    assert inputs_of(measured(request_for(model, protocol=FAST))) == {"word": "string[2]"}
    np.savez(tmp_path / "m.inputs.npz", word=np.array([1, 2]))
    refused = measured(request_for(model, protocol=FAST)).failure
    assert refused is not None
    assert "has 'word' as int64, but the model takes string" in refused.message


def test_a_sequence_has_numbered_arrays(tmp_path: Path) -> None:
    graph = helper.make_graph(
        [helper.make_node("SequenceLength", ["x"], ["y"])],
        "graph",
        [helper.make_tensor_sequence_value_info("x", TensorProto.FLOAT, ["n", 3])],
        [helper.make_tensor_value_info("y", TensorProto.INT64, [])],
    )
    model = tmp_path / "m.onnx"
    model.write_bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9).SerializeToString()
    )
    failure = measured(request_for(model, protocol=FAST)).failure
    assert failure is not None
    assert failure.code == "input_unsupported"
    assert "as arrays x.0, x.1 and so on" in failure.message
    np.savez(tmp_path / "m.inputs.npz", **{"x.0": np.ones((2, 3), np.float32), "x.1": np.ones((1, 3), np.float32)})  # pyright: ignore[reportArgumentType]
    assert inputs_of(measured(request_for(model, protocol=FAST))) == {"x": "sequence of 2 float32[2,3]"}


def test_an_optional_input_is_made_up_or_left_out(tmp_path: Path) -> None:
    kind = helper.make_optional_type_proto(helper.make_tensor_type_proto(TensorProto.FLOAT, [5]))
    graph = helper.make_graph(
        [
            helper.make_node("OptionalHasElement", ["maybe"], ["has"]),
            helper.make_node("Cast", ["has"], ["number"], to=TensorProto.FLOAT),
            helper.make_node("Add", ["number", "x"], ["y"]),
        ],
        "graph",
        [helper.make_value_info("maybe", kind), helper.make_tensor_value_info("x", TensorProto.FLOAT, [2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2])],
    )
    model = tmp_path / "m.onnx"
    model.write_bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9).SerializeToString()
    )
    assert inputs_of(measured(request_for(model, protocol=FAST)))["maybe"] == "float32[5]"
    np.savez(tmp_path / "m.inputs.npz", x=np.ones(2, np.float32))
    assert inputs_of(measured(request_for(model, protocol=FAST)))["maybe"] == "left out"


@pytest.mark.parametrize(
    "kind",
    ["BFLOAT16", "FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ", "INT4", "UINT4"],
)
def test_a_type_that_numpy_lacks_is_fed(kind: str, tmp_path: Path) -> None:
    result = measured(request_for(of_type(tmp_path / "m.onnx", kind), protocol=FAST))
    assert inputs_of(result) == {"x": f"{kind.lower()}[3,5]"}


def test_an_output_of_a_type_that_numpy_lacks_is_measured(tmp_path: Path) -> None:
    result = measured(request_for(of_type(tmp_path / "m.onnx", "BFLOAT16", "Identity"), protocol=FAST))
    assert result.status == "measured", result.failure


def through_the_runtime(path: Path, kind: str, values: npt.NDArray[Any]) -> list[float]:
    """What ONNX Runtime itself makes of our bits."""
    session: Any = ort.InferenceSession(of_type(path, kind), providers=["CPUExecutionProvider"])
    element = ELEMENT_TYPES[kind.lower()]
    value = ort.OrtValue.ortvalue_from_numpy_with_onnx_type(stored(values, element), element.onnx_code)
    return session.run(None, {"x": value})[0].ravel().tolist()


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("BFLOAT16", np.array([0.5, -1.25, 3.0, 1e-3, 300.0])),
        ("FLOAT8E4M3FN", np.array([0.5, -1.25, 448.0, 1e9, 0.0])),
        ("FLOAT8E4M3FNUZ", np.array([0.5, -1.25, 240.0, 1e9, 0.0])),
        ("FLOAT8E5M2", np.array([0.5, -1.25, 57344.0, 1e9, 0.0])),
        ("FLOAT8E5M2FNUZ", np.array([0.5, -1.25, 57344.0, 1e9, 0.0])),
    ],
)
def test_the_runtime_reads_the_numbers_that_were_given(kind: str, values: npt.NDArray[Any], tmp_path: Path) -> None:
    greatest = {
        "BFLOAT16": 3e38,
        "FLOAT8E4M3FN": 448,
        "FLOAT8E4M3FNUZ": 240,
        "FLOAT8E5M2": 57344,
        "FLOAT8E5M2FNUZ": 57344,
    }
    got = through_the_runtime(tmp_path / "m.onnx", kind, np.tile(values.astype(np.float32), (3, 1)))
    assert got[:5] == pytest.approx(np.minimum(values, greatest[kind]), rel=4e-3)


@pytest.mark.parametrize(("kind", "low"), [("INT4", -8), ("UINT4", 0)])
def test_packed_integers_are_read_in_order(kind: str, low: int, tmp_path: Path) -> None:
    values = (np.arange(15) + low).astype(np.int8 if low else np.uint8).reshape(3, 5)
    assert through_the_runtime(tmp_path / "m.onnx", kind, values) == values.ravel().tolist()


def test_a_scalar_of_such_a_type_is_an_array_of_no_dimensions() -> None:
    for name, element in ELEMENT_TYPES.items():
        assert stored(np.asarray(1, element.values), element).shape == (), name


def test_raw_bits_are_taken_as_they_are() -> None:
    bits = np.array([0x3F80, 0x4000], np.uint16)
    assert np.array_equal(stored(bits, ELEMENT_TYPES["bfloat16"]), bits)
    assert np.array_equal(stored(np.array([1.0, 2.0], np.float32), ELEMENT_TYPES["bfloat16"]), bits)
    assert np.array_equal(stored(bits.view("V2"), ELEMENT_TYPES["bfloat16"]), bits)


def test_a_scalar_stays_a_scalar(tmp_path: Path) -> None:
    onnx = onnx_models.relu(tmp_path / "a.onnx", [])
    np.savez(tmp_path / "a.inputs.npz", x=np.float32(2))
    assert inputs_of(measured(request_for(onnx, protocol=FAST))) == {"x": "float32[]"}
    tflite = tflite_models.doubled(tmp_path / "b.tflite", [])
    np.savez(tmp_path / "b.inputs.npz", x=np.float32(2))
    assert inputs_of(measured(request_for(tflite, "litert", protocol=FAST))) == {"x": "float32[]"}


def test_tflite_takes_texts_and_empty_batches(tmp_path: Path) -> None:
    model = tflite_models.rank_of_texts(tmp_path / "m.tflite")
    failure = measured(request_for(model, "litert", protocol=FAST)).failure
    assert failure is not None
    assert failure.code == "input_unsupported"
    np.savez(tmp_path / "m.inputs.npz", x=np.array([["a", "bé", "c"]]))
    assert inputs_of(measured(request_for(model, "litert", protocol=FAST))) == {"x": "string[1,3]"}
    doubled = tflite_models.doubled(tmp_path / "d.tflite", [1, 4], [-1, 4])
    empty = measured(request_for(doubled, "litert", protocol=FAST, shapes={"x": (0, 4)}))
    assert inputs_of(empty) == {"x": "float32[0,4]"}


@pytest.mark.parametrize("kind", ["BFLOAT16", "RESOURCE"])
def test_what_litert_cannot_be_fed_is_no_load_error(kind: str, tmp_path: Path) -> None:
    model = tflite_models.rank_of(tmp_path / "m.tflite", kind)
    failure = measured(request_for(model, "litert", protocol=FAST)).failure
    assert failure is not None
    assert (failure.code, failure.stage) == ("input_unsupported", "load"), failure.message
