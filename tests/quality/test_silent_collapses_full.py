"""The silent collapses, made again: real quantizers and runtimes, answered by `edgeprof evaluate`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import edgeprof
import edgeprof_agent
from tests.environments import python_with
from tests.quality import minmax_student

pytestmark = [pytest.mark.full, pytest.mark.timeout(900)]

BUNDLED = Path(edgeprof.__file__).parents[1] / "model_exports/edgeprof_exports/bundled"
_DYNAMIC = """
import sys
from ai_edge_quantizer import quantizer, recipe
made = quantizer.Quantizer(sys.argv[1])
made.load_quantization_recipe(recipe.dynamic_wi8_afp32())
open(sys.argv[2], "wb").write(bytes(made.quantize().quantized_model))
"""


def run(*args: str | Path, **environment: str) -> str:
    command = [Path(sys.executable).with_name("edgeprof"), *map(str, args)]
    return subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, **environment}).stdout


@pytest.fixture(scope="session")
def tflite_python() -> Path:
    """tflite-runtime needs numpy below 2, and an environment that finds our worker."""
    python = python_with("collapse-tflite", "tflite-runtime==2.14.0", "numpy<2")
    (site,) = (python.parents[1] / "lib").glob("python3.*/site-packages")
    folders = {Path(module.__file__ or "").parents[1] for module in (edgeprof, edgeprof_agent)}
    (site / "edgeprof.pth").write_text("".join(f"{folder}\n" for folder in sorted(folders)))
    return python


@pytest.fixture(scope="session")
def quantizer_python() -> Path:
    return python_with("collapse-quantizer", "ai-edge-quantizer==0.10.0", "ai-edge-litert==2.3.0")


def test_a_dynamic_range_file_collapses_in_tflite_runtime_alone(
    tflite_python: Path, quantizer_python: Path, tmp_path: Path
) -> None:
    model = tmp_path / "dynamic.tflite"
    subprocess.run([quantizer_python, "-c", _DYNAMIC, BUNDLED / "digits-cnn-fp32.tflite", model], check=True)
    for runtime in ("litert", "tflite-runtime"):
        run(
            *("evaluate", model, "--set", "digits", "--runtime", runtime, "--save", tmp_path / runtime),
            EDGEPROF_WORKER_PYTHON_TFLITE_RUNTIME=str(tflite_python),
        )
    report = json.loads(run("compare", tmp_path / "litert", tmp_path / "tflite-runtime", "--json"))
    assert report["drift"]["verdict"] == "collapsed"
    assert report["comparison"]["a"] > 98
    assert report["comparison"]["b"] < 20


def test_a_stretched_minmax_range_is_worse_beyond_a_margin_of_a_point(tmp_path: Path) -> None:
    fp32, int8 = minmax_student.write(tmp_path)
    for model in (fp32, int8):
        run("evaluate", model, "--set", "digits", "--save", tmp_path / model.stem)
    report = json.loads(run("compare", tmp_path / fp32.stem, tmp_path / int8.stem, "--margin", "1", "--json"))
    assert report["comparison"]["verdict"] == "worse"
    assert 3 < -report["comparison"]["difference"] < 8
