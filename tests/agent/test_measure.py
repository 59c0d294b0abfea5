"""The one measuring path on real models and real runtimes."""

import fcntl
import json
import math
import os
import re
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import onnx
import pytest

from edgeprof.wire.codec import MAX_MESSAGE_BYTES, decode, encode
from edgeprof.wire.failures import FailureCode
from edgeprof.wire.identity import sha256_hex
from edgeprof.wire.messages import Result, RunProtocol
from edgeprof_agent.measuring import lock
from edgeprof_agent.measuring.artifacts import fitted
from edgeprof_agent.measuring.lock import FILE_NAME, measuring
from edgeprof_agent.measuring.measure import measure
from edgeprof_agent.measuring.summary import figures_of
from edgeprof_agent.worker_protocol.document import Measured
from tests.agent import onnx_models
from tests.agent.gguf_models import tiny_llama
from tests.agent.measuring import BUNDLED, QUICK, measured, misbehaving, request_for, unheard, values

ENOUGH_FOR_P99 = replace(QUICK, min_runs=300)


def code_of(result: Result) -> FailureCode:
    assert result.failure is not None
    return result.failure.code


@pytest.mark.parametrize(
    ("name", "runtime"), [("digits-cnn-fp32.onnx", "onnxruntime"), ("digits-cnn-fp32.tflite", "litert")]
)
def test_a_model_is_measured_with_every_figure_or_a_reason(name: str, runtime: str) -> None:
    result = measured(request_for(BUNDLED / name, runtime, protocol=ENOUGH_FOR_P99))
    assert result.status == "measured"
    found = values(result)
    reasons = {missing.metric: missing.reason for missing in result.absent}
    ordered = [found[metric] for metric in ("latency_p50_ms", "latency_p90_ms", "latency_p95_ms", "latency_p99_ms")]
    assert ordered == sorted(ordered)
    assert found["latency_p50_ms"] > 0
    for row in result.metrics:  # a busy machine may make its samples worth too few for an interval
        if row.metric.startswith("latency_p"):
            assert (row.no_interval is None) == (row.ci_low is not None)
    assert found["peak_memory_mib"] >= found["baseline_memory_mib"] > 0
    assert found["model_size_mib"] == pytest.approx((BUNDLED / name).stat().st_size / 1024**2)
    for metric in ("worker_start_ms", "runtime_import_ms", "load_ms", "first_inference_ms", "throughput_per_s"):
        assert found[metric] > 0
    energy = {"energy_per_inference_j", "average_power_w"}
    assert energy <= set(found) or energy <= set(reasons)


def test_a_result_survives_the_wire() -> None:
    result = measured(request_for(BUNDLED / "digits-cnn-fp32.onnx"))
    assert decode("result", encode(result)) == result


@pytest.mark.parametrize("runtime", ["onnxruntime", "litert"])
def test_int8_variants_run_integer_kernels_and_fp32_variants_none(runtime: str) -> None:
    suffix = "onnx" if runtime == "onnxruntime" else "tflite"
    whole = measured(request_for(BUNDLED / f"digits-cnn-fp32.{suffix}", runtime)).effective
    small = measured(request_for(BUNDLED / f"digits-cnn-int8.{suffix}", runtime)).effective
    assert whole is not None
    assert small is not None
    assert whole.integer_kernels == 0
    assert whole.float_kernels
    assert small.integer_kernels


def test_what_ran_is_told_by_the_runtime() -> None:
    effective = measured(request_for(BUNDLED / "digits-cnn-fp32.onnx", cores=(0,))).effective
    assert effective is not None
    assert (effective.threads, effective.affinity, effective.provider) == (1, (0,), "cpu")
    assert set(effective.nodes_per_provider) == {"CPUExecutionProvider"}
    assert "Conv" in effective.operators
    assert "seed 20261123" in effective.input_source


