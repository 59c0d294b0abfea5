"""`edgeprof calibrate`: real A/A runs teach a floor that later runs on this machine carry."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.agent import onnx_models
from tests.agent.measuring import BUNDLED

ONNX = BUNDLED / "digits-cnn-int8.onnx"
QUICK = ("--window-s", "0.05", "--window-limit-s", "0.05", "--warmup-limit-s", "0.05", "--no-cold-start")
QUICKER = (*QUICK, "--threads", "1")


def edgeprof(state: Path, *arguments: object) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "EDGEPROF_STATE": str(state)}
    command = [sys.executable, "-m", "edgeprof", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_a_floor_is_learned_and_later_runs_carry_it(tmp_path: Path) -> None:
    before = json.loads(edgeprof(tmp_path, "profile", ONNX, *QUICKER, "--json").stdout)
    assert before["noise_floor"] is None
    done = edgeprof(tmp_path, "calibrate", *QUICKER, "--runs", 5)
    assert done.returncode == 0, done.stderr
    assert "Two single runs on this machine must differ by more" in done.stdout
    assert "run 5 of 5" in done.stderr
    for name, own in (("digits-cnn-int8.onnx", True), ("digits-cnn-fp32.onnx", False)):
        run = edgeprof(tmp_path, "profile", BUNDLED / name, *QUICKER, "--json")
        result = json.loads(run.stdout)
        floor = result["noise_floor"]
        assert (floor["model_name"] == name) is own
        assert floor["device_id"] == result["device_id"]
        assert (floor["runs"], floor["series"]) == (5, "latency")
    shown = edgeprof(tmp_path, "profile", ONNX, *QUICKER, "-v").stdout
    assert "5 runs of this set-up" in " ".join(shown.split())


def test_the_floors_are_printed_as_json_and_the_runs_kept(tmp_path: Path) -> None:
    out = tmp_path / "runs"
    done = edgeprof(tmp_path, "calibrate", ONNX, *QUICKER, "--runs", 5, "--json", "--out", out, "--pause-s", "0.01")
    floors = json.loads(done.stdout)
    assert [floor["series"] for floor in floors] == ["latency"]
    assert floors[0]["low"] <= floors[0]["expected"] <= floors[0]["floor"] <= floors[0]["high"]
    folder = next(out.glob("*int8*"))
    assert len([file for file in folder.glob("*.json") if ".samples." not in file.name]) == 5


def test_a_file_that_cannot_be_read_is_told_before_the_first_run(tmp_path: Path) -> None:
    file = tmp_path / "agent" / "noise-floors.json"
    file.parent.mkdir()
    file.write_text("{")
    done = edgeprof(tmp_path, "calibrate", *QUICKER, "--runs", 5)
    assert done.returncode == 1
    assert "Delete it" in done.stderr
    assert "run 1 of 5" not in done.stderr


def test_one_set_up_that_fails_takes_nothing_from_the_others(tmp_path: Path) -> None:
    """A provider that is not there fails; the cpu beside it has taught a floor all the same."""
    done = edgeprof(tmp_path, "calibrate", ONNX, *QUICKER, "--provider", "cpu", "--provider", "cuda", "--runs", 5)
    assert done.returncode == 1
    assert "only 0 of 5 runs measured" in done.stderr
    assert "Two single runs on this machine must differ by more" in done.stdout
    kept = json.loads((tmp_path / "agent" / "noise-floors.json").read_text())
    assert len(kept) == 1


def test_fewer_than_five_runs_are_wrong_use(tmp_path: Path) -> None:
    done = edgeprof(tmp_path, "calibrate", "--runs", 4)
    assert done.returncode == 2
    assert "--runs" in done.stderr


def test_a_model_that_fails_teaches_nothing(tmp_path: Path) -> None:
    model = onnx_models.custom_operator(tmp_path / "custom.onnx")
    done = edgeprof(tmp_path, "calibrate", model, *QUICKER, "--runs", 5)
    assert done.returncode == 1
    assert "operator_unsupported" in done.stderr
    assert not (tmp_path / "agent" / "noise-floors.json").exists()
