"""The ladder: each step makes a file that answers, the same bytes twice, with a manifest that says how."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from edgeprof.errors import UsageError
from edgeprof.optimizing.making import Split, make_all, split_of
from edgeprof.quality.packaged.resolve import resolve_set
from edgeprof.wire.identity import sha256_hex
from edgeprof_agent.evaluating.recorded_inputs import record_inputs
from edgeprof_exports.ladder import manifest
from edgeprof_exports.ladder.making import Inputs, make, steps_for
from edgeprof_exports.ladder.manifest import Data

BUNDLED = Path(manifest.__file__).parents[1] / "bundled"
WITHOUT_EXTRA = ("fp16", "dynamic-u8", "dynamic-s8", "static-minmax", "static-qoperator", "unstructured-half")
DATA = Data(set_name="digits", set_id="0" * 64, first_item=400, last_item=463, inferences=64)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    folder = tmp_path_factory.mktemp("inputs")
    _, set_folder = resolve_set("digits")
    assert record_inputs(BUNDLED / "digits-cnn-fp32.onnx", set_folder, range(400, 500), 64, folder) == 64
    return Inputs(folder, DATA)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return Path(shutil.copy(BUNDLED / "digits-cnn-fp32.onnx", tmp_path / "digits.onnx"))


def answers(model: Path, images: np.ndarray) -> list[int]:
    session: Any = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    return [int(np.asarray(session.run(None, {"image": image})[0]).argmax()) for image in images]


def images_of(inputs: Inputs) -> np.ndarray:
    return np.stack([np.load(inputs.folder / f"{place}.npz")["image"] for place in range(DATA.inferences)])


def test_the_inputs_are_the_items_as_an_evaluation_feeds_them(inputs: Inputs) -> None:
    found, folder = resolve_set("digits")
    rows = np.load(folder / str(found.facts.preparation["array"]))
    expected = rows[[int(item["row"]) for item in found.items[400:464]]].reshape(64, 8, 8)
    assert images_of(inputs).reshape(64, 8, 8) * 16 == pytest.approx(expected)


@pytest.mark.parametrize("name", WITHOUT_EXTRA)
def test_a_step_makes_a_file_that_answers_as_its_source(name: str, source: Path, inputs: Inputs) -> None:
    (step,) = steps_for("onnx", (name,))
    variant = make(step, source, source.parent, inputs)
    assert variant.path is not None, variant.reason
    images = images_of(inputs)
    same = sum(a == b for a, b in zip(answers(variant.path, images), answers(source, images), strict=True))
    assert same >= (40 if name == "unstructured-half" else 63)  # half of the weights are gone
    made = variant.manifest
    assert made is not None
    assert made.file.sha256 == sha256_hex(variant.path.read_bytes())
    assert made.source.sha256 == sha256_hex(source.read_bytes())
    assert made.data == (DATA if step.needs_inputs else None)
    assert set(made.tools) == set(step.tools)
    first = variant.path.read_bytes()
    variant.path.unlink()
    again = make(step, source, source.parent, inputs)
    assert again.path is not None
    assert again.path.read_bytes() == first


def test_a_file_that_is_there_is_kept_until_its_source_changes(source: Path) -> None:
    (step,) = steps_for("onnx", ("dynamic-u8",))
    first = make(step, source, source.parent, None).path
    assert first is not None
    written_ns = first.stat().st_mtime_ns
    assert make(step, source, source.parent, None).path == first
    assert first.stat().st_mtime_ns == written_ns
    model = onnx.ModelProto.FromString(source.read_bytes())
    model.graph.initializer[0].CopyFrom(
        numpy_helper.from_array(2 * numpy_helper.to_array(model.graph.initializer[0]), model.graph.initializer[0].name)
    )
    source.write_bytes(model.SerializeToString())
    make(step, source, source.parent, None)
    assert first.stat().st_mtime_ns > written_ns


def test_what_no_tool_takes_is_a_reason_and_leaves_no_file(tmp_path: Path) -> None:
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [4]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", [x], [y])
    source = tmp_path / "relu.onnx"
    source.write_bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
    )
    (zeroed,) = steps_for("onnx", ("unstructured-half",))
    assert make(zeroed, source, tmp_path, None).reason == "the model has no float32 weights to prune"
    (static,) = steps_for("onnx", ("static-minmax",))
    assert make(static, source, tmp_path, None).reason == "needs real inputs: name an evaluation set with --set"
    source.write_bytes(b"no model")
    (half,) = steps_for("onnx", ("fp16",))
    assert make(half, source, tmp_path, None).reason.startswith("Error parsing message")
    assert [path.name for path in tmp_path.iterdir()] == ["relu.onnx"]


def test_items_calibrate_or_judge_and_never_both() -> None:
    assert split_of("digits", 500, 100) == Split("digits", scored=400, calibrating=100)
    with pytest.raises(UsageError, match="ranges of so few mislead"):
        split_of("digits", 500, 1)
    with pytest.raises(UsageError, match="Use --calibration-items 10 or fewer"):
        split_of("tiny", 20, 15)


def test_making_all_names_what_could_not_be_made(source: Path) -> None:
    said: list[str] = []
    made, missing = make_all(source, source.parent / "out", ("dynamic-u8", "static-minmax"), None, said.append)
    assert [each.step for each in made] == ["", "dynamic-u8"]
    assert missing == [
        ("static int8, per channel, QDQ, MinMax", "needs real inputs: name an evaluation set with --set")
    ]
    assert "  no file: needs real inputs: name an evaluation set with --set" in said
