"""The course of a run: warm-up until steady, a window until precise, cold files, open loop, soak, a late crash."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from edgeprof.wire.messages import RunProtocol
from edgeprof_agent.measuring.figures import Figures
from edgeprof_agent.measuring.post_window import add_responses, add_sustained, open_loop_of, soak_of
from edgeprof_agent.measuring.request import MeasureRequest
from edgeprof_agent.measuring.worker_job import extra_time_s, job_of
from edgeprof_agent.worker import page_cache
from edgeprof_agent.worker.loop_cost import loop_cost
from edgeprof_agent.worker.open_loop import run_open_loop
from edgeprof_agent.worker.steadiness import is_steady
from edgeprof_agent.worker.warmup import warm_up
from edgeprof_agent.worker.window import measured_windows
from edgeprof_agent.worker_protocol.document import SoakRun, WorkerJob
from tests.agent.measuring import BUNDLED, QUICK, measured, misbehaving, request_for, values

MODEL = BUNDLED / "digits-cnn-fp32.onnx"


def _job(rate_per_s: float = 0.0, **changes: Any) -> WorkerJob:
    request = request_for(MODEL, protocol=replace(QUICK, **changes))
    return job_of(replace(request, config=replace(request.config, arrival_rate_per_s=rate_per_s)), "measure", 60)


def test_warm_up_goes_on_while_a_model_speeds_up() -> None:
    """Each run is 10 % faster than the one before, so that no five of them are alike until the twelfth."""
    runs = 0

    def infer() -> None:
        nonlocal runs
        time.sleep(max(0.03, 0.1 * 0.9**runs))
        runs += 1

    warm = warm_up(infer, _job(warmup_runs=2, warmup_limit_s=20.0), [0])
    assert warm.runs > 12


def test_warm_up_ends_at_its_limit_and_says_so() -> None:
    draw = random.Random(1)
    warm = warm_up(lambda: time.sleep(draw.uniform(0.02, 0.06)), _job(warmup_runs=1, warmup_limit_s=0.5), [0])
    assert not warm.settled


@pytest.mark.parametrize(
    ("blocks", "steady"),
    [
        ([100.0] * 5, True),
        ([100.0] * 4, False),
        ([150, 140, 130, 120, 110.0], False),
        ([200, 100, 100.5, 99.5, 100, 100.0], True),
        ([101, 101, 101, 101, 98.5], False),
    ],
)
def test_steady_is_five_blocks_that_are_alike(blocks: Sequence[float], steady: bool) -> None:
    assert is_steady(blocks, 5) is steady


def test_a_window_that_is_precise_ends_at_its_shortest_length() -> None:
    chance = random.Random(1)  # scatter of its own hides the wandering of a busy machine, which would need more time
    job = _job(window_s=1.0, window_limit_s=5.0, precision=10.0)
    taken = measured_windows(lambda: time.sleep(0.002 + chance.random() * 0.002), job, [0])
    assert taken.ended_by == "precision"
    assert len(taken.windows) == 1


def test_a_window_that_is_not_precise_is_continued_up_to_its_limit() -> None:
    draw = random.Random(2)
    job = _job(window_s=0.1, window_limit_s=0.4, precision=0.02, min_runs=20)
    counter = [0]
    taken = measured_windows(lambda: time.sleep(draw.uniform(0.001, 0.003)), job, counter)
    assert taken.ended_by in ("time", "looks")
    assert len(taken.windows) > 1
    assert sum(window["units"] for window in taken.windows) == len(taken.samples_ns) == counter[0]
    assert all(first["end_ns"] <= then["start_ns"] for first, then in pairwise(taken.windows))


def test_a_window_whose_precision_is_out_of_reach_ends_early_and_tells_how_long_it_would_take() -> None:
    draw = random.Random(3)
    job = _job(window_s=0.1, window_limit_s=30.0, precision=1e-5, min_runs=20)
    began_s = time.monotonic()
    taken = measured_windows(lambda: time.sleep(draw.uniform(0.001, 0.003)), job, [0])
    assert taken.ended_by == "looks"
    assert taken.needed_s is not None
    assert taken.needed_s > 30
    assert 10 <= time.monotonic() - began_s < 25


def test_the_loop_around_nothing_takes_some_time_and_the_clock_has_a_step() -> None:
    cost = loop_cost()
    assert cost.clock_resolution_ns >= 1
    assert cost.overhead_ns > 0


def test_files_leave_the_page_cache_and_it_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(b"x" * (4 * 1024 * 1024))
    before = page_cache.resident_share([str(path)])
    dropped = page_cache.drop([str(path)])
    if not dropped.evicted:
        assert dropped.reason
        pytest.skip(f"not here: {dropped.reason}")
    assert before == 1.0
    assert dropped.before_share == 1.0
    assert dropped.after_share == 0.0
    path.read_bytes()
    assert page_cache.resident_share([str(path)]) == 1.0


def test_a_file_system_that_lives_in_memory_is_not_called_cold() -> None:
    shared = Path("/dev/shm")
    if not shared.is_dir():
        pytest.skip("no tmpfs here")
    path = shared / f"edgeprof-test-{time.monotonic_ns()}"
    path.write_bytes(b"x" * 100_000)
    try:
        dropped = page_cache.drop([str(path)])
    finally:
        path.unlink()
    assert not dropped.evicted
    assert dropped.reason is not None
    assert "stayed" in dropped.reason


def test_a_run_has_a_cold_start_of_its_own() -> None:
    result = measured(request_for(MODEL, protocol=replace(QUICK, cold_start=True)))
    assert result.cold_start is not None
    found = values(result)
    absent = {missing.metric for missing in result.absent}
    for metric in ("load_cold_ms", "first_inference_cold_ms"):
        assert (metric in found) is result.cold_start.evicted
        assert (metric in absent) is not result.cold_start.evicted
    assert result.timing is not None
    assert result.timing.warmup_runs >= QUICK.warmup_runs
    assert result.timing.clock_resolution_ns >= 1


def test_a_run_without_a_cold_start_misses_nothing() -> None:
    result = measured(request_for(MODEL, protocol=QUICK))
    assert result.cold_start is None
    assert not any("cold" in missing.metric for missing in result.absent)


def test_response_time_counts_from_the_planned_arrival() -> None:
    """Service takes 10 ms at 50 arrivals a second: half of the time busy, so that some wait for others."""
    run = run_open_loop(lambda: time.sleep(0.01), _job(50.0, window_s=1.0, window_limit_s=2.0))
    assert len(run["response_ns"]) + run["unanswered"] >= 50
    assert all(one >= other for one, other in zip(run["response_ns"], run["service_ns"], strict=True))
    assert max(run["response_ns"]) > 1.5 * min(run["response_ns"])


def test_more_arrivals_than_can_be_served_give_no_percentiles() -> None:
    run = run_open_loop(lambda: time.sleep(0.02), _job(200.0, window_s=0.3, window_limit_s=0.3))
    loop = open_loop_of(run, 1)
    assert not loop.kept_up
    assert loop.unanswered > 0
    assert loop.longest_queue > 5
    figures = Figures()
    add_responses(figures, run)
    assert not figures.rows
    assert {missing.metric for missing in figures.absent} == {"response_p50_ms", "response_p95_ms", "response_p99_ms"}


def test_open_loop_and_soak_through_the_whole_path() -> None:
    request = request_for(MODEL, protocol=RunProtocol(window_s=0.2, window_limit_s=0.4, soak_s=1.0, cold_start=False))
    asked = request_with_rate(request, 100.0)
    result = measured(asked)
    assert result.status == "measured", result.failure
    assert result.open_loop is not None
    assert result.open_loop.rate_per_s == 100
    assert result.soak is not None
    assert result.soak.complete
    assert sum(bucket.n for bucket in result.soak.curve) > 100
    assert [bucket.at_s for bucket in result.soak.curve] == sorted(bucket.at_s for bucket in result.soak.curve)
    assert values(result)["sustained_p50_ms"] > 0


def request_with_rate(request: MeasureRequest, rate_per_s: float) -> MeasureRequest:
    return replace(request, config=replace(request.config, arrival_rate_per_s=rate_per_s))


def test_time_beyond_the_window_is_not_taken_from_the_deadline() -> None:
    request = request_for(MODEL, protocol=RunProtocol(soak_s=3600, deadline_s=60))
    assert extra_time_s(request.config, request.protocol) >= 3600
    job = job_of(request, "measure", 60)
    assert job["extras_stop_at_ns"] - job["stop_at_ns"] >= 3600e9


def _soaked(medians_ms: Sequence[float]) -> SoakRun:
    return {
        "start_ns": 0,
        "duration_ns": len(medians_ms) * 10**9,
        "bucket_start_ns": [index * 10**9 for index in range(len(medians_ms))],
        "bucket_p50_ns": [value * 1e6 for value in medians_ms],
        "bucket_n": [100] * len(medians_ms),
        "sustained_ns": [int(value * 1e6) for value in medians_ms[-12:] for _ in range(100)],
        "complete": True,
    }


def test_a_soak_that_throttles_has_a_knee_and_a_slowdown() -> None:
    draw = random.Random(4)
    run = _soaked([draw.gauss(10, 0.1) for _ in range(20)] + [draw.gauss(20, 0.2) for _ in range(40)])
    soak = soak_of(run, 10.0)
    assert soak is not None
    assert soak.knee_s == pytest.approx(20, abs=4)
    assert soak.slowdown == pytest.approx(2, rel=0.05)
    figures = Figures()
    add_sustained(figures, run, "text")
    assert figures.value("sustained_tokens_per_s") == pytest.approx(50, rel=0.05)


@pytest.mark.parametrize(("kind", "count"), [("tensor", 1), ("text", 2)])
def test_a_soak_that_ended_early_gives_each_of_its_figures_the_reason(kind: str, count: int) -> None:
    figures = Figures()
    add_sustained(figures, {**_soaked([10.0] * 20), "sustained_ns": []}, kind)
    assert [one.reason for one in figures.absent] == ["the soak ended before its last fifth"] * count


def _knees(soaked: Callable[[random.Random], list[float]], seeds: int) -> list[float | None]:
    soaks = [soak_of(_soaked(soaked(random.Random(seed))), 10.0) for seed in range(seeds)]
    return [soak.knee_s for soak in soaks if soak is not None]


@pytest.mark.parametrize("bucket", [6, 12, 20, 30, 40, 48, 54])
def test_a_fall_anywhere_but_at_the_ends_is_a_knee_at_its_place(bucket: int) -> None:
    """By 30 %, with 0.5 % noise."""
    found = _knees(lambda draw: [draw.gauss(10, 0.05) * (1.3 if at >= bucket else 1) for at in range(60)], 40)
    assert found.count(bucket) >= 39


@pytest.mark.parametrize(("start", "length"), [(10, 10), (10, 30), (40, 20)])
def test_a_fall_that_takes_its_time_has_its_knee_inside_it(start: int, length: int) -> None:
    found = _knees(
        lambda draw: [draw.gauss(10, 0.05) * (1 + 0.3 * min(1, max(0, at - start) / length)) for at in range(60)], 40
    )
    assert all(knee is not None and start < knee < start + length for knee in found)


@pytest.mark.parametrize("noise", [0.005, 0.05, 0.2])
def test_a_steady_soak_has_no_knee(noise: float) -> None:
    found = _knees(lambda draw: [draw.gauss(10, 10 * noise) for _ in range(60)], 300)
    assert len(found) - found.count(None) <= 6


def test_a_soak_that_gets_faster_or_hardly_slower_has_no_knee() -> None:
    for after in (0.7, 1.03):
        found = _knees(
            lambda draw, after=after: [draw.gauss(10, 0.05) * (after if at >= 30 else 1) for at in range(60)], 20
        )
        assert found == [None] * 20


def test_a_model_that_passes_and_then_crashes_says_at_which_run() -> None:
    protocol = RunProtocol(warmup_runs=1, warmup_limit_s=0.1, min_runs=100_000, window_s=5, cold_start=False)
    result = measured(request_for(MODEL, protocol=protocol), misbehaving("segfault-at-500"))
    assert result.failure is not None
    assert result.failure.code == "crash"
    assert "run 500" in result.failure.message
    assert "499 runs before it succeeded" in result.failure.message
