"""What a file proposes of its family, quantization, task and size, and that a person's word goes first."""

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from edgeprof.modelfiles import inspect
from edgeprof.modelfiles.family_names import family_of
from edgeprof.modelfiles.record import Labels, record_of_file
from edgeprof.wire import rest
from tests.agent import arithmetic_models
from tests.modelfiles import makers
from tests.modelfiles.makers import gguf_text, gguf_whole

F32, Q4_K, Q6_K, Q8_0 = 0, 12, 14, 8


@pytest.mark.parametrize(
    ("stem", "folders", "family"),
    [
        ("digits-fp32", [], "digits"),
        ("digits-int8", [], "digits"),
        ("digits_int8_static", [], "digits"),
        ("SmolLM2-135M-Instruct.Q4_K_M", [], "SmolLM2-135M-Instruct"),
        ("mobilenet_v2_full_integer_quant", [], "mobilenet_v2"),
        ("model", ["speech"], "speech"),
        ("model_quantized", ["onnx", "models--owner--whisper-tiny"], "whisper-tiny"),
        ("model", ["0a1b2c3d4e5f60718293a4b5", "snapshots", "models--owner--bert"], "bert"),
        ("model", ["int8", "resnet50"], "resnet50"),
        ("int8", ["resnet50-fp32"], "resnet50"),
        ("encoder_model", ["t5-small"], "t5-small encoder_model"),
        ("decoder_model", ["t5-small"], "t5-small decoder_model"),
        ("model", [], None),
        ("model", ["onnx", "tmp"], None),
    ],
)
def test_a_family_is_the_name_without_its_precision_or_the_folders(
    stem: str, folders: list[str], family: str | None
) -> None:
    assert family_of(stem, folders) == family


def record(path: Path, data: bytes, labels: Labels | None = None, *, has_folder: bool = True) -> rest.ModelRecord:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return record_of_file(inspect(path), path, labels or Labels(), has_folder=has_folder)


def network(weights: "np.ndarray[tuple[int, ...], np.dtype[np.generic]]", image: bool = False) -> bytes:
    """A model that stores these weights; with `image` it takes a picture and names one of a thousand classes."""
    shapes = ([1, 3, 224, 224], [1, 1000]) if image else ([1, 8], [1, 8])
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shapes[0])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shapes[1])],
        [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(np.ones(500, np.float32), "bias")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]).SerializeToString()


@pytest.mark.parametrize(("dtype", "name"), [("float32", "fp32"), ("float16", "fp16"), ("int8", "int8")])
def test_the_quantization_of_an_onnx_file_is_the_type_of_its_weights(tmp_path: Path, dtype: str, name: str) -> None:
    found = record(tmp_path / "net.onnx", network(np.ones((4, 8), dtype)))
    assert (found.quantization, found.variant, found.parameters) == (name, name, 532)
    assert set(found.proposed) == {"family", "quantization", "parameters"}


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (arithmetic_models.constant_node, "int8"),
        (arithmetic_models.in_a_branch, "int8"),
        (arithmetic_models.in_a_function, "int8"),
        (arithmetic_models.two_bit, "int2"),
    ],
)
def test_weights_count_wherever_the_file_keeps_them(tmp_path: Path, make: arithmetic_models.Save, name: str) -> None:
    found = record(tmp_path / "net.onnx", make(tmp_path / "made.onnx").read_bytes())
    assert (found.quantization, found.parameters) == (name, arithmetic_models.SIZE**2)


def test_weights_in_a_branch_of_an_ort_file_count(tmp_path: Path) -> None:
    made = arithmetic_models.in_a_branch(tmp_path / "made.onnx").read_bytes()
    path = makers.saved_as_ort(made, tmp_path / "net.ort")
    assert record(path, path.read_bytes()).parameters == arithmetic_models.SIZE**2


def test_packed_weights_count_as_the_bits_that_they_have(tmp_path: Path) -> None:
    node = helper.make_node(
        "MatMulNBits", ["x", "b", "s"], ["y"], domain="com.microsoft", K=64, N=32, bits=4, block_size=32
    )
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 64])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 32])],
        [
            numpy_helper.from_array(np.zeros((32, 2, 16), np.uint8), "b"),
            numpy_helper.from_array(np.ones(64, np.float32), "s"),
        ],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]
    found = record(tmp_path / "net.onnx", helper.make_model(graph, opset_imports=opsets).SerializeToString())
    assert (found.quantization, found.parameters) == ("int4", 64 * 32 + 64)


