"""Sweeps over input sizes: every point is measured or says why not, and none of them costs the run anything."""

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from edgeprof.wire.codec import MAX_MESSAGE_BYTES, encode
from edgeprof.wire.evidence import SweepAt, SweepPoint
from edgeprof.wire.messages import Result, RunProtocol
from edgeprof_agent.measuring.artifacts import fitted
from edgeprof_agent.measuring.request import MeasureRequest
from edgeprof_agent.measuring.worker_job import job_of
from edgeprof_agent.worker.memory import MemoryBook
from edgeprof_agent.worker.reporter import Reporter
from edgeprof_agent.worker.stopping import share_of_time
from edgeprof_agent.worker.tensor_sweep import MAX_RUNS, NO_TIME, sweep_tensor
from tests.agent import onnx_models, tflite_models
from tests.agent.measuring import measured, misbehaving, request_for

FAST = RunProtocol(
    warmup_runs=1,
    warmup_limit_s=0.1,
    min_runs=8,
    max_runs=50,
    window_s=0.02,
    window_limit_s=0.02,
    deadline_s=60,
    cold_start=False,
)


def swept(request: MeasureRequest, *shapes: dict[str, tuple[int, ...]]) -> MeasureRequest:
    sweep = tuple(SweepAt(shapes=each) for each in shapes)
    return replace(request, protocol=replace(request.protocol, sweep=sweep))


def at(point: SweepPoint) -> dict[str, float]:
    return {row.metric: row.value for row in point.metrics}


def failures(result: Result) -> list[str | None]:
    return [point.failure for point in result.points]


@pytest.mark.parametrize("runtime", ["onnxruntime", "litert"])
def test_each_point_has_latency_throughput_and_memory(runtime: str, tmp_path: Path) -> None:
    if runtime == "litert":
        model = tflite_models.doubled(tmp_path / "m.tflite", [1, 4096], [-1, 4096])
    else:
        model = onnx_models.relu(tmp_path / "m.onnx", ["batch", 4096])
    shapes = [{"x": (size, 4096)} for size in (1, 64, 2)]
    result = measured(swept(request_for(model, runtime, protocol=FAST), *shapes))
    assert result.status == "measured", result.failure
    assert [point.at.shapes for point in result.points] == shapes
    assert failures(result) == [None, None, None]
    for point in result.points:
        assert {"latency_p50_ms", "latency_mean_ms", "throughput_per_s", "peak_memory_mib"} <= set(at(point))
        assert min(at(point).values()) > 0
    assert result.effective is not None
    assert list(result.effective.inputs.values()) == ["float32[1,4096]"]


def test_what_a_large_point_needed_is_not_in_the_peak_of_the_next(tmp_path: Path) -> None:
    model = onnx_models.relu(tmp_path / "m.onnx", ["batch", 1_000_000])
    shapes = [{"x": (size, 1_000_000)} for size in (1, 16, 1)]
    small, large, again = (at(point) for point in measured(swept(request_for(model, protocol=FAST), *shapes)).points)
    assert large["peak_memory_mib"] - small["peak_memory_mib"] > 60  # input and output of 61 MiB each
    assert again["peak_memory_mib"] - small["peak_memory_mib"] < 30


@pytest.mark.parametrize("runtime", ["onnxruntime", "litert"])
def test_a_point_that_fails_says_why_and_the_sweep_goes_on(runtime: str, tmp_path: Path) -> None:
    if runtime == "litert":
        model = tflite_models.reshaped_to_four(tmp_path / "m.tflite")
    else:
        model = onnx_models.only_four_values(tmp_path / "m.onnx")
    result = measured(
        swept(request_for(model, runtime, protocol=FAST), {"x": (3, 4)}, {"x": (1, 5)}, {"z": (1,)}, {"x": (1, 4)})
    )
    assert result.status == "measured", result.failure
    first, second, third, last = failures(result)
    assert first is not None
    assert "reshape" in first.lower()
    assert second == "Input 'x' has sizes " + ("?" if runtime == "litert" else "batch") + ",4; 1,5 do not fit."
    assert third is not None
    assert "no input 'z'" in third
    assert last is None
    assert result.effective is not None
    assert result.effective.operators, "what comes after the sweep was reached"


