"""`edgeprof reproduce BUNDLE`: a recorded run once more, by the same configuration and protocol, and compared."""

import json
import subprocess
import sys
import zipfile
from dataclasses import asdict
from pathlib import Path

import pytest

from edgeprof.modelfiles import inspect
from edgeprof.modelfiles.record import Labels, record_of_file
from tests.agent.measuring import BUNDLED
from tests.agent.test_profile import profile

MODEL = BUNDLED / "digits-cnn-int8.onnx"
LONG_ENOUGH = (
    *("--window-s", "0.4", "--window-limit-s", "0.8", "--warmup", "1", "--warmup-limit-s", "0.3"),
    *("--threads", "1", "--no-cold-start"),
)
"""Shorter windows have no interval of their median, without which nothing is compared."""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of a real run of this machine."""
    done = profile(str(MODEL), "--json", *LONG_ENOUGH)
    assert done.returncode == 0, done.stderr
    file = tmp_path_factory.mktemp("bundle") / "run.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("result.json", done.stdout)
        record = record_of_file(inspect(MODEL), MODEL, Labels())
        archive.writestr("model.json", json.dumps(asdict(record)))
        archive.write(MODEL, f"model/{MODEL.name}")
    return file


def reproduce(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "edgeprof", "reproduce", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_recorded_run_is_made_again_and_compared(recorded: Path) -> None:
    done = reproduce(str(recorded))
    assert done.returncode == 0, done.stderr
    assert "p50" in done.stdout
    assert "A and B" in done.stdout or "than A" in done.stdout
    assert "latency, median: A" in done.stdout


def test_the_new_run_has_the_old_ones_configuration_and_protocol(recorded: Path) -> None:
    done = reproduce(str(recorded), "--json")
    assert done.returncode == 0, done.stderr
    new, old = json.loads(done.stdout), json.loads(zipfile.ZipFile(recorded).read("result.json"))
    assert (new["config"], new["protocol"]) == (old["config"], old["protocol"])
    assert new["result_id"] != old["result_id"]


def test_what_is_no_bundle_is_one_sentence() -> None:
    done = reproduce(str(MODEL))
    assert done.returncode == 1
    assert done.stderr.startswith("edgeprof: ")
    assert done.stderr.endswith("[not_a_bundle]\n")
