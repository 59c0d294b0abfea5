"""ONNX Runtime's own format is measured as it comes, under any name."""

from pathlib import Path

import pytest

from tests.agent.measuring import BUNDLED, measured, request_for
from tests.modelfiles.makers import saved_as_ort


@pytest.mark.parametrize("name", ["digits.ort", "digits.bin"])
def test_an_ort_file_is_measured_and_its_kernels_are_counted(tmp_path: Path, name: str) -> None:
    path = saved_as_ort((BUNDLED / "digits-cnn-int8.onnx").read_bytes(), tmp_path / "saved.ort").rename(tmp_path / name)
    result = measured(request_for(path))
    assert result.status == "measured", result.failure
    assert result.effective is not None
    assert any(note.startswith("ORT file") for note in result.effective.notes)
    assert (result.effective.integer_kernels or 0) + (result.effective.float_kernels or 0) > 0
