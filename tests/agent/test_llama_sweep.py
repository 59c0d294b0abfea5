"""The worker's side of a language model's sweep, windows and requests, on models that say what they were asked."""

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from edgeprof_agent.measuring.worker_job import job_of
from edgeprof_agent.worker.memory import MemoryBook
from edgeprof_agent.worker.reporter import Reporter
from edgeprof_agent.worker.text_pace import Pace
from edgeprof_agent.worker.text_sweep import sweep_text
from edgeprof_agent.worker.text_windows import MAX_WINDOWS, Timed, windows_of
from edgeprof_agent.worker_protocol.adapter import Decode, Lengths, Prefill
from edgeprof_agent.worker_protocol.document import Operators, Output, RuntimeSetting, SweepAsk, WorkerJob, WorkerPoint
from tests.agent.gguf_models import tiny_llama
from tests.agent.measuring import request_for

MS = 1_000_000


class Listening:
    """Keeps the order of what it is asked; a memory is held from `use` to `let_go`."""

    kind: Literal["text"] = "text"

    def __init__(self, mib_at_depth: int = 0) -> None:
        self.absent: dict[str, str] = {}
        self.kv_cache_kib: float | None = None
        self.refills = False
        self.asked: list[str] = []
        self._mib_at_depth = mib_at_depth
        self._held = b""

    def resize_context(self, lengths: Lengths) -> None:
        self.asked.append(f"use {lengths.depth_tokens}")
        self._held = os.urandom(self._mib_at_depth << 20) if lengths.depth_tokens else b""

    def release_context(self) -> None:
        self.asked.append("released")
        self._held = b""

    def first_prompt(self) -> Prefill:
        return self.prefill()

    def no_requests(self) -> str | None:
        return None

    def request(self) -> None:
        self.prefill()

    def prefill(self) -> Prefill:
        now_ns = time.monotonic_ns()
        return Prefill(MS, 2 * MS, now_ns, now_ns + 2 * MS)

    def decode(self) -> Decode:
        now_ns = time.monotonic_ns()
        return Decode(4, 4, 4 * MS, [MS] * 4, now_ns, now_ns + 4 * MS)

    def cached_prompt_ns(self, repeats: int) -> list[int]:
        return []

    def tokenize_ns(self) -> list[int]:
        return []

    def sample_ns(self) -> list[int]:
        return []

    def output(self) -> Output | None:
        return None

    def setting(self) -> RuntimeSetting:
        raise NotImplementedError

    def operators(self) -> Operators:
        raise NotImplementedError


class Points(Reporter):
    """Keeps points instead of writing them."""

    def __init__(self) -> None:
        super().__init__(-1)
        self.points: list[WorkerPoint] = []

    def enter(self, stage: str, note: str = "", fraction: float | None = None) -> None:
        self.stage = stage

    def point(self, point: WorkerPoint) -> None:
        self.points.append(point)


@pytest.fixture
def job(tmp_path: Path) -> WorkerJob:
    return job_of(request_for(tiny_llama(tmp_path / "tiny.gguf"), "xllamacpp"), "measure", 60.0)


def ask(depth: int) -> SweepAsk:
    return {"shapes": {}, "prompt_tokens": None, "depth_tokens": depth}


def sweep(
    model: Listening, job: WorkerJob, depths: list[int], pace: Pace, *, left_s: float, soak_s: float = 0
) -> list[WorkerPoint]:
    reporter, stop_at_ns = Points(), time.monotonic_ns() + int(left_s * 1e9)
    asked: WorkerJob = {
        **job,
        "sweep": [ask(depth) for depth in depths],
        "stop_at_ns": stop_at_ns,
        "protocol": replace(job["protocol"], soak_s=soak_s),
    }
    sweep_text(model, MemoryBook(()), pace, asked, reporter)
    return reporter.points


FAST = Pace(load_ns=0, tokens=128, tokens_ns=128, step_ns=1)
TEN_A_SECOND = Pace(load_ns=0, tokens=128, tokens_ns=12_800 * MS, step_ns=1)


def test_a_depth_that_cannot_be_filled_in_the_time_left_is_not_begun(job: WorkerJob) -> None:
    model = Listening()
    deep, shallow = sweep(model, job, [2048, 0], TEN_A_SECOND, left_s=100)
    assert "takes 230 s or more; 100 s of the run's time were left" in (deep["failure"] or "")  # (2048 + 2 * 128) / 10
    assert shallow["failure"] is None
    assert "use 2048" not in model.asked


def test_a_memory_that_refills_takes_its_depth_four_times(job: WorkerJob) -> None:
    lengths = Lengths(128, 32, 1000)
    once, always = (TEN_A_SECOND.least_ns(lengths, refills=refills) for refills in (False, True))
    assert always - once == pytest.approx(300e9)


def test_a_longer_evaluation_replaces_the_speed_and_a_shorter_one_does_not() -> None:
    assert FAST.seen(1000, 5000).least_ns(Lengths(0, 0, 1000), refills=False) == 5000
    assert FAST.seen(1, 5000) == FAST


def test_the_soaks_time_is_not_taken_by_points(job: WorkerJob) -> None:
    (point,) = sweep(Listening(), job, [0], FAST, left_s=50, soak_s=49)
    assert "no time" in (point["failure"] or "")


def test_after_the_sweep_a_soak_finds_the_runs_own_lengths(job: WorkerJob) -> None:
    model = Listening()
    sweep(model, job, [64], FAST, left_s=60, soak_s=1)
    assert model.asked == ["released", "use 64", "released", "use 0"]


def test_a_points_peak_does_not_hold_the_memory_of_the_point_before(job: WorkerJob) -> None:
    book = MemoryBook(())
    book.start_span()
    if book.span_peak_kib() is None:
        pytest.skip("this kernel does not let a process reset its peak")
    large, small = sweep(Listening(mib_at_depth=200), job, [64, 0], FAST, left_s=60)
    assert large["peak_kib"] is not None
    assert small["peak_kib"] is not None
    assert large["peak_kib"] - small["peak_kib"] > 150 << 10


def test_without_a_depth_repeats_make_one_window() -> None:
    repeats = [Timed(0, 100, 4), Timed(150, 250, 4)]
    assert windows_of(repeats, 0) == [{"start_ns": 0, "end_ns": 250, "units": 8}]


def test_what_fills_a_depth_between_repeats_is_in_no_window() -> None:
    repeats = [Timed(0, 1000, 4), Timed(1010, 2010, 4), Timed(9000, 10_000, 4)]
    assert windows_of(repeats, 64) == [
        {"start_ns": 0, "end_ns": 2010, "units": 8},
        {"start_ns": 9000, "end_ns": 10_000, "units": 4},
    ]


def test_windows_are_bounded() -> None:
    repeats = [Timed(start, start + 10, 1) for start in range(0, 100_000, 100)]
    assert len(windows_of(repeats, 64)) == MAX_WINDOWS
