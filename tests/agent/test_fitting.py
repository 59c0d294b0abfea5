"""A result that is too long for its message loses what can be spared and never a figure."""

import json
from dataclasses import replace

import pytest

from edgeprof.wire.codec import MAX_MESSAGE_BYTES, encode
from edgeprof.wire.evidence import SweepAt, SweepPoint
from edgeprof.wire.identity import sha256_hex
from edgeprof.wire.messages import Failure, Result
from edgeprof_agent.measuring.artifacts import fitted
from tests.hub import fleet, realistic

MODEL = fleet.model("decoder", "decoder")
INPUTS = [f"past_key_values.{layer}.{kind}" for layer in range(31) for kind in ("key", "value")] + ["input_ids"]


def decoder_swept(points: int) -> Result:
    """A decoder with 63 inputs that all have the swept length in their shapes."""
    base = realistic.full(1, MODEL)
    sweep = tuple(SweepAt(shapes={name: (1, 32, 16 * step, 128) for name in INPUTS}) for step in range(1, points + 1))
    return replace(
        base,
        config=replace(base.config, shapes={name: (1, 32, 16, 128) for name in INPUTS}),
        protocol=replace(base.protocol, sweep=sweep),
        points=tuple(SweepPoint(at=at, metrics=base.metrics) for at in sweep),
    )


@pytest.mark.parametrize("points", [20, 32])
def test_a_sweep_of_a_decoder_with_63_inputs_is_sent(points: int) -> None:
    result = decoder_swept(points)
    assert len(encode(result)) > MAX_MESSAGE_BYTES
    cut, moved = fitted(result)
    assert len(encode(cut)) < MAX_MESSAGE_BYTES
    assert (cut.metrics, cut.config, cut.before) == (result.metrics, result.config, result.before)
    assert (cut.trust, cut.soak, cut.conditions) == (result.trust, result.soak, result.conditions)
    assert len(cut.points) == points
    ref = next(ref for ref in cut.artifacts if ref.name == "points")
    assert (sha256_hex(moved[ref.sha256]), len(moved[ref.sha256])) == (ref.sha256, ref.size)
    kept = json.loads(moved[ref.sha256])["points"]
    assert [len(point["at"]["shapes"]) for point in kept] == [63] * points
    assert cut.effective is not None
    assert any("the artifact `points`" in note for note in cut.effective.notes)
    assert any(f"list of {points} sweep points is shortened" in note for note in cut.effective.notes)


def test_what_fits_is_left_alone() -> None:
    result = realistic.full(1, MODEL)
    assert fitted(result) == (result, {})


def test_figures_survive_whatever_else_is_too_long() -> None:
    result = decoder_swept(32)
    assert result.before
    long = {f"{'z' * 900}{number}": (1,) * 20 for number in range(500)}
    many = {f"zone-{number}-{'z' * 100}": 50.0 for number in range(2000)}
    result = replace(
        result,
        config=replace(result.config, shapes=long),
        before=replace(result.before, temperatures_c=many),
        absent=tuple(replace(row, reason="r" * 50_000) for row in result.absent),
    )
    cut, _ = fitted(result)
    assert len(encode(cut)) < MAX_MESSAGE_BYTES
    assert cut.metrics == result.metrics
    assert cut.config_key == result.config_key
    assert cut.effective is not None
    assert any("too long for one message" in note for note in cut.effective.notes)


def test_a_failed_run_with_a_long_sweep_is_told() -> None:
    swept = decoder_swept(64)
    failure = Failure(stage="load", code="load_error", message="no", log="x" * 9000 + "the end")
    cut, moved = fitted(replace(swept, status="failed", failure=failure, effective=None, metrics=(), points=()))
    assert len(encode(cut)) < MAX_MESSAGE_BYTES
    assert not moved
    assert cut.failure is not None
    assert "the end" in cut.failure.log
    assert "64 sweep points is shortened" in cut.failure.log
