"""Flash without measuring, as a person does it: stored, checked, loaded once, switched; and back by flashing again."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.farm import Farm


def edgeprof(*arguments: str, code: int = 0) -> str:
    done = subprocess.run([sys.executable, "-m", "edgeprof", *arguments], capture_output=True, text=True, timeout=180)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_a_device_that_joined_flashes_signed_jobs_and_keeps_the_version_before(
    empty_farm: Farm, bundled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    farm = empty_farm
    monkeypatch.setenv("EDGEPROF_HUB", farm.client.url)
    farm.start_hub()
    key = edgeprof("hub", "job-key", "--data", str(farm.folder / "hub"))
    state = farm.folder / "alpha"
    (state / "identity").mkdir(parents=True)
    (state / "identity" / "job_key").write_text(key)
    farm.start_agent("alpha")
    farm.device("alpha")
    for name in ("digits-cnn-fp32.onnx", "digits-cnn-int8.onnx"):
        said = edgeprof("flash", str(bundled / name), "--to", "alpha", "--family", "digits", "--no-run")
        assert "flashed; loads in" in said
        assert " MiB" in said
    assert farm.client.compare().cells == ()
    link = state / "installed" / "digits"
    assert (link / "digits-cnn-int8.onnx").read_bytes() == (bundled / "digits-cnn-int8.onnx").read_bytes()
    assert (state / "installed" / "digits.previous" / "digits-cnn-fp32.onnx").exists()
    back = os.readlink(state / "installed" / "digits.previous")
    edgeprof("flash", "digits-cnn-fp32", "--to", "alpha", "--no-run")
    assert os.readlink(link) == back
    (state / "identity" / "job_key").write_text("00" * 32)
    said = edgeprof("flash", "digits-cnn-int8", "--to", "alpha", "--no-run", code=1)
    assert "[job_signature_wrong]" in said
    assert os.readlink(link) == back
