"""The demo as a newcomer runs it: real processes, real models, and its exit code means something."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from edgeprof.demo import check, plan
from edgeprof.demo.plan import DEFAULT_PLAN
from tests.e2e.farm import free_port

SHORT_PLAN = """
[measuring]
threads = 1
window_s = 0.3
window_limit_s = 0.3
warmup_limit_s = 0.3
deadline_s = 60.0
prompt_tokens = 16
decode_tokens = 4

[[agents]]
name = "this-machine"

[[models]]
recipe = "digits-cnn-int8-onnx"
expect = { this-machine = "EXPECTED" }
"""

PLAN = SHORT_PLAN.replace("EXPECTED", "measured")


def run_demo(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edgeprof", "demo", "--once", "--data", str(folder / "demo"), *arguments]
    wide = {**os.environ, "COLUMNS": "100"}  # at 80 columns the table has no room for energy, and says so
    command += ["--port", str(free_port())]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, env=wide)


def survivors(folder: Path) -> list[str]:
    """Command lines of processes that still work for the demo in that folder."""
    lines = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
    return [line for line in lines if str(folder) in line]


@pytest.mark.timeout(700)
def test_the_whole_demo_comes_out_as_planned(tmp_path: Path) -> None:
    done = run_demo(tmp_path)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert "27 of 27 runs ended as the plan expects" in done.stdout
    assert "failed: operator_unsupported" in done.stdout
    assert "Amazon Rekognition" in done.stdout
    told = " ".join(done.stdout.split())
    assert "energy was not requested" in told
    assert told.count("✓ passes not compared") == 2  # int8 in both runtimes, each against its float source
    assert "smollm2-135m-instruct on capitals-en" in told
    assert "~ digits-cnn-int8-onnx" in told
    assert "No set evaluated: face-landmark-with-attention, hand-landmark-lite, magika, rawi-v2-int8." in told
    for column in ("Accuracy %", "can show", "gate", "drift", "p50 ms", "$/1,000", "$/1,000 right"):
        assert f" {column} " in f" {told} "
    assert told.count("not counted not counted") == 4  # the emulated phone's answers
    assert survivors(tmp_path) == []


def test_a_lead_figure_outside_of_its_range_is_named() -> None:
    whole = plan.load()
    found = {
        (agent, recipe, one.set): one.lead[0] for one in whole.evaluations for agent, recipe in one.runs(whole.agents)
    }
    assert check.quality_mismatches(whole, found) == []
    wrong = {
        **found,
        ("this-machine", "digits-cnn-int8-onnx", "digits"): 61.2,
        ("this-machine", "smollm2-135m-q4-1", "capitals-en"): "failed:crash",
    }
    assert [(item.agent, item.recipe, item.expected, item.got) for item in check.quality_mismatches(whole, wrong)] == [
        ("this-machine", "digits-cnn-int8-onnx on digits", "98 to 99.6", "61.2"),
        ("this-machine", "smollm2-135m-q4-1 on capitals-en", "80 to 100", "failed:crash"),
    ]


def test_a_cell_that_comes_out_otherwise_is_named_and_fails_the_demo(tmp_path: Path) -> None:
    short = tmp_path / "plan.toml"
    short.write_text(SHORT_PLAN.replace("EXPECTED", "failed:crash"))
    done = run_demo(tmp_path, "--plan", str(short))
    assert done.returncode == 1
    assert "digits-cnn-int8-onnx on this-machine: expected failed:crash, got measured" in done.stdout
    assert survivors(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SHORT_PLAN.replace("EXPECTED", "failed:bad_luck"), "is not a possible outcome"),
        (SHORT_PLAN.replace("this-machine = ", "elsewhere = "), "needs an expected outcome for each"),
        (SHORT_PLAN.replace("window_s", "windows_s"), "windows_s"),
        ("[[", "Cannot use"),
        (
            f'{PLAN}[[evaluations]]\nset = "digits"\nrecipes = ["magika"]\nlead = [0, 1]\n',
            "not one of [[models]]",
        ),
        (f'{PLAN}[[evaluations]]\nset = "digits"\nrecipes = []\nlead = [1, 0]\n', "ends below its start"),
        (
            f'{PLAN}[[evaluations]]\nset = "digits"\nrecipes = []\nagents = ["x"]\nlead = [0, 1]\n',
            "not one of [[agents]]",
        ),
        (f'{PLAN}[[gates]]\nfamily = "digits-cnn"\ngates = ["it is good"]\n', "is not a gate"),
    ],
)
def test_a_plan_that_makes_no_sense_is_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    bad = tmp_path / "plan.toml"
    bad.write_text(text)
    done = run_demo(tmp_path, "--plan", str(bad))
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    port = free_port()
    with psutil.Popen(
        [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"], stderr=subprocess.PIPE
    ) as server:
        while not any(item.laddr.port == port for item in psutil.Process(server.pid).net_connections()):
            assert server.poll() is None
        done = subprocess.run(
            [sys.executable, "-m", "edgeprof", "demo", "--once", "--port", str(port), "--data", str(tmp_path)],
            capture_output=True,
            text=True,
        )
        server.kill()
    assert done.returncode == 2
    assert f"Port {port} is in use" in done.stderr


def test_the_plan_that_ships_names_every_recipe() -> None:
    recipes = Path(__file__).parents[2] / "model_exports" / "edgeprof_exports" / "recipes"
    named = {line.split('"')[1] for line in DEFAULT_PLAN.read_text().splitlines() if line.startswith("recipe =")}
    # Those that are quantized from another recipe, or made for a set that takes a download, would only lengthen a demo.
    left_out = ('kind = "quantized"', "[preparation]")
    published = {path.stem for path in recipes.glob("*.toml") if not any(text in path.read_text() for text in left_out)}
    assert named == published
