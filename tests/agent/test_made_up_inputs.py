"""Inputs that nobody gave: made from what the file says of their use; refused or steering ones are named."""

from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper

from edgeprof.modelfiles.input_use import Use
from edgeprof.modelfiles.input_uses import input_uses
from edgeprof.wire.messages import Result
from edgeprof_agent.runtimes.inputs import Declared
from edgeprof_agent.runtimes.made_up import made_up
from edgeprof_agent.runtimes.roles import purpose_of
from edgeprof_agent.worker_protocol.document import InputUse
from tests.agent import steered_models, tflite_models
from tests.agent.measuring import measured, misbehaving, request_for
from tests.agent.test_sweep import FAST


def marks(result: Result) -> dict[str, str]:
    assert result.trust is not None, result.failure
    return {mark.cause: mark.reason for mark in result.trust.marks}


def inputs_of(result: Result) -> dict[str, str]:
    assert result.effective is not None, result.failure
    return result.effective.inputs


def value_of(declared: Declared, sizes: list[int]) -> list[int]:
    """Its values beside an input `audio` of 77 frames."""
    audio = Declared("audio", np.dtype("float32"), [1, "frames", 3])
    shapes = {declared.name: sizes, "audio": [1, 77, 3]}
    return made_up(declared, [declared, audio], shapes, np.random.default_rng(7)).ravel().tolist()


def test_a_length_is_full_and_the_run_says_that_its_time_depends_on_it(tmp_path: Path) -> None:
    model = steered_models.recurrent(tmp_path / "m.onnx", 40)
    result = measured(request_for(model, protocol=FAST))
    assert inputs_of(result)["input_lens"] == "int32[1] = 40"
    assert marks(result)["made_up_work"].startswith("input 'input_lens' was made up as 40: ")
    given = measured(request_for(model, protocol=FAST, input_values={"input_lens": "40"}))
    assert "made_up_work" not in marks(given)
    assert inputs_of(given)["input_lens"] == "int32[1] = 40"
    assert given.effective is not None
    assert given.effective.input_source.endswith("; given: input_lens=40")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("halved", "80"),
        ("one less", "41"),
        ("bounded", "40"),
        ("float", "40.0"),
        ("relative", "1.0"),
        ("mask", "1"),
        ("float mask", "1.0"),
    ],
)
def test_a_length_that_the_model_reckons_is_full_and_marks_the_run(kind: str, value: str, tmp_path: Path) -> None:
    result = measured(request_for(steered_models.reckoned(tmp_path / "m.onnx", kind), protocol=FAST))
    assert marks(result)["made_up_work"].startswith(f"input 'n' was made up as {value}: ")
    assert inputs_of(result)["n"].endswith(" = " + value) or "mask" in kind


def test_uses_within_the_files_own_functions_count(tmp_path: Path) -> None:
    model = steered_models.in_functions(tmp_path / "m.onnx")
    (use,) = input_uses(model, "onnx")
    assert [(each.role, each.limit) for each in use.uses] == [("index", steered_models.ROWS)]
    assert measured(request_for(model, protocol=FAST)).status == "measured"


def test_a_value_within_a_function_is_none_of_the_main_graph_that_has_its_name(tmp_path: Path) -> None:
    model = steered_models.in_functions(tmp_path / "m.onnx")
    loaded = ModelProto.FromString(model.read_bytes())
    names = ("b", "b/1", "/call", "1")  # `b` is the function's own name
    loaded.graph.input.extend(helper.make_tensor_value_info(name, TensorProto.INT32, [1, 64]) for name in names)
    model.write_bytes(loaded.SerializeToString())
    found = {use.name: tuple(each.role for each in use.uses) for use in input_uses(model, "onnx")}
    assert found == {"n": ("index",), **dict.fromkeys(names, ())}


def test_lengths_of_keys_are_those_of_the_past_and_the_query(tmp_path: Path) -> None:
    result = measured(request_for(steered_models.grouped_query(tmp_path / "m.onnx"), protocol=FAST))
    inputs = inputs_of(result)
    assert (inputs["a"], inputs["b"]) == ("int32[1] = 6", "int32[1] = 7")


