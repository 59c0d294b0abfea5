"""In what arithmetic a model was computed: by kernels that really ran, and by how the file stores its weights."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from onnx import helper, numpy_helper

from edgeprof.modelfiles.weights import stored_weights
from edgeprof.wire.messages import Result
from edgeprof_agent.measuring.arithmetic import (
    Kernels,
    claim_of,
    disguise_sentence,
    kernels_of,
    widened_sentence,
)
from edgeprof_agent.runtimes.onnx import trace
from tests.agent import arithmetic_models as models
from tests.agent import onnx_models
from tests.agent.measuring import BUNDLED, measured, request_for
from tests.agent.test_placement import notes_of
from tests.agent.test_sweep import FAST


def kernels(result: Result) -> tuple[int | None, int | None]:
    assert result.effective is not None, result.failure
    return result.effective.integer_kernels, result.effective.float_kernels


@pytest.mark.parametrize("name", ["m-int8.onnx", "m.quant.onnx", "bert_quantized", "M-UINT8", "w8a8"])
def test_a_model_that_looks_quantized_is_held_against_its_kernels(name: str) -> None:
    for claim in (claim_of(name, 0.0), claim_of("plain", 0.9)):
        assert "floats in disguise" in (disguise_sentence(claim, Kernels(0, 12)) or "")
        assert disguise_sentence(claim, Kernels(1, 12)) is None
        assert disguise_sentence(claim, Kernels(None, None)) is None
    assert claim_of(name, 0.9) == "90% of its weights are stored in 8 bits or fewer"


@pytest.mark.parametrize("name", ["m-fp32.onnx", "print8", "quantum-net", "hint8er"])
def test_a_model_that_claims_nothing_is_held_against_nothing(name: str) -> None:
    assert claim_of(name, 0.4) is None
    assert claim_of(name, None) is None
    assert disguise_sentence(None, Kernels(0, 12)) is None


def test_a_file_of_int8_weights_that_computes_in_floats_is_told_whatever_its_name(tmp_path: Path) -> None:
    result = measured(request_for(onnx_models.dequantized_weights(tmp_path / "model.onnx"), protocol=FAST))
    assert result.effective is not None
    assert result.effective.integer_kernels == 0
    assert any(
        note.startswith("floats in disguise: 94% of its weights are stored in 8 bits") for note in notes_of(result)
    )
    honest = measured(request_for(BUNDLED / "digits-cnn-int8.onnx", protocol=FAST))
    assert not any("disguise" in note for note in notes_of(honest))
    assert any("nodes: " in note and note.endswith("on CPU") for note in notes_of(honest))


@pytest.mark.parametrize(
    ("make", "counted", "note"),
    [
        (partial(models.nbits, level=4), (1, 0), "integers multiplied (accuracy level 4)"),
        (partial(models.nbits, level=0), (0, 1), "floats multiplied (accuracy level 0;"),
        (partial(models.nbits, level=None), (0, 1), "floats multiplied (accuracy level 0;"),
        (models.int4_qdq, (1, 0), "integers multiplied (accuracy level 4)"),
    ],
    ids=["level 4", "level 0", "no level", "made by the runtime"],
)
def test_four_bit_products_are_counted_by_their_level(
    make: models.Make, counted: tuple[int, int], note: str, tmp_path: Path
) -> None:
    """Held against the arithmetic itself: integers leave an error of more than 1e-3, floats one below 1e-5."""
    path = tmp_path / "model.onnx"
    error = make(path)
    assert (error > 1e-3) == (counted[0] == 1)
    assert (error < 1e-5) == (counted[1] == 1)
    result = measured(request_for(path, protocol=FAST))
    notes = notes_of(result)
    assert kernels(result) == counted
    assert any(note in each for each in notes)
    assert not any("disguise" in each for each in notes)
    assert any(each.startswith("weights only: ") for each in notes) == (counted[1] == 1)


def test_a_file_and_a_runtime_may_each_have_made_some() -> None:
    found = kernels_of({"MatMulNBits": 3, "Add": 2}, 0, 5, 0, {0: 1, 4: 1})
    assert found[:4] == (2, 3, 0, 1)
    assert [note[:20] for note in found.notes] == ["2 MatMulNBits nodes:", "1 MatMulNBits node: "]
    assert kernels_of({"MatMulNBits": 3}, None, None, None, {0: 3}) == Kernels(None, None)
    assert kernels_of({"Conv": 3}, 1, 2, 0, {4: 9}) == Kernels(1, 2, 0)
    assert kernels_of({"MatMulNBits": 1}, 0, 1, 0, {0: 5})[:2] == (0, 1)  # the others were optimised away


@pytest.mark.parametrize("make", [models.constant_node, models.in_a_branch, models.in_a_function, models.two_bit])
def test_small_weights_are_seen_wherever_the_file_keeps_them(make: models.Save, tmp_path: Path) -> None:
    path = make(tmp_path / "model.onnx")
    share = stored_weights(path, "onnx").small_share
    assert share is not None
    assert share > 0.9
    notes = notes_of(measured(request_for(path, protocol=FAST)))
    assert any(note.startswith("floats in disguise: 100% of its weights") for note in notes)


def test_half_precision_that_was_widened_is_told(tmp_path: Path) -> None:
    path = models.fp16(tmp_path / "model.onnx")
    stored = stored_weights(path, "onnx")
    assert (stored.small_share, stored.half_share) == (0.0, 1.0)
    result = measured(request_for(path, protocol=FAST))
    assert "stored in fp16, computed in fp32: loading widened 100% of its weights" in notes_of(result)
    whole = measured(request_for(BUNDLED / "digits-cnn-fp32.onnx", protocol=FAST))
    assert not any("fp16" in note for note in notes_of(whole))
    assert widened_sentence(1.0, Kernels(0, 3, half=3)) is None
    assert widened_sentence(1.0, Kernels(0, 3)) is None


def test_what_only_moves_or_chooses_is_no_computing_node(tmp_path: Path) -> None:
    """Of four nodes one multiplies: Where, IsNaN and Trilu choose, and an integer product counts as integer."""
    nodes = [
        helper.make_node("IsNaN", ["x"], ["odd"]),
        helper.make_node("Where", ["odd", "x", "x"], ["kept"]),
        helper.make_node("Trilu", ["kept"], ["low"]),
        helper.make_node("MatMul", ["low", "w"], ["y"]),
    ]
    weights = numpy_helper.from_array(np.ones((4, 4), np.float32), "w")
    path = onnx_models.save(tmp_path / "m.onnx", nodes, [4, 4], weights)
    assert kernels(measured(request_for(path, protocol=FAST))) == (0, 1)
    counted = trace.read_trace(models.trace_of(models.int32_product(tmp_path / "i.onnx")))
    assert (counted["integer_kernels"], counted["float_kernels"]) == (1, 0)


def test_where_nodes_run_is_asked_of_the_measured_session() -> None:
    result = measured(request_for(BUNDLED / "digits-cnn-int8.onnx", protocol=FAST))
    assert result.effective is not None
    assert "providers are those of the measured session, counted before it fused nodes" in notes_of(result)
    before_fusion = sum(result.effective.nodes_per_provider.values())
    assert before_fusion > sum(result.effective.operators.values()), "fusion leaves fewer nodes than the file has"
