"""A run of a real model names the trap that it walks into, in its result and next to its figure."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import trap_models as models
from edgeprof.cli import edgeprof
from edgeprof_agent.measuring.traps import zero_inputs

QUICK = ["--warmup", "0", "--window-s", "0.05", "--window-limit-s", "0.05", "--no-cold-start", "-t", "1"]


def profiled(model: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert edgeprof.main(["profile", str(model), *QUICK, *options], standalone_mode=False) == 0
    return capsys.readouterr().out


def test_a_packed_product_without_a_level(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = models.nbits(tmp_path / "m.onnx", None, 64)
    result = json.loads(profiled(model, capsys, "--json"))
    assert [found["trap"] for found in result["traps"]] == ["onnx-nbits-accuracy-level"]
    shown = profiled(model, capsys)
    assert "trap      1 MatMulNBits node without accuracy level 4. Floats are multiplied" in shown


def test_a_layer_that_was_given_zeros(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = models.hybrid(tmp_path / "m.tflite", 64)
    np.savez(tmp_path / "m.inputs.npz", x=np.zeros((1, 64), np.float32))
    shown = profiled(model, capsys, "-v")
    assert "trap       the input 'x' was all zero." in shown
    assert "docs/traps.md#tflite-hybrid-zero-input" in " ".join(shown.split())
    assert "x float32[1,64], all 0" in shown


def test_a_state_that_begins_at_zero_is_no_trap() -> None:
    assert zero_inputs({"x": "float32[1,512]", "state": "float32[2,1,128], all 0"}) == ()
    assert zero_inputs({"n": "int32[1] = 20"}) == ()