def test_a_mask_index_of_one_dimension_holds_lengths_and_of_two_a_mask(tmp_path: Path) -> None:
    stored = {"w": steered_models.floats(64, 192), "b": steered_models.floats(192)}
    node = helper.make_node("Attention", ["x", "w", "b", "n"], ["y"], domain="com.microsoft", num_heads=4)
    domain = [helper.make_opsetid("com.microsoft", 1)]
    for sizes, value in (([1], "int32[1] = 9"), ([1, 9], "int32[1,9] = 1")):
        inputs = {"x": (TensorProto.FLOAT, [1, 9, 64]), "n": (TensorProto.INT32, sizes)}
        model = steered_models.save(tmp_path / "m.onnx", [node], inputs, stored, opset=17, more_opsets=domain)
        assert inputs_of(measured(request_for(model, protocol=FAST)))["n"] == value


def test_an_integer_of_unknown_use_is_also_tried_at_the_longest_size(tmp_path: Path) -> None:
    """What no table of operators knows may still be a length."""
    nodes = [
        helper.make_node("Add", ["n", "one"], ["rows"]),
        helper.make_node("Concat", ["rows", "columns"], ["sizes"], axis=0),
        helper.make_node("ConstantOfShape", ["sizes"], ["zeros"]),
        helper.make_node("ReduceSum", ["zeros"], ["sum"]),
        helper.make_node("Add", ["sum", "x"], ["y"]),
    ]
    inputs = {"x": (TensorProto.FLOAT, [1, 700]), "n": (TensorProto.INT64, [1])}
    stored = {"one": np.array([1]), "columns": np.array([512])}
    result = measured(request_for(steered_models.save(tmp_path / "m.onnx", nodes, inputs, stored), protocol=FAST))
    assert " ms with 700 (" in marks(result)["made_up_work"]
    assert inputs_of(result)["n"] in ("int64[1] = 0", "int64[1] = 1")


def test_rounds_of_a_loop_that_were_made_up_mark_the_run(tmp_path: Path) -> None:
    model = steered_models.loop(tmp_path / "m.onnx")
    assert "input 'rounds' was made up" in marks(measured(request_for(model, protocol=FAST)))["made_up_work"]
    np.savez(tmp_path / "m.inputs.npz", x=np.ones((64, 64), np.float32), rounds=np.int64(5))
    assert "made_up_work" not in marks(measured(request_for(model, protocol=FAST)))


def test_a_mask_changes_no_work_and_leaves_no_mark(tmp_path: Path) -> None:
    node = helper.make_node("Where", ["mask", "x", "x"], ["y"])
    inputs = {"x": (TensorProto.FLOAT, [1, 64]), "mask": (TensorProto.BOOL, [1, 64])}
    result = measured(request_for(steered_models.save(tmp_path / "m.onnx", [node], inputs), protocol=FAST))
    assert "made_up_work" not in marks(result)


def test_a_check_that_the_worker_did_not_live_to_make_stays_open(tmp_path: Path) -> None:
    """A runtime that makes no inputs has nothing to check."""
    result = measured(request_for(steered_models.loop(tmp_path / "m.onnx"), protocol=FAST), misbehaving("well"))
    assert result.trust is not None
    assert "made_up_work" not in result.trust.unchecked


@pytest.mark.parametrize("operator", steered_models.OPERATORS)
def test_an_input_that_steers_an_operator_is_made_so_that_it_runs(operator: str, tmp_path: Path) -> None:
    result = measured(request_for(steered_models.steered(tmp_path / "m.onnx", operator), protocol=FAST))
    assert result.status == "measured", result.failure


def test_ids_choose_from_all_rows_of_their_table(tmp_path: Path) -> None:
    model = steered_models.embedding(tmp_path / "m.onnx")
    (use,) = input_uses(model, "onnx")
    assert use.uses == (Use("index", steered_models.ROWS),)
    facts: list[InputUse] = [{"role": "index", "limit": steered_models.ROWS, "of": "", "axis": 0}]
    ids = value_of(Declared("tokens", np.dtype("int32"), [1, 64], uses=facts), [1, 64])
    assert 30 < max(ids) < steered_models.ROWS
    assert measured(request_for(model, protocol=FAST)).status == "measured"


def test_a_refused_value_that_was_made_up_is_named_with_the_way_to_give_it(tmp_path: Path) -> None:
    model = steered_models.far_row(tmp_path / "far.onnx")
    failure = measured(request_for(model, protocol=FAST)).failure
    assert failure is not None
    assert (failure.code, failure.stage) == ("inference_error", "first_inference")
    assert "Input 'n' (" in failure.message
    assert failure.message.endswith(
        "was made up. Give real values with `--input n=VALUE`, or in far.inputs.npz next to the model."
    )
    assert measured(request_for(model, protocol=FAST, input_values={"n": "-60"})).status == "measured"