def test_a_percentile_without_an_interval_is_shown_with_the_number_of_samples_that_would_give_one() -> None:
    protocol = replace(QUICK, min_runs=20, max_runs=20, window_s=0.01)
    result = measured(request_for(BUNDLED / "digits-cnn-fp32.onnx", protocol=protocol))
    reasons = {row.metric: row.no_interval or "" for row in result.metrics}
    needed = re.match(r"needs ([\d,]+) samples", reasons["latency_p95_ms"])  # more where they depend on each other
    assert needed is not None
    assert int(needed.group(1).replace(",", "")) >= 59
    assert {"latency_p50_ms", "latency_p95_ms"} <= values(result).keys()
    absent = {missing.metric: missing.reason for missing in result.absent}
    assert absent["latency_p99_ms"] == "shown from 100 samples on; this run has 20"
    assert absent["latency_p999_ms"] == "shown from 1,000 samples on; this run has 20"
    assert len(result.samples_ms) == 20


def test_many_samples_are_an_artifact_and_the_message_stays_small() -> None:
    result, artifacts = measure(
        request_for(BUNDLED / "digits-cnn-fp32.onnx", protocol=ENOUGH_FOR_P99), unheard, threading.Event()
    )
    refs = {ref.name: ref for ref in result.artifacts}
    ref = refs["samples"]
    data = artifacts[ref.sha256]
    assert (ref.size, ref.sha256, ref.media_type) == (len(data), sha256_hex(data), "application/json")
    document = json.loads(data)
    assert document["unit"] == "ns"
    assert len(document["series"]["latency"]) >= 300
    assert result.samples_ms == ()
    assert len(encode(result)) < MAX_MESSAGE_BYTES


def test_a_slow_model_stops_when_the_deadline_nears() -> None:
    protocol = RunProtocol(warmup_runs=0, min_runs=1000, window_s=1, deadline_s=8)
    result = measured(request_for(BUNDLED / "digits-cnn-fp32.onnx", protocol=protocol), misbehaving("slow"))
    assert result.status == "measured"
    assert 6 <= len(result.samples_ms) < 1000


def test_bytes_that_the_manifest_does_not_name_are_never_loaded(tmp_path: Path) -> None:
    path = Path(shutil.copy(BUNDLED / "digits-cnn-fp32.onnx", tmp_path))
    request = request_for(path)
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    assert code_of(measured(request, misbehaving("segfault"))) == "hash_mismatch"
    path.unlink()
    assert code_of(measured(request, misbehaving("segfault"))) == "hash_mismatch"


def test_a_dynamic_size_must_be_given_unless_it_leads(tmp_path: Path) -> None:
    batch = onnx_models.relu(tmp_path / "batch.onnx", ["batch", 4])
    assert measured(request_for(batch)).status == "measured"
    anywhere = onnx_models.relu(tmp_path / "anywhere.onnx", [1, "height", "width"])
    result = measured(request_for(anywhere))
    assert result.failure is not None
    assert result.failure.code == "shape_required"
    assert "--input-shape x=1,SIZE,SIZE" in result.failure.message
    given = measured(request_for(anywhere, shapes={"x": (1, 3, 5)}))
    assert given.effective is not None
    assert given.effective.inputs == {"x": "float32[1,3,5]"}


@pytest.mark.parametrize("shapes", [{"x": (2, 3)}, {"x": (1, 4, 1)}, {"z": (1, 4)}])
def test_a_shape_that_does_not_fit_the_model_is_refused(shapes: dict[str, tuple[int, ...]], tmp_path: Path) -> None:
    model = onnx_models.relu(tmp_path / "fixed.onnx", [1, 4])
    assert code_of(measured(request_for(model, shapes=shapes))) == "shape_required"


def test_an_operator_that_the_runtime_lacks_is_named(tmp_path: Path) -> None:
    result = measured(request_for(onnx_models.custom_operator(tmp_path / "custom.onnx")))
    assert result.failure is not None
    assert (result.failure.code, result.failure.stage) == ("operator_unsupported", "load")
    assert "Unheard" in result.failure.message


