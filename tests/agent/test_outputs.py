"""Outputs of another shape than declared, and values that are no numbers."""

from pathlib import Path

import numpy as np

from edgeprof.wire.messages import Result
from edgeprof_agent.runtimes.outputs import DeclaredOutput, check_outputs
from tests.agent import onnx_models, tflite_models
from tests.agent.measuring import BUNDLED, measured, misbehaving, request_for
from tests.agent.test_sweep import FAST


def notes_of(result: Result) -> tuple[str, ...]:
    assert result.effective is not None, result.failure
    return result.effective.notes


def test_onnx_outputs_of_another_shape_than_declared_are_told_and_the_timing_stands(tmp_path: Path) -> None:
    result = measured(request_for(onnx_models.declares_another_output(tmp_path / "m.onnx"), protocol=FAST))
    assert "output 'y' has sizes 1,4; the model declares 2,4" in notes_of(result)
    assert "latency_p50_ms" in {row.metric for row in result.metrics}


def test_tflite_outputs_of_another_shape_than_declared_are_told(tmp_path: Path) -> None:
    result = measured(request_for(tflite_models.reshaped_otherwise(tmp_path / "m.tflite"), "litert", protocol=FAST))
    assert "output 'y' has sizes 2,2; the model declares 1,4" in notes_of(result)


def test_outputs_as_declared_are_not_odd(tmp_path: Path) -> None:
    for model, runtime in (
        (onnx_models.relu(tmp_path / "m.onnx", ["batch", 4]), "onnxruntime"),
        (tflite_models.doubled(tmp_path / "m.tflite", [1, 4], [-1, 4]), "litert"),
    ):
        notes = notes_of(measured(request_for(model, runtime, protocol=FAST, shapes={"x": (3, 4)})))
        assert not any("declares" in note or "NaN" in note for note in notes)


def test_an_output_that_holds_nothing_costs_no_sample(tmp_path: Path) -> None:
    result = measured(request_for(tflite_models.finds_nothing(tmp_path / "m.tflite"), "litert", protocol=FAST))
    assert "output 'found' is empty (0,2)" in notes_of(result)
    assert "latency_p50_ms" in {row.metric for row in result.metrics}
    assert result.trust is not None
    assert "suspect_output" not in {mark.cause for mark in result.trust.marks}


def test_a_look_at_the_outputs_that_fails_costs_no_sample() -> None:
    result = measured(request_for(BUNDLED / "digits-cnn-fp32.onnx", protocol=FAST), misbehaving("raise-at-outputs"))
    assert any(note.startswith("the outputs could not be checked: ValueError") for note in notes_of(result))
    assert "latency_p50_ms" in {row.metric for row in result.metrics}
    assert result.trust is not None
    assert result.trust.unchecked["suspect_output"].startswith("ValueError")


def test_operators_that_cannot_be_read_cost_neither_a_sample_nor_the_memory_afterwards() -> None:
    result = measured(request_for(BUNDLED / "digits-cnn-fp32.onnx", protocol=FAST), misbehaving("raise-at-operators"))
    assert any(note.startswith("the executed operators could not be read: ValueError") for note in notes_of(result))
    assert result.memory is not None
    assert "after" in {phase.phase for phase in result.memory.phases}


def test_every_kind_of_output_is_looked_at() -> None:
    bad = np.array([[np.nan, np.inf, 1.0]], dtype=np.float16)
    promised = [
        DeclaredOutput("a", [1, 3]),
        DeclaredOutput("b", ["n"]),
        DeclaredOutput("c", []),
        DeclaredOutput("d", [2]),
    ]
    outputs = [bad, np.zeros((2, 2)), np.float32(1) + np.zeros(()), [{"label": 1.0}]]
    assert check_outputs(promised, outputs) == {
        "non_finite": 2,
        "wrong_shapes": ["output 'b' has sizes 2,2; the model declares n"],
        "notes": [],
    }
    scalar = check_outputs([DeclaredOutput("e", [1])], [np.zeros(())])
    assert scalar["wrong_shapes"] == ["output 'e' has sizes of a scalar; the model declares 1"]
