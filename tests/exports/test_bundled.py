"""The bundled models: the accuracy on record is what they reach here, and the int8 ones really run integers."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from edgeprof.modelfiles import inspect
from edgeprof_exports import bundle
from edgeprof_exports.steps import digits, evaluate
from edgeprof_exports.steps.tools import tool

TOLERANCE = 0.01  # five images; integer rounding differs between processors
BUNDLE = bundle.load()


@pytest.fixture(scope="module")
def split() -> digits.Split:
    return digits.load()


def ran_kernels(path: Path, folder: Path, image: digits.Images) -> Counter[str]:
    """The operators that ONNX Runtime really ran, from its own profile."""
    onnxruntime = tool("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.enable_profiling = True
    options.profile_file_prefix = str(folder / "profile")
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    session.run(None, {"image": image})
    events = json.loads(Path(session.end_profiling()).read_text())
    return Counter(event["args"]["op_name"] for event in events if event["name"].endswith("_kernel_time"))


def weight_kinds(path: Path) -> set[str]:
    """The types of what LiteRT's convolutions and matrix products read, biases apart."""
    interpreter = tool("ai_edge_litert.interpreter").Interpreter(str(path), num_threads=1)
    kinds = {tensor["index"]: np.dtype(tensor["dtype"]).name for tensor in interpreter.get_tensor_details()}
    products = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
    operators = [op for op in interpreter._get_ops_details() if op["op_name"] in products]
    assert len(operators) == 4
    return {kinds[index] for op in operators for index in op["inputs"][:2]}


@pytest.mark.parametrize("name", BUNDLE.files)
def test_accuracy_on_record_is_reached(name: str, split: digits.Split) -> None:
    assert evaluate.accuracy(bundle.FOLDER / name, split) == pytest.approx(BUNDLE.files[name].accuracy, abs=TOLERANCE)


def test_quantization_cost_no_more_than_a_point(split: digits.Split) -> None:
    for name, file in BUNDLE.files.items():
        assert file.accuracy == pytest.approx(BUNDLE.trained_accuracy, abs=TOLERANCE), name


def test_the_test_images_were_not_trained_on(split: digits.Split) -> None:
    assert (BUNDLE.train_images, BUNDLE.test_images) == (len(split.train_labels), len(split.test_labels)) == (1297, 500)
    assert np.array_equal(split.calibration_images, split.train_images[:200])
    assert set(split.test_labels.tolist()) == set(range(10))


def test_int8_onnx_runs_integer_kernels_and_fp32_none(tmp_path: Path, split: digits.Split) -> None:
    image = split.test_images[:1]
    int8 = ran_kernels(bundle.FOLDER / digits.ONNX_INT8, tmp_path, image)
    fp32 = ran_kernels(bundle.FOLDER / digits.ONNX_FP32, tmp_path, image)
    assert (int8["QLinearConv"], int8["QGemm"]) == (3, 1)
    assert int8["Conv"] == int8["Gemm"] == int8["MatMul"] == 0
    assert (fp32["Conv"] + fp32["FusedConv"], fp32["Gemm"]) == (3, 1)
    assert not [kernel for kernel in fp32 if kernel.startswith("Q")]


def test_int8_tflite_reads_integers_and_fp32_none() -> None:
    assert weight_kinds(bundle.FOLDER / digits.TFLITE_INT8) == {"int8"}
    assert weight_kinds(bundle.FOLDER / digits.TFLITE_FP32) == {"float32"}


def test_files_and_manifest_name_each_other() -> None:
    on_disk = {path.name for path in bundle.FOLDER.iterdir()} - {bundle.MANIFEST}
    assert on_disk == set(BUNDLE.files)
    for name, file in BUNDLE.files.items():
        (ref,) = inspect(bundle.FOLDER / name).manifest.files
        assert (ref.sha256, ref.size) == (file.sha256, file.size_bytes)
    assert sum(file.size_bytes for file in BUNDLE.files.values()) < 1_000_000


def test_no_file_tells_of_the_machine_that_made_it() -> None:
    for name in BUNDLE.files:
        data = (bundle.FOLDER / name).read_bytes()
        assert not [word for word in (b"/tmp/", b"/home/", b"/root/", b"site-packages", b".py") if word in data]
