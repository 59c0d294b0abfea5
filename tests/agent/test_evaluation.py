"""Evaluations by real runtimes: figures, what has no answer, and the result that a hub can take."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from edgeprof.quality.sets.folder import read_set
from edgeprof.quality.tasks.table import TASKS
from edgeprof.wire import codec
from edgeprof.wire.messages import Result
from tests.agent.evaluation_sets import (
    DIGITS,
    ONE_BY_ONE,
    answers,
    evaluated,
    evaluation_request,
    first_digits,
    misanswering,
    rows_set,
)
from tests.agent.measuring import BUNDLED, values
from tests.agent.onnx_models import only_four_values, save
from tests.agent.tflite_models import doubled

ROWS = np.random.default_rng(7).uniform(0.1, 1.0, (8, 4)).astype(np.float32)
LIKELIEST = [int(row.argmax()) for row in ROWS]


@pytest.mark.parametrize(
    ("model", "runtime", "integer"),
    [("digits-cnn-fp32.onnx", "onnxruntime", False), ("digits-cnn-int8.tflite", "litert", True)],
)
def test_figures_follow_from_the_outcomes(model: str, runtime: str, integer: bool, tmp_path: Path) -> None:
    result, outcomes = evaluated(evaluation_request(BUNDLED / model, runtime, DIGITS), DIGITS, tmp_path / "journal")
    found = read_set(DIGITS)
    figures = TASKS["image-classification"].figures({str(i["id"]): i for i in found.items}, found.facts, outcomes)
    assert result.status == "measured"
    assert values(result)["accuracy_percent"] == figures[0].value > 98
    row = result.metrics[0]
    assert (row.metric, row.n, row.ci_low, row.ci_high) == (
        "accuracy_percent",
        500,
        figures[0].ci_low,
        figures[0].ci_high,
    )
    assert [outcome.item_id for outcome in outcomes] == [item["id"] for item in found.items]
    assert all(0 < one.model_ns < one.pipeline_ns == sum(one.parts_ns.values()) for one in outcomes)
    assert result.evaluation is not None
    assert (result.evaluation.asked, result.evaluation.answered, result.evaluation.ended) == (500, 500, "all")
    assert result.evaluation.pipeline_parts_ms["model"] < values(result)["pipeline_p50_ms"]
    assert result.effective is not None
    assert bool(result.effective.integer_kernels) is integer
    assert result.effective.input_source == "the items of the evaluation set"
    assert len(codec.encode(result)) < codec.MAX_MESSAGE_BYTES


def test_an_evaluation_is_a_cell_of_its_own(tmp_path: Path) -> None:
    model = BUNDLED / "digits-cnn-int8.onnx"
    few = dataclasses.replace(ONE_BY_ONE, evaluation_items=20)
    request = evaluation_request(model, "onnxruntime", DIGITS, few)
    result, outcomes = evaluated(request, DIGITS, tmp_path / "journal")
    assert result.config.evaluation_set == read_set(DIGITS).set_id
    assert result.evaluation is not None
    assert (result.evaluation.ended, result.evaluation.asked, len(outcomes)) == ("item_limit", 20, 20)
    assert "latency_p50_ms" not in values(result)


def test_an_item_whose_answer_is_nan_is_named_and_counts_nowhere(tmp_path: Path) -> None:
    model = _model(tmp_path, "Log")
    rows = ROWS.copy()
    rows[2, 0] = -1.0
    folder = rows_set(tmp_path / "set", rows, LIKELIEST, 4)
    result, outcomes = evaluated(evaluation_request(model, "onnxruntime", folder), folder, tmp_path / "journal")
    assert values(result)["accuracy_percent"] == 100
    assert result.metrics[0].n == 7
    assert outcomes[2].correct is None
    assert "NaN" in outcomes[2].problem
    assert result.evaluation is not None
    assert [each.item_id for each in result.evaluation.problems] == ["i0002"]
    assert (result.evaluation.problem_count, result.evaluation.unanswered) == (1, 1)


def test_a_model_that_answers_nothing_fails_by_name(tmp_path: Path) -> None:
    folder = rows_set(tmp_path / "set", -ROWS, LIKELIEST, 4)
    request = evaluation_request(_model(tmp_path, "Log"), "onnxruntime", folder)
    result, outcomes = evaluated(request, folder, tmp_path / "journal")
    assert _failure(result) == "no_answers"
    assert result.metrics == ()
    assert len(outcomes) == 8
    assert result.evaluation is not None
    assert result.evaluation.answered == 0


def test_an_output_of_another_length_than_the_classes_is_no_answer(tmp_path: Path) -> None:
    folder = rows_set(tmp_path / "set", ROWS, LIKELIEST, 5)
    result, _ = evaluated(evaluation_request(_model(tmp_path), "onnxruntime", folder), folder, tmp_path / "journal")
    assert _failure(result) == "no_answers"
    assert result.failure is not None
    assert "each of the 5 classes" in result.failure.message
    assert "[1, 4]" in result.failure.message


def test_an_item_that_the_runtime_refuses_is_named(tmp_path: Path) -> None:
    """The model takes any number of rows by its declaration, and only one in fact."""
    model = only_four_values(tmp_path / "model.onnx")
    folder = tmp_path / "set"
    rows_set(folder, np.stack([ROWS, ROWS], axis=1), LIKELIEST, 4, task="series-classification")
    result, outcomes = evaluated(evaluation_request(model, "onnxruntime", folder), folder, tmp_path / "journal")
    assert _failure(result) == "no_answers"
    assert outcomes[0].problem.startswith("the item has 8 values; the input takes [-1, 4]")


def test_series_are_answered_in_the_order_of_the_model(tmp_path: Path) -> None:
    """[time, channel] rows into a model that has channels first: `order` turns them."""
    model = doubled(tmp_path / "model.tflite", [1, 2, 2])
    rows = ROWS.reshape(8, 2, 2)
    turned = [int(row.T.argmax()) for row in rows]
    for order, labels in (("time-channel", LIKELIEST), ("channel-time", turned)):
        folder = rows_set(tmp_path / order, rows, labels, 4, task="series-classification", order=order)
        result, _ = evaluated(evaluation_request(model, "litert", folder), folder, tmp_path / f"{order}.journal")
        assert values(result)["accuracy_percent"] == 100


def test_an_int8_model_takes_the_items_by_its_own_scale(tmp_path: Path) -> None:
    """Its answers are those of the float model on nearly every item, whatever its element type."""
    found = [
        evaluated(evaluation_request(BUNDLED / model, runtime, DIGITS), DIGITS, tmp_path / model)[1]
        for model, runtime in (("digits-cnn-fp32.tflite", "litert"), ("digits-cnn-int8.tflite", "litert"))
    ]
    same = sum(one.answer[0] == other.answer[0] for one, other in zip(*found, strict=True))
    assert same >= 495


def test_examples_for_a_task_without_a_prompt_are_refused(tmp_path: Path) -> None:
    """Else the result would claim shots that nobody saw."""
    folder = rows_set(tmp_path / "set", ROWS, LIKELIEST, 4)
    request = evaluation_request(_model(tmp_path), "onnxruntime", folder)
    request = dataclasses.replace(request, config=dataclasses.replace(request.config, shots=2))
    result, _ = evaluated(request, folder, tmp_path / "journal")
    assert _failure(result) == "bad_set"
    assert result.failure is not None
    assert "no prompt for examples. Use `--shots 0`" in result.failure.message


def test_a_set_that_does_not_fit_its_id_is_refused(tmp_path: Path) -> None:
    folder = first_digits(tmp_path / "set", 10)
    request = evaluation_request(BUNDLED / "digits-cnn-int8.onnx", "onnxruntime", folder)
    lines = (folder / "items.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "items.jsonl").write_bytes(b"".join(lines[:-1]))
    result, _ = evaluated(request, folder, tmp_path / "journal")
    assert _failure(result) == "bad_set"


@pytest.mark.parametrize(
    ("file", "kept", "words"),
    [
        ("items.jsonl", 0, "no items"),
        ("items.jsonl", -5, "items.jsonl:10"),
        ("files/rows.npy", -100, "rows.npy"),
        ("files/rows.npy", 0, "rows.npy"),
    ],
    ids=["empty", "torn item", "truncated array", "no array"],
)
def test_a_damaged_set_fails_before_a_worker_starts(file: str, kept: int, words: str, tmp_path: Path) -> None:
    folder = first_digits(tmp_path / "set", 10)
    request = evaluation_request(BUNDLED / "digits-cnn-int8.onnx", "onnxruntime", folder)
    (folder / file).write_bytes((folder / file).read_bytes()[:kept])
    result, _ = evaluated(request, folder, tmp_path / "journal")
    assert _failure(result) == "bad_set"
    assert result.failure is not None
    assert words in result.failure.message
    assert result.isolation is None


def test_a_preparation_that_does_not_fit_the_model_is_named(tmp_path: Path) -> None:
    folder = rows_set(tmp_path / "set", ROWS, LIKELIEST, 4, layout="NCHW")
    result, _ = evaluated(evaluation_request(_model(tmp_path), "onnxruntime", folder), folder, tmp_path / "journal")
    assert _failure(result) == "bad_set"
    assert result.failure is not None
    assert "layout NCHW has 4 dimensions, input 'x' 2" in result.failure.message


def test_an_answer_that_is_no_json_costs_one_item(tmp_path: Path) -> None:
    folder = first_digits(tmp_path / "set", 10)
    which = read_set(folder).items[4]["id"]
    request = evaluation_request(BUNDLED / "digits-cnn-int8.onnx", "onnxruntime", folder)
    result, outcomes = evaluated(request, folder, tmp_path / "journal", misanswering(f"no-json:{which}"))
    assert [one.item_id for one in outcomes if one.problem] == [which]
    assert result.metrics[0].n == 9


def test_the_same_set_and_model_give_the_same_answers(tmp_path: Path) -> None:
    request = evaluation_request(BUNDLED / "digits-cnn-int8.onnx", "onnxruntime", DIGITS)
    first, second = (answers(evaluated(request, DIGITS, tmp_path / name)[1]) for name in ("one", "two"))
    assert first == second


def test_many_long_problems_still_fit_a_message(tmp_path: Path) -> None:
    folder = rows_set(tmp_path / "set", ROWS.repeat(8, axis=0), LIKELIEST * 8, 5)
    request = evaluation_request(_model(tmp_path), "onnxruntime", folder)
    result, outcomes = evaluated(request, folder, tmp_path / "journal")
    assert result.evaluation is not None
    assert (len(result.evaluation.problems), result.evaluation.problem_count, len(outcomes)) == (20, 64, 64)
    assert len(codec.encode(result)) < codec.MAX_MESSAGE_BYTES


def _model(folder: Path, operator: str = "Identity") -> Path:
    from onnx import helper

    return save(folder / "model.onnx", [helper.make_node(operator, ["x"], ["y"])], [1, 4])


def _failure(result: Result) -> str:
    assert result.failure is not None
    return result.failure.code
