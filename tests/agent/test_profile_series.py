"""`edgeprof profile` with several set-ups or repeats: real runs, kept as files that `edgeprof compare` reads."""

import csv
import io
import json
import signal
import subprocess
import sys
from pathlib import Path

import msgspec

from edgeprof.wire.messages import Result
from edgeprof_agent.series.storage import SeriesPlan
from tests.agent import onnx_models
from tests.agent.measuring import BUNDLED

ONNX, TFLITE = BUNDLED / "digits-cnn-int8.onnx", BUNDLED / "digits-cnn-int8.tflite"
QUICK = ("--window-s", "0.05", "--window-limit-s", "0.05", "--warmup-limit-s", "0.05", "--no-cold-start")
QUICKER = (*QUICK, "--threads", "1")


def edgeprof(*arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "edgeprof", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_two_models_are_interleaved_kept_and_compared(tmp_path: Path) -> None:
    out = tmp_path / "runs"
    done = edgeprof("profile", ONNX, TFLITE, *QUICKER, "--repeats", 2, "--order-seed", 5, "--out", out)
    assert done.returncode == 0, done.stderr
    plan = msgspec.json.decode((out / "plan.json").read_bytes(), type=SeriesPlan)
    assert plan.seed == 5
    order = [turn.setup for turn in plan.turns]
    assert order in ([0, 1, 1, 0], [1, 0, 0, 1])
    folders = [setup.folder for setup in plan.setups]
    results = [
        msgspec.json.decode((out / folders[turn.setup] / f"{turn.repeat:03d}.json").read_bytes(), type=Result)
        for turn in plan.turns
    ]
    started = [result.started.monotonic_ns for result in results]
    assert started == sorted(started)
    assert "run 3 of 4, block 2 of 2: digits-cnn-int8" in done.stderr
    assert "against" in done.stdout or "as fast as" in done.stdout
    compared = edgeprof("compare", *(out / folder for folder in folders), "--json")
    assert compared.returncode == 0, compared.stderr
    verdict = json.loads(compared.stdout)["verdict"]
    assert (verdict["runs_a"], verdict["runs_b"]) == (2, 2)
    assert "samples are not here" not in compared.stdout


def test_a_failed_run_is_shown_and_ends_nothing(tmp_path: Path) -> None:
    bad = onnx_models.custom_operator(tmp_path / "custom.onnx")
    out = tmp_path / "runs"
    done = edgeprof("profile", bad, ONNX, *QUICKER, "--repeats", 2, "--out", out)
    assert done.returncode == 1
    assert "custom.onnx (2 of 2 runs): operator_unsupported: " in done.stdout
    assert "failed: custom.onnx: operator_unsupported" in done.stderr
    assert len(list(out.glob("*int8*/0*.json"))) >= 2
    assert not list(out.glob("custom*/*.json"))
    assert len(list(out.glob("custom*/failed/*.json"))) == 2


def test_rows_as_csv_are_all_that_is_printed() -> None:
    done = edgeprof("profile", ONNX, TFLITE, *QUICKER, "-o", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout, newline="")))
    assert [row["name"] for row in rows] == [ONNX.name, TFLITE.name]
    assert all(float(row["latency_p50_ms"]) > 0 and row["threads"] == "1" for row in rows)


def test_a_series_in_json_holds_plan_results_and_verdicts() -> None:
    done = edgeprof("profile", ONNX, *QUICK, "--threads", 1, "--threads", 2, "--json")
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stderr
    document = json.loads(done.stdout)
    assert len(document["plan"]["turns"]) == 2
    assert [len(results) for results in document["results"].values()] == [1, 1]
    assert len(document["summary"]["verdicts"]) == 1


def test_ctrl_c_keeps_what_is_there_and_says_where(tmp_path: Path) -> None:
    out = tmp_path / "runs"
    command = [sys.executable, "-c", "from edgeprof.cli import main; main()", "profile", str(ONNX), *QUICKER]
    with subprocess.Popen(
        [*command, "--repeats", "500", "--out", str(out)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stderr is not None
        for line in run.stderr:
            if line.startswith("run 3 of"):
                break
        run.send_signal(signal.SIGINT)
        shown, told = run.communicate(timeout=60)
    assert run.returncode == 130
    assert str(out) in told
    assert "of 500 runs" in told
    assert "digits-cnn-int8.onnx" in shown
    assert len(list(out.glob("*int8*/002.json"))) == 1
    assert edgeprof("compare", *list(out.glob("*int8*")) * 2).returncode == 0


def test_a_folder_with_something_in_it_is_refused_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text("{}")
    done = edgeprof("profile", ONNX, *QUICKER, "--repeats", 2, "--out", tmp_path)
    assert done.returncode == 2
    assert "folder_not_empty" in done.stderr


def test_the_samples_of_several_runs_do_not_fit_one_file(tmp_path: Path) -> None:
    done = edgeprof("profile", ONNX, *QUICKER, "--repeats", 2, "--samples", tmp_path / "s.json")
    assert done.returncode == 2
    assert "--out DIR" in done.stderr


def test_a_single_run_is_kept_too(tmp_path: Path) -> None:
    done = edgeprof("profile", ONNX, *QUICKER, "--out", tmp_path / "runs")
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "runs").glob("*/001.json"))) == 1
    assert "p50" in done.stdout
