"""`edgeprof profile` as a person and as a script meet it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edgeprof.wire.codec import decode
from edgeprof.wire.messages import Result
from tests.agent import onnx_models
from tests.agent.measuring import BUNDLED

QUICK = (
    *("--window-s", "0.05", "--window-limit-s", "0.1", "--warmup", "1", "--warmup-limit-s", "0.3"),
    *("--threads", "1", "--no-cold-start"),
)


def profile(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "edgeprof", "profile", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["digits-cnn-int8.onnx", "digits-cnn-int8.tflite"])
def test_a_model_is_profiled_and_told_readably(name: str) -> None:
    done = profile(str(BUNDLED / name), *QUICK)
    assert done.returncode == 0, done.stderr
    assert name in done.stdout
    assert "p50" in done.stdout
    assert "One run, " in done.stdout
    assert "first inference" in done.stderr
    assert done.stderr.splitlines().count("load") == 1  # of two starts, the cold and the warm one


def test_json_is_the_whole_result_and_nothing_else() -> None:
    done = profile(str(BUNDLED / "digits-cnn-fp32.onnx"), "--json", *QUICK)
    result = decode("result", done.stdout.encode())
    assert isinstance(result, Result)
    assert result.status == "measured"
    assert result.config.threads == 1


def test_a_failed_run_exits_1_with_the_named_failure(tmp_path: Path) -> None:
    model = onnx_models.relu(tmp_path / "dynamic.onnx", [1, "length"])
    done = profile(str(model), *QUICK)
    assert done.returncode == 1
    assert "shape_required" in done.stdout
    assert "--input-shape x=1,SIZE" in done.stdout
    assert profile(str(model), "--input-shape", "x=1,9", *QUICK).returncode == 0


def test_a_failed_run_is_a_result_in_json_too(tmp_path: Path) -> None:
    done = profile(str(onnx_models.custom_operator(tmp_path / "custom.onnx")), "--json", *QUICK)
    assert done.returncode == 1
    assert json.loads(done.stdout)["failure"]["code"] == "operator_unsupported"


@pytest.mark.parametrize("shape", ["x", "x=", "=1,2", "x=1,-2", "x=1,,2", "x=a"])
def test_a_shape_that_cannot_be_read_is_wrong_use(shape: str) -> None:
    done = profile(str(BUNDLED / "digits-cnn-fp32.onnx"), "--input-shape", shape)
    assert done.returncode == 2
    assert "NAME=1,3,224,224" in done.stderr


def test_a_runtime_for_another_format_is_wrong_use() -> None:
    done = profile(str(BUNDLED / "digits-cnn-fp32.onnx"), "--runtime", "litert")
    assert done.returncode == 2
    assert "wrong_runtime" in done.stderr


def test_a_file_that_is_no_model_is_one_sentence(tmp_path: Path) -> None:
    text = tmp_path / "readme.onnx"
    text.write_text("hello")
    done = profile(str(text))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "[" in done.stderr


def test_a_folder_whose_name_is_no_text_is_one_sentence(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/b\xff"
    os.mkdir(folder)
    model = onnx_models.relu(tmp_path / "m.onnx", [1, 4])
    os.rename(model, folder + b"/m.onnx")
    done = profile(os.fsdecode(folder + b"/m.onnx"))
    assert done.returncode == 1
    assert "not valid text" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_no_worker_outlives_its_parent(number: signal.Signals, code: int) -> None:
    command = [sys.executable, "-c", "from edgeprof.cli import main; main()", "profile"]
    model = str(BUNDLED / "digits-cnn-fp32.onnx")
    with subprocess.Popen([*command, model, "--window-s", "600", "--deadline-s", "900"], stderr=subprocess.PIPE) as run:
        assert run.stderr is not None
        for line in run.stderr:
            if line.startswith(b"first"):
                break
        children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
        assert children
        run.send_signal(number)
        assert run.wait(20) == code
    for child in children:
        while _is_alive(child):
            time.sleep(0.02)


def _is_alive(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False
