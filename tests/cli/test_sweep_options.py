"""Sweeps as they are typed: points spelled out, and dimensions run through."""

from pathlib import Path

import pytest

from edgeprof.commands.options import sweep_points
from edgeprof.errors import UsageError
from edgeprof.modelfiles import DeclaredInput, inspect
from edgeprof.modelfiles.sweep_points import MAX_POINTS, points_of
from tests.agent import onnx_models, tflite_models
from tests.agent.gguf_models import tiny_llama

TEXT = (DeclaredInput("ids", ("batch", "length")), DeclaredInput("mask", ("batch", "length")))
IMAGE = (DeclaredInput("image", (None, 3, 224, 224)), DeclaredInput("scale", (1,)))


def shapes(
    declared: tuple[DeclaredInput, ...],
    dims: dict[str, tuple[int, ...]],
    fixed: dict[str, tuple[int, ...]] | None = None,
) -> list[dict[str, tuple[int, ...]]]:
    return [at.shapes for at in points_of(declared, [], dims, fixed or {})]


def refused(
    declared: tuple[DeclaredInput, ...], dims: dict[str, tuple[int, ...]], *points: dict[str, tuple[int, ...]]
) -> str:
    with pytest.raises(UsageError) as caught:
        points_of(declared, points, dims, {})
    assert caught.value.code == "bad_sweep"
    return caught.value.message


def test_a_dimension_takes_its_size_in_every_input_that_has_it() -> None:
    assert shapes(TEXT, {"length": (8, 16)}) == [{"ids": (1, 8), "mask": (1, 8)}, {"ids": (1, 16), "mask": (1, 16)}]


def test_several_dimensions_are_combined() -> None:
    found = shapes(TEXT, {"batch": (1, 2), "length": (8, 16)})
    assert [at["ids"] for at in found] == [(1, 8), (1, 16), (2, 8), (2, 16)]


def test_batch_is_the_open_leading_size_where_no_dimension_is_called_so() -> None:
    assert shapes(IMAGE, {"batch": (1, 4)}) == [{"image": (1, 3, 224, 224)}, {"image": (4, 3, 224, 224)}]
    named = (DeclaredInput("x", ("n", 4)),)
    assert shapes(named, {"batch": (2,)}) == shapes(named, {"n": (2,)}) == [{"x": (2, 4)}]


def test_what_is_not_run_through_is_as_in_the_run() -> None:
    assert shapes(TEXT, {"batch": (2,)}, {"ids": (1, 9), "mask": (1, 9)}) == [{"ids": (2, 9), "mask": (2, 9)}]


def test_a_dimension_that_stays_open_is_asked_for_with_an_example() -> None:
    assert "--input-shape ids=2,SIZE" in refused(TEXT, {"batch": (2,)})


def test_what_the_model_does_not_have_is_refused_by_name() -> None:
    assert "ids (batch,length), mask (batch,length)" in refused(TEXT, {"depth": (2,)})
    assert "No input has an open dimension 'batch'" in refused((DeclaredInput("x", (1, 4)),), {"batch": (2,)})
    assert "no input 'z'" in refused(TEXT, {}, {"z": (1, 2)})
    assert "has sizes ?,3,224,224; 1,3,225,224 do not fit" in refused(IMAGE, {}, {"image": (1, 3, 225, 224)})


def test_a_sweep_without_end_is_refused() -> None:
    assert f"the maximum is {MAX_POINTS}" in refused(TEXT, {"batch": tuple(range(1, 100)), "length": (8, 16)})


def test_points_are_read_from_the_command_line_and_dimensions_from_the_file(tmp_path: Path) -> None:
    model = inspect(onnx_models.two_inputs(tmp_path / "m.onnx", ["batch", 4], ["batch", 4]))
    found = sweep_points(model, ("ids=3,4;mask=3,4", "ids=1,4"), ("batch=2",), {})
    assert [at.shapes for at in found] == [
        {"ids": (3, 4), "mask": (3, 4)},
        {"ids": (1, 4)},
        {"ids": (2, 4), "mask": (2, 4)},
    ]
    lite = inspect(tflite_models.doubled(tmp_path / "m.tflite", [1, 4], [-1, 4]))
    assert [at.shapes for at in sweep_points(lite, (), ("batch=1,2",), {})] == [{"x": (1, 4)}, {"x": (2, 4)}]
    assert sweep_points(lite, (), (), {}) == ()


def test_a_language_model_has_no_input_shapes_to_sweep(tmp_path: Path) -> None:
    model = inspect(tiny_llama(tmp_path / "m.gguf"))
    with pytest.raises(UsageError, match="has no input shapes"):
        sweep_points(model, ("x=1",), (), {})