def test_the_task_is_proposed_only_where_the_file_makes_it_plain(tmp_path: Path) -> None:
    weights = np.ones((4, 8), np.float32)
    assert record(tmp_path / "a.onnx", network(weights, image=True)).task == "image-classification"
    plain = record(tmp_path / "b.onnx", network(weights))
    assert (plain.task, "task" in plain.proposed) == ("other", False)


def test_a_tflite_file_is_read_alike(tmp_path: Path) -> None:
    found = record(tmp_path / "digits-cnn-int8.tflite", makers.TFLITE.read_bytes())
    assert (found.family, found.quantization) == ("digits-cnn", "int8")


@pytest.mark.parametrize(
    ("file_type", "tensors", "name"),
    [
        (15, ((Q4_K, (256, 9), 0), (Q6_K, (256, 1), 1312)), "Q4_K_M"),
        (14, ((Q4_K, (256, 9), 0),), "Q4_K_S"),
        (7, ((Q8_0, (256, 2), 0), (F32, (8, 4), 544)), "Q8_0"),
        (None, ((Q8_0, (256, 2), 0), (F32, (8, 4), 544)), "Q8_0"),
        (15, ((F32, (8, 4), 0),), "F32"),  # a file type that a converter left behind
        (1024, ((Q8_0, (256, 2), 0),), "Q8_0"),
        (None, ((99, (8,), 0),), "unknown"),
    ],
)
def test_a_gguf_files_type_is_believed_where_its_tensors_agree(
    tmp_path: Path, file_type: int | None, tensors: tuple[tuple[int, tuple[int, ...], int], ...], name: str
) -> None:
    pairs = makers.GGUF_PAIRS if file_type is None else (*makers.GGUF_PAIRS, gguf_whole("general.file_type", file_type))
    found = record(tmp_path / "tale.gguf", makers.gguf(pairs, tensors, data_bytes=4096))
    assert found.quantization == name
    assert (found.task, found.context_tokens) == ("llm", 2048)


def test_a_gguf_file_of_a_general_name_is_called_by_the_name_in_it(tmp_path: Path) -> None:
    named = (*makers.GGUF_PAIRS, gguf_text("general.name", "Tale"), gguf_text("general.size_label", "15M"))
    assert record(tmp_path / "x" / "ggml-model-q8_0.gguf", makers.gguf(named)).family == "Tale 15M"


def test_two_files_of_one_general_name_are_families_by_their_folders(tmp_path: Path) -> None:
    weights = np.ones((4, 8), np.float32)
    families = {record(tmp_path / place / "model.onnx", network(weights)).family for place in ("speech", "vision")}
    assert families == {"speech", "vision"}


def test_without_a_folder_the_id_keeps_them_apart(tmp_path: Path) -> None:
    one, other = (
        record(tmp_path / "model.onnx", network(np.full((4, 8), value, np.float32)), has_folder=False)
        for value in (1, 2)
    )
    assert one.family != other.family
    assert one.family == f"model {one.model_id[:8]}"


def test_what_a_person_says_is_no_proposal(tmp_path: Path) -> None:
    labels = Labels(family="nets", quantization="int8-dynamic", task="text")
    found = record(tmp_path / "a-fp32.onnx", network(np.ones((4, 8), np.float32)), labels)
    assert (found.family, found.quantization, found.task) == ("nets", "int8-dynamic", "text")
    assert found.proposed == ("parameters",)


def test_a_split_model_is_called_without_the_number_of_its_part(tmp_path: Path) -> None:
    for number in (0, 1):
        (tmp_path / f"big-Q8_0-0000{number + 1}-of-00002.gguf").write_bytes(makers.gguf_part(number, 2))
    path = tmp_path / "big-Q8_0-00001-of-00002.gguf"
    found = record_of_file(inspect(path), path, Labels())
    assert (found.name, found.family, found.parameters) == ("big-Q8_0", "big", 64)
