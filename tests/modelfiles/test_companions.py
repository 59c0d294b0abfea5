"""What a model needs to answer evaluation sets is part of it, and no part of its size."""

from pathlib import Path

import pytest

from edgeprof.modelfiles import inspect
from edgeprof.wire.identity import ANSWER_SUFFIXES, model_bytes, model_id
from tests.agent.onnx_models import relu


@pytest.mark.parametrize("suffix", ANSWER_SUFFIXES)
def test_a_companion_changes_the_id_and_not_the_size(suffix: str, tmp_path: Path) -> None:
    model = relu(tmp_path / "m.onnx", [1, 4])
    bare = inspect(model).manifest
    (tmp_path / f"m{suffix}").write_text("{}")
    (tmp_path / f"other{suffix}").write_text("{}")
    whole = inspect(model).manifest
    assert [file.path for file in whole.files] == sorted(["m.onnx", f"m{suffix}"])
    assert model_id(whole) != model_id(bare)
    assert model_bytes(whole) == model_bytes(bare)
