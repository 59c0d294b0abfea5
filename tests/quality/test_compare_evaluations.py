"""`edgeprof compare` on two evaluations: folders of `edgeprof evaluate --save`, their files, and results on a hub."""

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from edgeprof.commands.compare import compare
from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.quality.gate_check import GateFails, GateUndecided, check_gates
from edgeprof.quality.outcomes import Outcome, encode_outcomes
from edgeprof.wire import identity
from edgeprof.wire import messages as m
from edgeprof.wire.evaluation import Evaluation
from edgeprof.wire.rest import ModelRecord
from tests.hub import fleet
from tests.quality.evaluations import SET_ID, answers, flipped

FP32 = fleet.model("cnn fp32", "cnn")
INT8 = fleet.model("cnn int8", "cnn", quantization="int8")
GOOD, BAD = flipped(500, right=481, lost=31, gained=2)


def run(*args: str | Path) -> str:
    outcome = CliRunner().invoke(compare, [str(arg) for arg in args], catch_exceptions=False)
    assert outcome.exit_code == 0, outcome.output
    return outcome.output


def evaluated(model: ModelRecord, outcomes: tuple[Outcome, ...]) -> tuple[m.Result, bytes]:
    data = encode_outcomes(outcomes)
    ref = m.ArtifactRef(
        name="outcomes", sha256=identity.sha256_hex(data), size=len(data), media_type="application/x-ndjson"
    )
    made = fleet.result(1, model, ())
    config = replace(made.config, evaluation_set=SET_ID)
    evaluation = Evaluation(
        set_id=SET_ID,
        set_name="digits",
        task="image-classification",
        asked=len(outcomes),
        answered=len(outcomes),
        ended="all",
    )
    return replace(made, config=config, evaluation=evaluation, artifacts=(ref,)), data


def saved(folder: Path, model: ModelRecord, right: list[bool], *, with_outcomes: bool = True) -> Path:
    """As `edgeprof evaluate --save FOLDER` leaves it: the plan, and one set-up with its run."""
    result, data = evaluated(model, answers(right))
    place = folder / "cnn-onnxruntime"
    (place / "artifacts").mkdir(parents=True)
    (folder / "plan.json").write_text("{}")
    (place / "001.json").write_bytes(msgspec.json.encode(result))
    if with_outcomes:
        (place / "artifacts" / "001.outcomes").write_bytes(data)
    return folder


def test_two_saved_evaluations_get_a_paired_verdict_with_their_flips(tmp_path: Path) -> None:
    a, b = saved(tmp_path / "a", FP32, GOOD), saved(tmp_path / "b", INT8, BAD)
    lines = run(a, b).splitlines()
    assert lines[0] == "B is worse than A by 5.8 points, on 500 items."
    assert lines[1] == "  Accuracy on digits: A 96.2 %, B 90.4 %; 500 items"
    assert lines[2].startswith("  B − A: -5.8 points, 95 % interval -8.3 to -3.8; p = ")
    assert "  right → wrong, 31 items: 0000, 0001, 0002, 0003, 0004, 0005, 0006, 0007, 0008, 0009 and 21 more" in lines
    assert "  wrong → right, 2 items: 0498, 0499" in lines
    assert any(line.startswith("  differs: model: cnn fp32 in A, cnn int8 in B") for line in lines)


def test_the_files_themselves_and_json_do_as_well(tmp_path: Path) -> None:
    a, b = saved(tmp_path / "a", FP32, GOOD), saved(tmp_path / "b", INT8, BAD)
    report = json.loads(run(a / "cnn-onnxruntime" / "001.json", b / "cnn-onnxruntime", "--json"))
    assert report["comparison"]["verdict"] == "worse"
    assert len(report["comparison"]["lost"]) == 31
    assert report["drift"] is None


def test_a_margin_makes_the_loss_acceptable(tmp_path: Path) -> None:
    a, b = saved(tmp_path / "a", FP32, GOOD), saved(tmp_path / "b", INT8, BAD)
    assert run(a, b, "--margin", "10").startswith("B is at most 10 points worse than A, on 500 items.")
    assert run(a, b, "--margin", "1").startswith("B is worse than A")


def test_one_model_on_two_machines_shows_its_drift(tmp_path: Path) -> None:
    a, b = saved(tmp_path / "a", FP32, GOOD), saved(tmp_path / "b", FP32, BAD)
    text = run(a, b)
    assert "B is worse by 5.8 points: 33 of 500 answers differ between A and B. Gate each machine on its own." in text
    assert json.loads(run(a, b, "--json"))["drift"]["verdict"] == "quality_differs"


def test_an_evaluation_without_outcomes_names_the_option(tmp_path: Path) -> None:
    a, b = saved(tmp_path / "a", FP32, GOOD), saved(tmp_path / "b", INT8, BAD, with_outcomes=False)
    with pytest.raises(EdgeprofError, match="evaluate --save FOLDER") as error:
        run(a, b)
    assert error.value.code == "no_outcomes"


def test_damaged_outcomes_are_not_used(tmp_path: Path) -> None:
    a, b = saved(tmp_path / "a", FP32, GOOD), saved(tmp_path / "b", INT8, BAD)
    (b / "cnn-onnxruntime" / "artifacts" / "001.outcomes").write_bytes(b'{"item_id":"0000"}\n')
    with pytest.raises(EdgeprofError, match="no outcomes"):
        run(a, b)


def test_an_evaluation_and_a_speed_result_are_not_compared(tmp_path: Path) -> None:
    a = saved(tmp_path / "a", FP32, GOOD)
    speed = tmp_path / "speed.json"
    speed.write_bytes(msgspec.json.encode(fleet.result(1, FP32, fleet.vision_rows(10, 0.2))))
    with pytest.raises(UsageError, match="two of a kind"):
        run(a, speed)
    with pytest.raises(UsageError, match="--margin and --gate are for two evaluations"):
        run(speed, speed, "--margin", "1")


def test_gates_are_judged_with_a_as_the_source(tmp_path: Path) -> None:
    a, b = saved(tmp_path / "a", FP32, GOOD), saved(tmp_path / "b", INT8, BAD)
    gates = ("--gate", "digits: accuracy >= source - 1", "--gate", "digits: accuracy >= 80")
    done = CliRunner().invoke(compare, [str(a), str(b), *gates])
    assert isinstance(done.exception, GateFails)
    assert (done.exception.exit_code, done.exception.message) == (4, "1 of 2 verdicts fails.")
    assert "B passes" in run(a, b, *gates[2:])
    lines = done.output.splitlines()
    assert "  gate digits: accuracy >= source - 1: B fails: -5.8 points (-8.3 to -3.8) on 500 items, limit -1." in lines
    assert any(line.startswith("  gate digits: accuracy >= 80: B passes: 90.4 (") for line in lines)
    with pytest.raises(UsageError, match="is not a gate"):
        run(a, b, "--gate", "digits: be good")


def test_an_undecided_gate_is_neither_held_nor_failed() -> None:
    with pytest.raises(GateUndecided, match="1 of 2 verdicts is undecided"):
        check_gates(["passes", "undecided"])
    with pytest.raises(GateFails):
        check_gates(["undecided", "fails"])
    assert GateUndecided.exit_code == 5
