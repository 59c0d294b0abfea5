"""TFLite inputs are told apart by their index, and a run says which of several signatures it measured."""

from dataclasses import replace
from pathlib import Path

import pytest

from edgeprof.errors import UsageError
from edgeprof.modelfiles import DeclaredInput, declared_inputs
from edgeprof.wire.messages import Result
from edgeprof_agent.measuring.worker_job import job_of
from edgeprof_agent.runtimes.litert.adapter import LiteRt
from tests.agent import tflite_models
from tests.agent.measuring import measured, request_for

ROWS = {"prefill": 512, "decode": 1}


def run(path: Path, signature: str = "") -> Result:
    request = request_for(path, "litert")
    return measured(replace(request, config=replace(request.config, signature=signature)))


def inputs_of(result: Result) -> dict[str, str]:
    assert result.effective is not None, result.failure
    return result.effective.inputs


def note_of(result: Result) -> str:
    assert result.effective is not None, result.failure
    return next((note for note in result.effective.notes if note.startswith("measured signature")), "")


@pytest.mark.parametrize(
    ("names", "signature", "labels"),
    [
        (("x", "x"), None, ["x", "x (2)"]),
        (("", ""), None, ["input", "input (2)"]),
        (("x", ""), None, ["x", "input"]),
        (("x", "x"), ("left", "right"), ["left", "right"]),
        (("a", "b"), ("left", "right"), ["a", "b"]),
    ],
)
def test_inputs_of_one_name_or_none_are_fed_each_in_its_own_shape(
    tmp_path: Path, names: tuple[str, str], signature: tuple[str, str] | None, labels: list[str]
) -> None:
    path = tflite_models.joined(tmp_path / "joined.tflite", names, signature)
    result = run(path)
    assert result.status == "measured", result.failure
    assert inputs_of(result) == dict(zip(labels, ["float32[1,8]", "float32[1,24]"], strict=True))
    assert result.trust is not None
    assert "suspect_output" not in {mark.cause for mark in result.trust.marks}
    sizes = [(1, 8), (1, 24)]
    assert declared_inputs(path, "tflite") == tuple(
        DeclaredInput(label, size) for label, size in zip(labels, sizes, strict=True)
    )


def test_both_inputs_of_one_name_are_set(tmp_path: Path) -> None:
    path = tflite_models.joined(tmp_path / "joined.tflite", ("x", "x"))
    model = LiteRt().open(job_of(request_for(path, "litert"), "measure", 60.0))
    model.bind()
    model.infer()
    interpreter = model._interpreter  # pyright: ignore[reportPrivateUsage]
    joined = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    assert joined.shape == (1, 32)
    assert (joined != 0).sum() > 30


def test_without_a_choice_the_first_graphs_signature_is_measured_and_the_others_are_named(tmp_path: Path) -> None:
    result = run(tflite_models.with_signatures(tmp_path / "m.tflite", ROWS))
    assert inputs_of(result) == {"x": "float32[512,64]"}
    assert "`prefill`; not measured: `decode`" in note_of(result)


def test_another_signature_can_be_chosen(tmp_path: Path) -> None:
    result = run(tflite_models.with_signatures(tmp_path / "m.tflite", ROWS), "decode")
    assert result.status == "measured", result.failure
    assert inputs_of(result) == {"x": "float32[1,64]"}
    assert "`decode`; not measured: `prefill`" in note_of(result)
    assert result.effective is not None
    assert result.effective.operators == {}
    assert "LiteRT reports operators and delegates of the first graph only" in result.effective.notes


def test_a_first_graph_without_a_signature_is_named_as_that(tmp_path: Path) -> None:
    path = tflite_models.with_signatures(tmp_path / "m.tflite", ROWS, unsigned_rows=7)
    first = run(path)
    assert inputs_of(first) == {"x": "float32[7,64]"}
    assert "the first graph; not measured: `prefill`, `decode`" in note_of(first)
    assert inputs_of(run(path, "prefill")) == {"x": "float32[512,64]"}


def test_one_signature_needs_no_note(tmp_path: Path) -> None:
    assert note_of(run(tflite_models.with_signatures(tmp_path / "m.tflite", {"serve": 3}))) == ""


def test_a_signature_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    path = tflite_models.with_signatures(tmp_path / "m.tflite", ROWS)
    result = run(path, "encode")
    assert result.failure is not None
    assert "no signature 'encode'. Signatures: " in result.failure.message
    with pytest.raises(UsageError, match="Signatures: prefill, decode"):
        declared_inputs(path, "tflite", "encode")


def test_full_delegation_cannot_be_shown_for_a_later_graph(tmp_path: Path) -> None:
    path = tflite_models.with_signatures(tmp_path / "m.tflite", ROWS)
    request = request_for(path, "litert")
    config = replace(request.config, signature="decode", require_full_delegation=True)
    failure = measured(replace(request, config=config)).failure
    assert failure is not None
    assert failure.code == "partial_delegation"


def test_the_inputs_of_a_chosen_signature_are_read_from_the_file(tmp_path: Path) -> None:
    path = tflite_models.with_signatures(tmp_path / "m.tflite", ROWS)
    assert declared_inputs(path, "tflite") == (DeclaredInput("x", (512, 64)),)
    assert declared_inputs(path, "tflite", "decode") == (DeclaredInput("x", (1, 64)),)