def test_a_refused_value_that_was_given_is_named_before_those_that_were_made_up(tmp_path: Path) -> None:
    model = steered_models.far_row(tmp_path / "far.onnx")
    failure = measured(request_for(model, protocol=FAST, input_values={"n": "99"})).failure
    assert failure is not None
    assert "Input 'n' was given as 99. " in failure.message
    assert failure.message.index("was given as 99") < failure.message.index("made up")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"m": "1"}, "The model has no input 'm' for --input. Inputs: x, n."),
        ({"n": "1.5"}, "--input n=1.5 cannot be fed: it takes int64."),
        ({"n": "1,2"}, "--input n gives 2 values, but the input holds 1."),
        ({"x": "a"}, "--input x=a cannot be fed: it takes float32."),
    ],
)
def test_a_value_that_cannot_be_fed_is_refused_by_name(values: dict[str, str], said: str, tmp_path: Path) -> None:
    model = steered_models.far_row(tmp_path / "far.onnx")
    failure = measured(request_for(model, protocol=FAST, input_values=values)).failure
    assert failure is not None
    assert (failure.code, failure.stage) == ("input_unsupported", "load")
    assert said in failure.message


@pytest.mark.parametrize(
    ("name", "sizes", "values"),
    [
        ("attention_mask", [1, 4], [1, 1, 1, 1]),
        ("position_ids", [1, 4], [0, 1, 2, 3]),
        ("token_type_ids", [1, 3], [0, 0, 0]),
        ("sr", [], [16_000]),
        ("sampleRate", [1], [16_000]),
        ("audio_lengths", [1], [77]),
        ("seqLen", [], [77]),
        ("input_mask", [1, 2], [1, 1]),
    ],
)
def test_names_tell_what_an_input_is_for(name: str, sizes: list[int], values: list[int]) -> None:
    assert value_of(Declared(name, np.dtype("int64"), sizes), sizes) == values


def test_float_masks_and_lengths_are_told_by_their_names_too() -> None:
    assert value_of(Declared("mask", np.dtype("float32"), [1, 2]), [1, 2]) == [1, 1]
    assert value_of(Declared("audio_lens", np.dtype("float32"), [1]), [1]) == [77]
    assert purpose_of("length_scale", "f", []).role == "one"
    assert purpose_of("masked_image", "f", []).role == "data"


def test_an_open_rank_is_suggested_as_its_reader_has_it(tmp_path: Path) -> None:
    nodes = [helper.make_node("Relu", ["x"], ["r"]), helper.make_node("Conv", ["r", "w"], ["y"])]
    inputs: dict[str, tuple[int, steered_models.Sizes]] = {"x": (TensorProto.FLOAT, None)}
    stored = {"w": steered_models.floats(4, 3, 3, 3)}
    model = steered_models.save(tmp_path / "m.onnx", nodes, inputs, stored)
    failure = measured(request_for(model, protocol=FAST)).failure
    assert failure is not None
    assert "--input-shape x=1,SIZE,SIZE,SIZE" in failure.message


def test_quantized_data_is_no_length() -> None:
    assert purpose_of("pixels", "f", []).role == "data"
    eight_bits = value_of(Declared("length", np.dtype("int8"), [1, 4096]), [1, 4096])
    assert min(eight_bits) == -128


def test_the_same_seed_makes_the_same_values() -> None:
    for name in ("float32", "float16", "int8", "uint8", "int64", "bool"):
        declared = Declared("x", np.dtype(name), [64])
        assert value_of(declared, [64]) == value_of(declared, [64])
    assert set(value_of(Declared("x", np.dtype("int64"), [4096]), [4096])) == {0, 1}


def test_ids_of_a_tflite_model_stay_below_the_rows_of_its_table(tmp_path: Path) -> None:
    model = tflite_models.rows_of_a_table(tmp_path / "m.tflite", rows=7)
    result = measured(request_for(model, "litert", protocol=FAST))
    assert result.status == "measured", result.failure
    assert inputs_of(result) == {"tokens": "int32[1,64]"}
