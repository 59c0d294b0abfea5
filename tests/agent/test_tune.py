"""`edgeprof tune`: real short runs, stopped and resumed; what fails is a row; answers are compared."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from click.testing import CliRunner

from edgeprof.cli import edgeprof
from edgeprof.errors import EdgeprofError
from edgeprof.quality.packaged.resolve import resolve_set
from edgeprof.tuning.goals import Goal
from edgeprof.tuning.scores import Trial
from edgeprof.tuning.space import Candidate, Machine, axes_of, everything
from edgeprof_agent.commands.tune_run import command_line
from edgeprof_agent.commands.view.tuned import tuned_text
from edgeprof_agent.tuning.answers import AnswerBook
from edgeprof_agent.tuning.gate import SetGate
from edgeprof_agent.tuning.machine import this_machine
from edgeprof_agent.tuning.storage import TuningState, saved_state
from edgeprof_agent.tuning.trials import Trials
from edgeprof_agent.tuning.tune import Plan, tune
from edgeprof_agent.worker.answers import compared
from tests.agent.measuring import BUNDLED, request_for

MODEL = BUNDLED / "digits-cnn-int8.onnx"
HELD = [
    word
    for name in ("graph_level=all", "arena=on", "memory_pattern=on", "prepacking=on")
    for word in ("--setting", name)
]
SMALL = (*HELD, "--threads", "1", "--setting", "dynamic_block=0")
"""Leaves one axis: spinning."""


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "edgeprof", "tune", str(MODEL), *SMALL, *map(str, words)]


def environment(state: Path) -> dict[str, str]:
    return {**os.environ, "EDGEPROF_STATE": str(state)}


def until(holds: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 60
    while not holds() and time.monotonic() < end_s:
        time.sleep(0.02)


def test_a_stopped_tuning_goes_on_where_it_stood(tmp_path: Path) -> None:
    process = subprocess.Popen(command(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(tmp_path))
    until(lambda: bool(list(tmp_path.glob("tune/*.json"))))
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert "Continue with --resume" in stderr.decode()
    (file,) = tmp_path.glob("tune/*.json")
    state = saved_state(file)
    assert state is not None
    assert state.trials[0].candidate == "onnxruntime, default"
    done = subprocess.run(command("--resume", "--json"), capture_output=True, text=True, env=environment(tmp_path))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [row["candidate"] for row in found["rows"]] == ["onnxruntime, default", "onnxruntime, spinning off"]
    assert (found["space"], found["baseline_is_default"]) == ({"onnxruntime": 2}, True)
    assert found["runs"] >= len(state.trials)
    assert not file.exists()
    again = subprocess.run(command("--resume"), capture_output=True, text=True, env=environment(tmp_path))
    assert (again.returncode, "nothing_to_resume" in again.stderr) == (1, True)


def test_a_budget_below_what_works_names_the_least(tmp_path: Path) -> None:
    done = subprocess.run(command("--budget", "1s"), capture_output=True, text=True, env=environment(tmp_path))
    assert done.returncode == 2
    assert "budget_too_small" in done.stderr
    assert "The least is 9. Use --budget" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("profile", MODEL, "--setting", "arena=maybe"), "'maybe' is not a value of arena. Values: on, off."),
        (("tune", MODEL, "--setting", "delegate=none"), "onnxruntime has no setting 'delegate'."),
        (("tune", MODEL, "--budget", "soon"), "'soon' is not a time for runs."),
        (("tune", MODEL, "--runtime", "litert"), "litert does not run onnx models."),
        (("tune", MODEL, "-t", "1", "-t", "2"), "--threads holds one value here."),
        (("tune", MODEL, "--goal", "cost"), "--goal cost needs --usd-per-hour"),
        (("tune", MODEL, "--gate", "capitals-en"), "is for language models"),
        (("tune", MODEL, "--gate", "digits", "--allow-answers"), "leave one out"),
    ],
)
def test_what_cannot_be_tuned_so_is_refused_before_the_first_run(words: tuple[object, ...], said: str) -> None:
    done = CliRunner().invoke(edgeprof, list(map(str, words)))
    told = done.output if done.exception is None else f"{done.output} {done.exception}"
    assert said in " ".join(told.split())


@dataclass
class Machinery:
    """Stands for the runs of a tuning: times by candidate, and which fail."""

    times_ms: dict[str, float]
    fails: dict[str, str] = field(default_factory=lambda: {})
    goal: Goal = field(default_factory=lambda: Goal(name="latency"))
    state: TuningState = field(default_factory=lambda: TuningState(key="", seed=3, trials=[]))
    deadline_s: float = 300.0

    def once(self, one: Candidate, stage: str, block: int, attempt: int = 1) -> Trial:
        failure = self.fails.get(one.key)
        value = None if failure else self.times_ms.get(one.key, 9.0) * (1 + block / 1000)
        return Trial(
            candidate=one.key,
            stage=stage,
            block=block,
            attempt=attempt,
            value=value,
            failure=failure,
            seconds=1.0,
            marks=("busy",) if stage == "first" else (),
        )

    def request(self, one: Candidate) -> Any:
        return request_for(BUNDLED / "digits-cnn-int8.tflite", "litert", settings=dict(one.settings))


def plan_of(machinery: Machinery, budget_s: float = 500) -> Plan:
    pool = everything("litert", axes_of("litert", Machine(cores=2)))
    return Plan(
        trials=cast(Trials, machinery),
        pool=pool,
        space={"litert": len(pool)},
        budget_s=budget_s,
        allow_answers=False,
        command_of=lambda one: one.key,
    )


def test_the_first_candidate_that_works_stands_in_for_a_default_that_fails() -> None:
    said: list[str] = []
    fails = {"litert, default": "crash: SIGSEGV", "litert, 1 thread, delegate none": "timeout: 20 s"}
    machinery = Machinery({"litert, 1 thread": 2.0, "litert, delegate none": 4.0}, fails)
    found = tune(plan_of(machinery), said.append)
    assert (found.baseline.key, found.baseline_is_default) == ("litert, delegate none", False)
    assert (found.winner and found.winner.key) == "litert, 1 thread"
    assert any("The default fails" in line for line in said)
    text = tuned_text("m.tflite", Goal(name="latency"), found)
    assert "2.00 × as fast" in text
    assert "against litert, delegate none" in text
    assert "crash: SIGSEGV" in text
    assert "shared the processor with other programs" in text
    assert "timeout: 20 s" in text


def test_a_model_that_nothing_can_run_is_an_error_with_the_defaults_failure() -> None:
    names = [one.key for one in plan_of(Machinery({})).pool]
    with pytest.raises(EdgeprofError, match="All 4 candidates failed") as raised:
        tune(plan_of(Machinery({}, dict.fromkeys(names, "load_error: no"))), lambda _: None)
    assert raised.value.code == "nothing_works"
    assert raised.value.message.endswith("The default: load_error: no")


def test_a_lead_that_does_not_hold_is_not_a_winner() -> None:
    found = tune(plan_of(Machinery({"litert, default": 1.0})), lambda _: None)
    assert (found.winner, found.command) == (None, None)
    assert "Nothing better was found: no candidate was better than litert, default." in tuned_text(
        "m", Goal(name="latency"), found
    )


def test_a_gain_below_one_per_cent_is_not_worth_a_setting() -> None:
    times_ms = {"litert, default": 2.0, "litert, 1 thread": 1.99, "litert, delegate none": 2.5}
    found = tune(plan_of(Machinery(times_ms)), lambda _: None)
    assert (found.winner, found.command) == (None, None)
    assert "litert, 1 thread is better by less than 1 %" in tuned_text("m", Goal(name="latency"), found)


def test_answers_are_compared_by_real_runs(tmp_path: Path) -> None:
    model = BUNDLED / "digits-cnn-fp32.onnx"
    book = AnswerBook(tmp_path, request_for(model))
    assert book.check(request_for(model, settings={"arena": "off"})) == (True, "outputs are bit-equal")
    same, words = book.check(request_for(model, settings={"graph_level": "off"}))
    assert same, words
    same, words = book.check(request_for(model, settings={"graph_level": "none"}))
    assert same is None
    assert "'none' is not a value of graph_level" in words


def test_a_gate_lets_both_sides_answer_a_set(tmp_path: Path) -> None:
    found, folder = resolve_set("digits", lambda _: None)
    gate = SetGate(found=(found.set_id, folder), folder=tmp_path, show=lambda stage, fraction, note: None)
    model = BUNDLED / "digits-cnn-fp32.onnx"
    held = gate.check(request_for(model), request_for(model, settings={"denormals": "zero"}))
    assert held == (True, "gate: the candidate is at most 1 point worse than baseline, on 500 items.")
    broken = gate.check(request_for(model), request_for(model, settings={"denormals": "none"}))
    assert broken.same is False
    assert broken.words.startswith("the gate was not held: the candidate answered nothing")


@pytest.mark.parametrize(
    ("one", "other", "largest"),
    [
        ([1.0, -4.0], [1.0, -4.0], 0.0),
        ([1.0, -4.0], [1.0, -4.1], 0.025),
        ([0.0, 0.0], [0.0, 0.5], 1.0),
        ([1.0, float("nan")], [1.0, float("nan")], 0.0),
        ([1.0, float("nan")], [1.0, 2.0], float("inf")),
        ([1.0], [1.0, 2.0], float("inf")),
        (["a"], ["b"], float("inf")),
    ],
)
def test_how_far_outputs_differ(one: list[Any], other: list[Any], largest: float) -> None:
    told = compared({"output_0": np.asarray(one)}, {"output_0": np.asarray(other)})
    assert told["largest"] == pytest.approx(largest)
    assert told["equal"] is (largest == 0)


def test_the_first_other_token_counts() -> None:
    tokens = np.arange(8)
    told = compared({"tokens": tokens}, {"tokens": np.where(tokens < 6, tokens, 0)})
    assert told == {"equal": False, "largest": 0.25}


def test_the_winners_command_is_one_that_profile_takes() -> None:
    config = request_for(MODEL, settings={"spinning": "off"}, dims={"batch": 4}).config
    assert command_line(Path("a model.onnx"), config) == (
        "edgeprof profile 'a model.onnx' --runtime onnxruntime --threads 1 --setting spinning=off --dim batch=4"
    )


@pytest.mark.parametrize(
    ("siblings", "capacity", "sets"), [("0-1", None, ("0",)), ("own", (446, 1024), ("1",)), ("own", (1024, 1024), ())]
)
def test_sets_of_cores_are_tried_where_cores_differ(
    tmp_path: Path,
    siblings: str,
    capacity: tuple[int, int] | None,
    sets: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def both(_: int) -> set[int]:
        return {0, 1}

    monkeypatch.setattr(os, "sched_getaffinity", both)
    for core in (0, 1):
        folder = tmp_path / f"sys/devices/system/cpu/cpu{core}"
        (folder / "topology").mkdir(parents=True)
        (folder / "topology/thread_siblings_list").write_text(f"{core if siblings == 'own' else siblings}\n")
        if capacity:
            (folder / "cpu_capacity").write_text(f"{capacity[core]}\n")
    assert this_machine(tmp_path).core_sets == sets