def test_a_model_that_loads_and_cannot_run_is_an_inference_error(tmp_path: Path) -> None:
    result = measured(request_for(onnx_models.wants_another_shape(tmp_path / "reshape.onnx")))
    assert result.failure is not None
    assert (result.failure.code, result.failure.stage) == ("inference_error", "first_inference")


def test_a_provider_that_is_not_there_is_a_missing_runtime() -> None:
    result = measured(request_for(BUNDLED / "digits-cnn-fp32.onnx", provider="cuda"))
    assert result.failure is not None
    assert result.failure.code == "runtime_missing"
    assert "cpu" in result.failure.message


def test_outputs_that_are_not_numbers_are_noted(tmp_path: Path) -> None:
    effective = measured(request_for(onnx_models.square_root_of_negative(tmp_path / "nan.onnx"))).effective
    assert effective is not None
    assert any("4 output values are NaN" in note for note in effective.notes)


def test_a_long_operator_list_is_cut_to_fit_the_message() -> None:
    result = measured(request_for(BUNDLED / "digits-cnn-fp32.onnx"))
    assert result.effective is not None
    result.effective.operators.update({f"Operator{index:05}{'x' * 40}": 1 for index in range(2000)})
    cut, moved = fitted(result)
    assert not moved
    assert len(encode(cut)) < MAX_MESSAGE_BYTES
    assert cut.effective is not None
    assert "Conv" in cut.effective.operators
    assert any("are not listed" in note for note in cut.effective.notes)


def test_a_second_measurement_waits_for_the_first_and_can_be_cancelled(tmp_path: Path) -> None:
    cancelled = threading.Event()
    with measuring(lambda: None, cancelled, tmp_path) as first:
        assert first
        with measuring(cancelled.set, cancelled, tmp_path) as second:
            assert not second
    with measuring(lambda: None, threading.Event(), tmp_path) as third:
        assert third


def test_the_lock_of_another_user_can_be_taken(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).touch(0o444)
    with measuring(lambda: None, threading.Event(), tmp_path) as held, (tmp_path / FILE_NAME).open() as other:
        assert held
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_lock_made_by_a_service_keeps_no_other_user_out(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        with measuring(lambda: None, threading.Event(), tmp_path):
            assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o644
    finally:
        os.umask(before)


def test_a_lock_folder_that_cannot_be_used_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "_SHARED", tmp_path / "none")
    monkeypatch.setattr(lock, "_ELSEWHERE", tmp_path)
    with measuring(lambda: None, threading.Event()) as held:
        assert held
    assert (tmp_path / FILE_NAME).exists()


def test_a_cancel_is_heeded_while_a_model_is_checked() -> None:
    cancelled = threading.Event()

    def cancel_at_verify(stage: str, fraction: float | None, note: str) -> None:
        if stage == "verify":
            cancelled.set()

    result, _ = measure(request_for(BUNDLED / "digits-cnn-fp32.onnx"), cancel_at_verify, cancelled)
    assert result.failure is not None
    assert (result.failure.code, result.failure.stage) == ("cancelled", "verify")


def test_each_generation_is_rated_by_its_own_number_of_steps() -> None:
    text = _measured([])
    text["kind"] = "text"
    text["prompt_tokens"] = 100
    text["decode_steps"] = [32, 31, 32, 31, 32, 31]
    text["series_ns"] = {
        "prefill": [1_000_000_000] * 6,
        "ttft": [1_000_000_000] * 6,
        "decode": [steps * 10_000_000 for steps in text["decode_steps"]],
        "inter_token": [],
    }
    found = {row.metric: row for row in figures_of(text, 1.0, 1).rows}
    rate = found["decode_tokens_per_s"]
    assert (rate.value, rate.ci_low, rate.ci_high) == (100, 100, 100)


def test_a_run_in_figures() -> None:
    figures = figures_of(_measured([1_000_000] * 400), 25.0, 1024**2)
    found = {row.metric: row for row in figures.rows}
    assert found["latency_p99_ms"].value == 1.0
    assert found["throughput_per_s"].value == pytest.approx(1000)
    assert math.isclose(found["model_size_mib"].value, 1.0)


