"""`edgeprof evaluate` as a person sees it: real models, the packaged digits, one run each."""

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from edgeprof.quality.outcomes import decode_outcomes
from edgeprof.wire.messages import Result
from tests.agent.evaluation_sets import first_digits, rows_set
from tests.agent.measuring import BUNDLED

MODEL = BUNDLED / "digits-cnn-int8.onnx"


def _evaluate(cache: Path, *arguments: object, model: Path = MODEL) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "edgeprof", "evaluate", str(model), *map(str, arguments)],
        env={**os.environ, "EDGEPROF_CACHE": str(cache)},
        capture_output=True,
        text=True,
        timeout=150,
    )


def test_the_report_has_figures_pipeline_and_what_it_can_show(tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    done = _evaluate(tmp_path / "cache", "--set", "digits", "--threads", 1, "--save", saved)
    assert done.returncode == 0, done.stderr
    assert "set        digits  (image-classification, id " in done.stdout
    assert "answered   500 of 500 items" in done.stdout
    for words in ("Accuracy", "95 % in", "n=500", "Pipeline p50", "of it the model, p50", "can show"):
        assert words in done.stdout
    assert "a difference of 1.3 points or more" in done.stdout
    (file,) = saved.glob("*/001.json")
    result = msgspec.json.decode(file.read_bytes(), type=Result)
    (artifact,) = saved.glob("*/artifacts/001.outcomes*")
    outcomes = list(decode_outcomes(artifact.read_bytes()))
    assert result.trust is not None
    assert result.conditions is not None
    assert result.conditions.window_s > 0
    assert "trust      " in done.stdout
    assert result.metrics[0].value == pytest.approx(100 * sum(bool(one.correct) for one in outcomes) / 500)
    assert list((tmp_path / "cache").rglob("*.jsonl")) == []  # nothing is left to resume


def test_json_is_the_result_and_a_part_of_a_set_is_one(tmp_path: Path) -> None:
    done = _evaluate(tmp_path / "cache", "--set", first_digits(tmp_path / "set", 30), "--items", 12, "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["evaluation"]["ended"] == "item_limit"
    assert result["metrics"][0]["n"] == 12


def test_a_set_that_the_model_cannot_answer_leaves_nothing_to_resume(tmp_path: Path) -> None:
    """The next start asks every item again."""
    folder = rows_set(tmp_path / "set", np.zeros((3, 5), np.uint8), [0, 1, 0], 2)
    done = _evaluate(tmp_path / "cache", "--set", folder)
    assert "no_answers" in done.stdout
    assert list((tmp_path / "cache").rglob("*.jsonl")) == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--set", "no-such-set"), "unknown_set"),
        (("--set", "LANGUAGE"), "wrong_set"),
        (("--set", "."), "no_set"),
        (("--set", "digits", "--runtime", "litert"), "wrong_runtime"),
    ],
)
def test_wrong_use_is_one_sentence(arguments: tuple[str, ...], code: str, tmp_path: Path) -> None:
    if arguments[1] == "LANGUAGE":
        arguments = ("--set", str(_language_set(tmp_path / "set")))
    done = _evaluate(tmp_path / "cache", *arguments)
    assert done.returncode in (1, 2)
    assert f"[{code}]" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def _language_set(folder: Path) -> Path:
    from edgeprof.quality.evaluation_set import SetFacts
    from edgeprof.quality.sets.folder import write_set

    facts = SetFacts(name="q", task="exact-match", domain="language", language="en", template="{question}")
    write_set(folder, facts, [{"id": "a", "question": "2+2?", "target": "4"}])
    return folder
