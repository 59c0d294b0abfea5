"""Generation at a depth as well as at depth 0, where the run names none: which depth, and what is reported."""

from dataclasses import replace
from pathlib import Path

import pytest

from edgeprof.wire.evidence import SweepAt, SweepPoint
from edgeprof.wire.messages import MetricRow, Result, RunConfig
from edgeprof_agent.measuring.text_points import depth_note
from edgeprof_agent.runtimes.llama.tiny_gguf import write_tiny_gguf
from edgeprof_agent.worker.text_depth import OwnDepth, own_depth
from edgeprof_agent.worker.text_pace import Pace
from edgeprof_agent.worker_protocol.adapter import Lengths
from tests.agent.measuring import QUICK, measured, request_for

LENGTHS = Lengths(128, 32, 0)
MS = 1_000_000


def pace(prompt_token_ms: float, step_ms: float) -> Pace:
    return Pace(0, 128, round(128 * prompt_token_ms * MS), step_ms * MS)


@pytest.mark.parametrize(
    ("trained", "prompt_token_ms", "step_ms", "depth"),
    [
        (8192, 1.0, 5.0, 2048),
        (8192, 5.0, 5.0, 512),
        (2048, 1.0, 5.0, 512),  # 2,048 and a generation do not fit
        (2080, 1.0, 5.0, 2048),
        (544, 1.0, 5.0, 512),
    ],
)
def test_the_deepest_depth_that_fits_and_is_cheap_is_taken(
    trained: int, prompt_token_ms: float, step_ms: float, depth: int
) -> None:
    assert own_depth(LENGTHS, trained, pace(prompt_token_ms, step_ms)) == OwnDepth(depth, None)


@pytest.mark.parametrize(("prompt_token_ms", "step_ms"), [(40.0, 5.0), (1.0, 200.0)])
def test_a_slow_model_is_told_how_to_ask_for_it(prompt_token_ms: float, step_ms: float) -> None:
    found = own_depth(LENGTHS, 8192, pace(prompt_token_ms, step_ms))
    assert found is not None
    assert found.tokens == 512
    assert "use --depth-tokens 512" in (found.refused or "")


def test_a_short_context_has_no_such_depth() -> None:
    assert own_depth(LENGTHS, 543, pace(0.1, 0.1)) is None


def run(folder: Path, depth: int = 0, sweep: tuple[SweepAt, ...] = ()) -> Result:
    asked = request_for(write_tiny_gguf(folder / "tiny.gguf"), "llama-capi", protocol=replace(QUICK, sweep=sweep))
    config = replace(asked.config, prompt_tokens=16, decode_tokens=8, depth_tokens=depth)
    result = measured(replace(asked, config=config))
    assert result.status == "measured", result.failure
    return result


def test_a_run_shows_generation_at_a_depth_too(tmp_path: Path) -> None:
    result = run(tmp_path)
    (point,) = result.points
    assert (point.at.prompt_tokens, point.at.depth_tokens, point.failure) == (None, 512, None)
    found = {row.metric: row for row in point.metrics}
    assert found["decode_tokens_per_s"].n == 3
    assert "prefill_tokens_per_s" not in found
    assert result.protocol.sweep == ()
    assert result.effective is not None
    assert any(note.startswith("decode at depth 512: ") for note in result.effective.notes)


def test_a_run_that_names_a_depth_or_a_sweep_has_only_those(tmp_path: Path) -> None:
    assert run(tmp_path, depth=64).points == ()
    assert [point.at.depth_tokens for point in run(tmp_path, sweep=(SweepAt(depth_tokens=96),)).points] == [96]


def test_the_note_compares_the_deepest_point_with_the_run() -> None:
    def point(depth: int, rate: float) -> SweepPoint:
        row = MetricRow(metric="decode_tokens_per_s", value=rate, n=3)
        return SweepPoint(at=SweepAt(depth_tokens=depth), metrics=(row,))

    config = RunConfig(runtime="llama-capi")
    assert depth_note([point(512, 70.0), point(2048, 30.0)], config, 100.0) == (
        "decode at depth 2048: 30 tokens/s, 0.30 of the rate at depth 0"
    )
    assert depth_note([SweepPoint(at=SweepAt(depth_tokens=512), failure="too slow")], config, 100.0) is None
