"""`edgeprof models` as a person types it."""

import os
import subprocess
import sys
from pathlib import Path

from edgeprof_exports import bundle


def edgeprof(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edgeprof", "models", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=os.environ | {"EDGEPROF_CACHE": str(cwd / "cache")} | environment,
    )


def test_the_list_names_every_recipe_and_its_licence(tmp_path: Path) -> None:
    done = edgeprof("list", cwd=tmp_path)
    rows = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert done.returncode == 0
    assert "magika 1.0.3" in rows["magika"]
    assert "Apache-2.0  no " in rows["magika"]
    assert "Apache-2.0  yes" in rows["digits-cnn-int8-tflite"]


def test_fetch_prints_paths_on_stdout_only(tmp_path: Path) -> None:
    done = edgeprof("fetch", "digits-cnn-int8-onnx", "digits-cnn-fp32-tflite", cwd=tmp_path)
    assert done.stdout.split() == [
        str(bundle.FOLDER / "digits-cnn-int8.onnx"),
        str(bundle.FOLDER / "digits-cnn-fp32.tflite"),
    ]
    assert "CC BY 4.0" in done.stderr


def test_wrong_use_is_one_sentence(tmp_path: Path) -> None:
    for arguments, code in (
        (["fetch"], "no_recipe"),
        (["fetch", "--all", "magika"], "no_recipe"),
        (["fetch", "resnet"], "unknown_recipe"),
        (["build", "magika"], "not_buildable"),
    ):
        done = edgeprof(*arguments, cwd=tmp_path)
        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr.count("\n") == 1
        assert f"[{code}]" in done.stderr


def test_an_index_out_of_reach_is_one_sentence(tmp_path: Path) -> None:
    done = edgeprof("fetch", "magika", cwd=tmp_path, PIP_CONFIG_FILE=os.devnull, PIP_NO_INDEX="1")
    assert done.returncode == 1
    assert "[download_failed]" in done.stderr
    assert "Traceback" not in done.stderr
