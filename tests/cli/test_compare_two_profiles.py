"""`edgeprof profile --json --samples` makes what `edgeprof compare A B` reads: real runs of real models."""

import json
import subprocess
import sys
from pathlib import Path

from tests.agent import onnx_models

BUNDLED = Path(__file__).parents[2] / "model_exports" / "edgeprof_exports" / "bundled"


def profile(folder: Path, model: Path, name: str) -> Path:
    result, samples = folder / f"{name}.json", folder / f"{name}.samples.json"
    command = [sys.executable, "-m", "edgeprof", "profile", str(model), "--threads", "1", "--window-s", "0.3"]
    command += ["--window-limit-s", "1", "--warmup-limit-s", "0.5", "--no-cold-start"]
    done = subprocess.run([*command, "--json", "--samples", str(samples)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    result.write_text(done.stdout)
    assert samples.exists()
    return result


def test_two_profiles_are_compared_by_every_sample(tmp_path: Path) -> None:
    """500,000 values against four: more than twice the time on any machine."""
    slow = profile(tmp_path, onnx_models.relu(tmp_path / "large.onnx", [500_000]), "large-run")
    quick = profile(tmp_path, onnx_models.relu(tmp_path / "small.onnx", [4]), "small-run")
    command = [sys.executable, "-m", "edgeprof", "compare", str(slow), str(quick)]
    said = subprocess.run(command, capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    assert "samples are not here" not in said.stdout
    report = json.loads(subprocess.run([*command, "--json"], capture_output=True, text=True).stdout)
    # On a machine that is too busy to tell, the verdict abstains, and never says the opposite.
    assert report["verdict"]["outcome"] in ("faster", "abstains")
    assert report["verdict"]["ratio"] < 0.5


def test_a_samples_file_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    model = str(BUNDLED / "digits-cnn-int8.tflite")
    command = [sys.executable, "-m", "edgeprof", "profile", model, "--window-s", "0.1"]
    command += ["--window-limit-s", "0.1", "--samples", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "Cannot write" in done.stderr
    assert "Traceback" not in done.stderr
