"""`edgeprof optimize` on this machine: makes, measures, judges and says what to ship."""

import json
import shutil
from pathlib import Path

import pytest

from edgeprof_exports import bundle
from tests.cli.conftest import Run

SHORT = ("--repeats", "1", "--window-s", "0.2", "--step", "static-qoperator", "--step", "int4-fp32")


def test_a_float_model_to_what_ships(tmp_path: Path, run: Run) -> None:
    source = shutil.copy(bundle.FOLDER / "digits-cnn-fp32.onnx", tmp_path)
    gate = "digits: accuracy >= source - 3"
    ended = run("optimize", str(source), "--set", "digits", "--gate", gate, *SHORT, "--json")
    assert ended.code == 0, ended.err
    document = json.loads(ended.out)
    (choice,) = document["choices"]
    source_row, variant = choice["rows"]
    assert (source_row["step"], variant["step"]) == ("", "static-qoperator")
    assert variant["gate"] == "passes"
    assert variant["quality"]["n"] == 400  # the other 100 calibrated
    assert variant["time"]["value"] > 0
    assert variant["size_bytes"] < source_row["size_bytes"] / 3
    assert document["missing"][0][0].startswith("int4 weights of MatMul")
    assert (tmp_path / "digits-cnn-fp32-variants/digits-cnn-fp32-static-qoperator.onnx.made.json").is_file()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--gate", "digits: accuracy >= 90"), "bad_profile_plan"),
        (("--set", "digits", "--calibration-items", "1"), "too_few_items"),
        (("--step", "int3"), "unknown_step"),
    ],
)
def test_a_request_that_contradicts_itself_makes_nothing(
    arguments: tuple[str, ...], code: str, tmp_path: Path, run: Run
) -> None:
    source = shutil.copy(bundle.FOLDER / "digits-cnn-fp32.onnx", tmp_path)
    assert run("optimize", str(source), *arguments).refused_with(code)
    assert not (tmp_path / "digits-cnn-fp32-variants").exists()


def test_no_step_that_can_run_is_an_error_with_each_reason(tmp_path: Path, run: Run) -> None:
    source = shutil.copy(bundle.FOLDER / "digits-cnn-fp32.onnx", tmp_path)
    ended = run("optimize", str(source), "--step", "static-minmax")
    assert "needs real inputs: name an evaluation set with --set." in ended.err
    assert ended.err.endswith("[no_variant]\n")


def test_the_steps_are_listed_without_making_anything(tmp_path: Path, run: Run) -> None:
    source = shutil.copy(bundle.FOLDER / "digits-cnn-fp32.onnx", tmp_path)
    ended = run("optimize", str(source), "--list")
    assert "dynamic int8, signed weights (the tool's default)" in ended.out
    assert list(tmp_path.glob("*variants")) == []
