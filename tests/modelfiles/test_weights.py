"""How weights are stored, by the file's own types."""

from pathlib import Path

import pytest

from edgeprof.modelfiles import small_weights_share
from edgeprof.wire.messages import ModelFormat
from tests.agent import arithmetic_models, onnx_models, tflite_models
from tests.agent.gguf_models import tiny_llama
from tests.agent.measuring import BUNDLED


@pytest.mark.parametrize("model_format", ["onnx", "tflite"])
def test_quantized_files_store_small_weights_and_whole_ones_none(model_format: ModelFormat) -> None:
    small = small_weights_share(BUNDLED / f"digits-cnn-int8.{model_format}", model_format)
    assert small is not None
    assert small > 0.9
    assert small_weights_share(BUNDLED / f"digits-cnn-fp32.{model_format}", model_format) == 0


def test_values_are_counted_not_tensors(tmp_path: Path) -> None:
    path = onnx_models.dequantized_weights(tmp_path / "m.onnx")
    assert small_weights_share(path, "onnx") == pytest.approx(16 / 17)  # 4 x 4 weights and one scale


def test_packed_weights_count_as_the_values_that_they_hold(tmp_path: Path) -> None:
    """256 x 256 weights of 4 bits, two in a byte, and a scale for each 32 of them."""
    arithmetic_models.nbits(path := tmp_path / "m.onnx", level=4)
    assert small_weights_share(path, "onnx") == pytest.approx(32 / 33)


def test_a_model_without_weights_has_no_share(tmp_path: Path) -> None:
    assert small_weights_share(onnx_models.relu(tmp_path / "m.onnx", [1, 4]), "onnx") is None
    assert small_weights_share(tflite_models.doubled(tmp_path / "m.tflite", [1, 4]), "tflite") is None
    assert small_weights_share(tiny_llama(tmp_path / "m.gguf"), "gguf") is None
