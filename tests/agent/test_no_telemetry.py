"""A run leaves nothing behind in a user's home: ONNX Runtime's own telemetry is off before it is imported."""

import os
import subprocess
import sys
from pathlib import Path

BUNDLED = Path(__file__).parents[2] / "model_exports" / "edgeprof_exports" / "bundled"


def test_a_profile_writes_nothing_of_a_runtime_into_the_home(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    model = BUNDLED / "digits-cnn-int8.onnx"
    command = [sys.executable, "-m", "edgeprof", "profile", str(model), "--window-s", "0.1"]
    command += ["--window-limit-s", "0.1", "--warmup-limit-s", "0.3", "--json"]
    done = subprocess.run(command, env={**environment, "HOME": str(tmp_path)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
