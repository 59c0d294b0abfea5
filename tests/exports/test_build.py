"""Building anew: the right steps in order, a sentence where it cannot be done, the same models where it can."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edgeprof.errors import MissingPartError, UsageError
from edgeprof_exports import build, bundle, catalogue
from edgeprof_exports.steps import tools


def test_a_family_needs_each_step_once_and_in_order() -> None:
    family = [recipe for recipe in catalogue.load_recipes().values() if recipe.family == "digits-cnn"]
    assert build.steps_of(reversed(family)) == list(build.STEPS)


def test_a_model_without_steps_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        build.build("magika", tmp_path, print)
    assert "digits-cnn" in caught.value.message


def test_another_python_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "PYTHON", (3, 99))
    with pytest.raises(MissingPartError) as caught:
        build.build("digits-cnn", tmp_path / "out", print)
    assert "3.99" in caught.value.message
    assert not (tmp_path / "out").exists()


def test_a_missing_tool_is_named_with_the_install_line() -> None:
    with pytest.raises(MissingPartError) as caught:
        tools.tool("no_such_converter")
    assert "no_such_converter" in caught.value.message
    assert "edgeprof[exports]" in caught.value.message


@pytest.mark.full
def test_a_rebuild_makes_the_same_models(tmp_path: Path) -> None:
    """The same bytes as those that are shipped, or, as processors round sums in another order, the same ones twice."""
    python = os.environ.get("EDGEPROF_EXPORTS_PYTHON")
    if not python:
        pytest.skip("no environment with the extra `exports` (Python 3.11)")
    built, shipped = _built(python, tmp_path / "out"), bundle.load()
    assert set(built.files) == set(shipped.files)
    for name, file in built.files.items():
        assert file.accuracy == pytest.approx(shipped.files[name].accuracy, abs=0.02)
    if built.files != shipped.files:  # tools of one name run other kernels on another processor
        assert _built(python, tmp_path / "again").files == built.files


def _built(python: str, folder: Path) -> bundle.BuildRecord:
    command = [python, "-m", "edgeprof", "models", "build", "digits-cnn", "--out", folder.name]
    done = subprocess.run(command, cwd=folder.parent, stderr=subprocess.PIPE, stdout=sys.stderr, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return bundle.load(folder)