def test_a_point_for_which_there_is_no_memory_costs_no_other_figure(tmp_path: Path) -> None:
    model = onnx_models.relu(tmp_path / "m.onnx", ["batch", 1_000_000])
    request = request_for(model, protocol=FAST, memory_limit_mib=600)
    result = measured(swept(request, {"x": (2, 1_000_000)}, {"x": (1000, 1_000_000)}))
    assert result.status == "measured", result.failure
    assert failures(result)[0] is None
    assert failures(result)[1] is not None
    assert result.metrics


def test_a_point_that_kills_the_worker_loses_itself_and_what_comes_after(tmp_path: Path) -> None:
    model = onnx_models.relu(tmp_path / "m.onnx", ["batch", 4])
    request = swept(request_for(model, protocol=FAST), {"x": (1,)}, {"x": (2,)}, {"x": (3,)})
    result = measured(request, misbehaving("segfault-at-point"))
    assert result.status == "measured", result.failure
    assert failures(result) == [
        None,
        "the worker died of SIGSEGV at this point",
        "the worker died of SIGSEGV before it reached this point",
    ]
    assert result.effective is not None
    assert any(
        note.endswith("the worker died of SIGSEGV before reading them (sweep)") for note in result.effective.notes
    )


class _Still:
    """A model that must not be touched any more."""

    def reshape(self, shapes: dict[str, list[int]]) -> None:
        assert shapes == {}, "no time was left, and a point was begun"


def test_a_point_for_which_there_is_no_time_says_so(tmp_path: Path) -> None:
    model = onnx_models.relu(tmp_path / "m.onnx", ["batch", 4])
    job = job_of(swept(request_for(model, protocol=FAST), {"x": (1, 4)}, {"x": (2, 4)}), "measure", 60)
    job["stop_at_ns"] = 1
    reading, writing = os.pipe()
    sweep_tensor(_Still(), MemoryBook([]), job, Reporter(writing))  # pyright: ignore[reportArgumentType]
    os.close(writing)
    with os.fdopen(reading) as lines:
        events = [json.loads(line) for line in lines]
    points = [event["point"] for event in events if event["event"] == "point"]
    assert [point["failure"] for point in points] == [NO_TIME, NO_TIME]


class _Instant:
    """A model that takes no time at all."""

    def reshape(self, shapes: dict[str, list[int]]) -> None: ...

    def infer(self) -> None: ...


def test_a_point_of_a_tiny_model_says_no_more_than_a_worker_may(tmp_path: Path) -> None:
    model = onnx_models.relu(tmp_path / "m.onnx", ["batch", 4])
    long = replace(FAST, max_runs=100_000, window_s=600.0)
    job = job_of(swept(request_for(model, protocol=long), {"x": (1, 4)}), "measure", 600)
    with (tmp_path / "said").open("w+") as said:
        sweep_tensor(_Instant(), MemoryBook([]), job, Reporter(said.fileno()))  # pyright: ignore[reportArgumentType]
        said.seek(0)
        (point,) = (event["point"] for event in map(json.loads, said) if event["event"] == "point")
    assert len(point["series_ns"]["latency"]) == MAX_RUNS


def test_points_share_the_time_that_is_left() -> None:
    now_ns = time.monotonic_ns()
    assert share_of_time(now_ns + 40_000_000_000, 4) - now_ns == pytest.approx(10e9, rel=0.5)
    assert share_of_time(now_ns - 1, 4) >= now_ns


def test_a_sweep_of_many_points_with_long_names_still_fits_its_message(tmp_path: Path) -> None:
    result = measured(request_for(onnx_models.relu(tmp_path / "m.onnx", ["batch", 4]), protocol=FAST))
    point = SweepPoint(at=SweepAt(shapes={"x" * 5000: (1, 4)}), metrics=result.metrics, failure="y" * 2000)
    cut, moved = fitted(replace(result, points=(point,) * 200))
    assert len(encode(cut)) < MAX_MESSAGE_BYTES
    assert len(cut.points) == 32
    assert cut.points[0].metrics
    kept = json.loads(moved[cut.artifacts[-1].sha256])["points"]
    assert len(kept) == 200
    assert kept[199]["failure"] == "y" * 2000
