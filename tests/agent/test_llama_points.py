"""Points of a sweep: as rows, as a slope, as a usable context. Every expected value is worked out by hand."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from edgeprof.wire.evidence import SweepAt, SweepPoint
from edgeprof.wire.messages import MetricRow, RunConfig, RunProtocol
from edgeprof_agent.isolation import WorkerExit
from edgeprof_agent.measuring.points import points_of
from edgeprof_agent.measuring.text_points import decode_slope, sweep_notes, usable_context
from edgeprof_agent.measuring.worker_job import extra_time_s, job_of
from edgeprof_agent.runtimes.lengths import first_lengths
from edgeprof_agent.worker_protocol.document import WorkerPoint
from tests.agent.gguf_models import tiny_llama
from tests.agent.measuring import measured, request_for, values

ENDED = WorkerExit(ending="exited", spawned_ns=0, exit_code=0, signal=None, memory_evidence=None, log="", layers=())
TEXT: WorkerPoint = {
    "at": {"shapes": {}, "prompt_tokens": 100, "depth_tokens": 50},
    "series_ns": {
        "prefill": [1_000_000_000, 2_000_000_000, 4_000_000_000],
        "ttft": [1_100_000_000, 2_100_000_000, 4_100_000_000],
        "decode": [500_000_000] * 3,
        "inter_token": [50_000_000] * 30,
    },
    "decode_steps": [10, 10, 10],
    "peak_kib": 2048,
    "kv_cache_kib": 512.0,
    "failure": None,
}


def test_a_text_point_has_rates_times_and_memory() -> None:
    (point,) = points_of([SweepAt(prompt_tokens=100, depth_tokens=50)], [TEXT], ENDED, 128)
    rows = {row.metric: row for row in point.metrics}
    assert point.at == SweepAt(prompt_tokens=100, depth_tokens=50)
    assert rows["prefill_tokens_per_s"].value == 50
    assert rows["decode_tokens_per_s"].value == 20
    assert rows["ttft_ms"].value == 2100
    assert rows["inter_token_p50_ms"].value == 50
    assert rows["kv_cache_mib"].value == 0.5
    assert rows["peak_memory_mib"].value == 2
    assert rows["ttft_ms"].n == 3
    assert rows["ttft_ms"].ci_low is None  # three repeats give no interval


def test_a_tensor_point_has_latency_and_throughput() -> None:
    point: WorkerPoint = {
        "at": {"shapes": {"x": [4, 3]}, "prompt_tokens": None, "depth_tokens": None},
        "series_ns": {"latency": [2_000_000, 4_000_000] * 10},
        "decode_steps": [],
        "peak_kib": None,
        "kv_cache_kib": None,
        "failure": None,
    }
    (told,) = points_of([SweepAt(shapes={"x": (4, 3)})], [point], ENDED, 0)
    rows = {row.metric: row.value for row in told.metrics}
    assert told.at.shapes == {"x": (4, 3)}
    assert rows["throughput_per_s"] == pytest.approx(20 / 0.060)
    assert 2 <= rows["latency_p50_ms"] <= 4
    assert "latency_p99_ms" not in rows  # 20 samples cannot give it
    assert "peak_memory_mib" not in rows


def test_a_failed_point_has_its_reason_and_no_figures() -> None:
    failed: WorkerPoint = {**TEXT, "failure": "no room"}
    (point,) = points_of([SweepAt(prompt_tokens=100, depth_tokens=50)], [failed], ENDED, 128)
    assert point.failure == "no room"
    assert point.metrics == ()


def at(depth: int, token_ms: float) -> SweepPoint:
    row = MetricRow(metric="decode_tokens_per_s", value=1e3 / token_ms, n=6)
    return SweepPoint(at=SweepAt(prompt_tokens=8, depth_tokens=depth), metrics=(row,))


def test_the_slope_of_a_straight_line_is_found_in_spite_of_one_outlier() -> None:
    depths = [0, 100, 200, 300, 400, 500, 600]
    points = [at(depth, 10 + 0.02 * depth + (30 if depth == 300 else 0)) for depth in depths]
    slope = decode_slope(points)
    assert slope is not None
    assert slope.us_per_token == pytest.approx(20)
    assert slope.at_empty_ms == pytest.approx(10)
    assert slope.low is not None
    assert slope.high is not None
    assert slope.low <= 20 <= slope.high


def test_a_slope_takes_two_depths_and_its_interval_six() -> None:
    assert decode_slope([at(0, 10), at(0, 11)]) is None
    five = decode_slope([at(depth, 10 + depth) for depth in range(5)])
    assert five is not None
    assert five.low is None
    six = decode_slope([at(depth, 10 + depth) for depth in range(6)])
    assert six is not None
    assert six.low == pytest.approx(1000)


def test_the_usable_context_ends_at_the_nearest_failure_beyond_it() -> None:
    points = [
        at(0, 10),
        SweepPoint(at=SweepAt(prompt_tokens=8, depth_tokens=16), failure="a hiccup"),
        at(100, 12),
        SweepPoint(at=SweepAt(prompt_tokens=8, depth_tokens=900), failure="far beyond"),
        SweepPoint(at=SweepAt(prompt_tokens=8, depth_tokens=500), failure="beyond what it was trained for"),
    ]
    reach = usable_context(points)
    assert reach is not None
    assert reach.tokens == 108
    assert reach.ended_by == "beyond what it was trained for"
    assert "beyond it: beyond what it was trained for" in sweep_notes(points, RunConfig(runtime="xllamacpp"))[-1]
    assert usable_context(points[1:2]) is None


def test_a_worker_that_is_killed_at_a_point_keeps_its_figures_and_the_points_before(tmp_path: Path) -> None:
    worker = (sys.executable, str(Path(__file__).with_name("worker_text_dying.py")))
    sweep = tuple(SweepAt(prompt_tokens=8, depth_tokens=depth) for depth in (0, 16, 32))
    quick = RunProtocol(
        warmup_limit_s=0.0, window_s=0.0, window_limit_s=0.01, deadline_s=60, cold_start=False, sweep=sweep
    )
    result = measured(request_for(tiny_llama(tmp_path / "tiny.gguf"), "xllamacpp", protocol=quick), worker)
    assert result.status == "measured", result.failure
    found = values(result)
    assert found["decode_tokens_per_s"] == pytest.approx(1000)
    assert found["kv_cache_mib"] == 0.0625
    assert found["sample_ms"] == pytest.approx(0.02)
    kept, *lost = result.points
    assert (kept.at.depth_tokens, kept.failure) == (0, None)
    assert [point.at.depth_tokens for point in lost] == [16, 32]
    assert "at this point" in (lost[0].failure or "")
    assert "before it reached" in (lost[1].failure or "")
    assert result.effective is not None
    assert any("SIGKILL" in note for note in result.effective.notes)


def test_a_start_with_cold_files_has_no_depth(tmp_path: Path) -> None:
    asked = request_for(tiny_llama(tmp_path / "tiny.gguf"), "xllamacpp")
    job = job_of(replace(asked, config=replace(asked.config, depth_tokens=64)), "measure", 10.0)
    assert first_lengths(job).depth_tokens == 64
    assert first_lengths({**job, "course": "cold"}).depth_tokens == 0


def test_what_a_point_leaves_open_is_the_runs_own_length() -> None:
    rate = MetricRow(metric="decode_tokens_per_s", value=50, n=6)
    points = [
        SweepPoint(at=SweepAt(prompt_tokens=512), metrics=(rate,)),
        SweepPoint(at=SweepAt(depth_tokens=64), metrics=(rate,)),
        SweepPoint(at=SweepAt(prompt_tokens=1024), failure="too long"),
    ]
    config = RunConfig(runtime="xllamacpp", prompt_tokens=128, depth_tokens=1000)
    assert sweep_notes(points, config)[-1] == "measured up to a context of 1512 tokens; beyond it: too long"


def test_a_point_of_a_language_model_is_given_the_time_of_a_slow_machine() -> None:
    config = RunConfig(runtime="xllamacpp", prompt_tokens=100, decode_tokens=50)
    plain, deep = (RunProtocol(sweep=(at,)) for at in (SweepAt(), SweepAt(depth_tokens=2000)))
    assert extra_time_s(config, deep) - extra_time_s(config, plain) == pytest.approx((2000 + 200 + 100) / 10)