def _measured(latency_ns: list[int]) -> Measured:
    return {
        "kind": "tensor",
        "phases_ms": {},
        "series_ns": {"latency": latency_ns},
        "absent": {},
        "windows": [{"start_ns": 0, "end_ns": sum(latency_ns), "units": len(latency_ns)}],
        "prefill_windows": [],
        "prompt_tokens": 0,
        "decode_steps": [],
        "peak_kib": 2048,
        "memory": [],
        "memory_absent": {},
        "major_faults": 0,
        "loop": {
            "clock_resolution_ns": 1.0,
            "overhead_ns": 60.0,
            "warmup_runs": 5,
            "settled": True,
            "window_end": "precision",
            "needed_s": None,
        },
        "output": None,
        "output_unread": None,
        "steering": False,
        "text": None,
        "remote": None,
        "affinity": [0],
        "setting": {
            "runtime_version": "1",
            "threads": 1,
            "provider": "cpu",
            "delegate": None,
            "inputs": {},
            "input_source": "",
            "notes": [],
        },
    }


def test_a_language_model_is_measured_by_the_prebuilt_binding(tmp_path: Path) -> None:
    result = measured(request_for(tiny_llama(tmp_path / "tiny.gguf"), "xllamacpp"))
    assert result.status == "measured", result.failure
    found = values(result)
    for metric in ("prefill_tokens_per_s", "decode_tokens_per_s", "ttft_ms"):
        assert found[metric] > 0
    assert "latency_p50_ms" not in found
    assert result.effective is not None
    assert result.effective.integer_kernels is None
    assert {missing.metric for missing in result.absent} >= {"energy_per_token_j"} - set(found)
    assert "samples" in {ref.name for ref in result.artifacts}


def test_a_language_model_that_lacks_a_tensor_is_a_load_error(tmp_path: Path) -> None:
    path = tiny_llama(tmp_path / "tiny.gguf")
    path.write_bytes(path.read_bytes().replace(b"blk.0.attn_q.weight", b"blk.0.attn_z.weight"))
    assert code_of(measured(request_for(path, "xllamacpp"))) == "load_error"


def test_what_we_keep_of_our_own_is_not_in_the_peak(tmp_path: Path) -> None:
    """A look at 64 MiB of outputs for NaN takes 16 MiB; the model itself had nothing of that kind."""
    size = 16 * 1024 * 1024
    result = measured(request_for(onnx_models.relu(tmp_path / "large.onnx", [size])))
    assert result.status == "measured", result.failure
    found = values(result)
    tensors_mib = 2 * size * 4 / 1024**2
    made_mib = size * 4 / 1024**2  # inputs are made as float32 and copied once
    assert found["peak_memory_mib"] - found["baseline_memory_mib"] < tensors_mib + made_mib + 8


def test_a_model_with_an_endless_input_name_still_has_a_result(tmp_path: Path) -> None:
    path = onnx_models.relu(tmp_path / "m.onnx", [1, 4])
    model = onnx.load(path)  # pyright: ignore[reportUnknownMemberType]
    endless = "x" * 100_000
    model.graph.input[0].name = endless
    model.graph.node[0].input[0] = endless
    onnx.save(model, path)  # pyright: ignore[reportUnknownMemberType]
    result = measured(request_for(path))
    assert result.status == "measured", result.failure
    assert len(encode(result)) < MAX_MESSAGE_BYTES
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_param = "width"
    onnx.save(model, path)  # pyright: ignore[reportUnknownMemberType]
    assert code_of(measured(request_for(path))) == "shape_required"


def test_a_window_of_half_a_second_is_long_enough_to_see_what_other_programs_did() -> None:
    protocol = replace(QUICK, window_s=0.5, window_limit_s=0.5)
    result = measured(request_for(BUNDLED / "digits-cnn-fp32.onnx", protocol=protocol))
    assert result.conditions is not None
    assert result.conditions.others_cpu_share is not None
    assert result.conditions.others_cpu_share >= 0
