"""Operators timed by each runtime's own profiler, in a child process, on real models."""

import json
import threading
from contextlib import nullcontext
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from edgeprof.cli import edgeprof
from edgeprof.errors import EdgeprofError
from edgeprof.modelfiles import inspect
from edgeprof.operators.counting import macs
from edgeprof.operators.recorded import OperatorRun
from edgeprof.operators.report import OperatorReport
from edgeprof.wire.messages import RunConfig, RunProtocol
from edgeprof_agent.commands import operators_run
from edgeprof_agent.fitting.running import request_of
from edgeprof_agent.operator_profile import beside_a_run, ceiling_llama, ceiling_onnx, ceiling_store, running
from edgeprof_exports.bundle import FOLDER
from tests.agent.gguf_models import tiny_llama

DIGITS_MACS = 1_790_464
"""Of the bundled CNN: 32 and 64 and 64 channels of 3 by 3 on 8, 8 and 4 pixels a side, then 256 by 10."""


def profiled(path: Path, runtime: str, threads: int = 1) -> OperatorRun:
    return running.profile_operators(inspect(path), RunConfig(runtime=runtime, threads=threads, prompt_tokens=16))


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> OperatorRun:
    return profiled(tiny_llama(tmp_path_factory.mktemp("gguf") / "tiny.gguf"), "llama-capi")


@pytest.mark.parametrize(
    ("name", "runtime"),
    [
        ("digits-cnn-fp32.onnx", "onnxruntime"),
        ("digits-cnn-int8.onnx", "onnxruntime"),
        ("digits-cnn-fp32.tflite", "litert"),
        ("digits-cnn-int8.tflite", "litert"),
    ],
)
def test_tensor_models(name: str, runtime: str) -> None:
    """Every multiplication of the file is found again, whatever the runtime fused; both kinds of run are there."""
    run = profiled(FOLDER / name, runtime)
    (phase,) = run.phases
    assert sum(macs(node) or 0 for node in phase.nodes) == DIGITS_MACS
    products = {node.precision for node in phase.nodes if macs(node)}
    assert products == {"int8" if "int8" in name else "fp32"}
    assert len(phase.plain_ns) == len(phase.profiled_ns) == len(phase.sums_ns) > 10
    assert phase.profiled_ms > phase.plain_ms
    assert [span.node for span in phase.timeline] == list(range(len(phase.nodes)))
    assert run.tick_ns == 1000


def test_llama_phases(llama: OperatorRun) -> None:
    """One layer of width 64, 4 heads, feed-forward 128, 1024 words: counted by hand for a token."""
    prefill, decode = llama.phases
    assert (prefill.phase, decode.phase) == ("prefill", "decode")
    products = [node for node in decode.nodes if node.op == "MUL_MAT"]
    assert sum(macs(node) or 0 for node in products) == 64 * (4 * 64 + 3 * 128 + 1024)
    assert {tensor.type for node in products for tensor in node.weights} == {"f32"}
    assert {node.precision for node in products} == {"fp32"}
    # what comes after the last attention is computed for the last token of a prompt only
    of_prompt = sum(macs(node) or 0 for node in prefill.nodes if node.op == "MUL_MAT")
    assert of_prompt == 16 * 64 * 4 * 64 + 64 * (3 * 128 + 1024)
    assert all(node.op not in ("VIEW", "RESHAPE", "PERMUTE") for node in decode.nodes)
    assert llama.tick_ns == 1


def test_a_crash_is_a_named_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "MODULE", "antigravity_of_edgeprof")
    with pytest.raises(EdgeprofError, match=r"ended with exit code 1 and reported nothing.*No module named") as raised:
        profiled(FOLDER / "digits-cnn-fp32.onnx", "onnxruntime")
    assert raised.value.code == "operator_profile_failed"


def test_a_hang_is_stopped() -> None:
    file = inspect(FOLDER / "digits-cnn-fp32.onnx")
    with pytest.raises(EdgeprofError, match=r"did not end within 0\.05 s and was stopped") as raised:
        running.profile_operators(file, RunConfig(runtime="onnxruntime"), deadline_s=0.05)
    assert raised.value.code == "operator_profile_failed"


def test_runtimes_without_a_profiler(tmp_path: Path) -> None:
    with pytest.raises(EdgeprofError, match="xllamacpp reports no times of single operators") as raised:
        profiled(tiny_llama(tmp_path / "tiny.gguf"), "xllamacpp")
    assert raised.value.code == "no_operator_profile"


def test_a_ceiling_is_measured_once(tmp_path: Path) -> None:
    file = tmp_path / "ceilings.json"
    first = ceiling_store.ceiling_of("onnxruntime", "1.0", 1, ["fp32"], file=file, may_be_busy=True)
    assert first.peak_gflop_s.keys() == {"fp32", "int8"}
    assert min(first.bandwidth_gb_s, *first.peak_gflop_s.values()) > 0
    saved = json.loads(file.read_bytes())
    saved[0]["ceiling"]["runtime_version"] = "1.0"  # the probe writes the version that it ran
    file.write_text(json.dumps(saved))
    assert ceiling_store.ceiling_of("onnxruntime", "1.0", 1, ["int8"], file=file).measured_at == first.measured_at
    assert ceiling_store.ceiling_of("onnxruntime", "1.0", 1, ["int8"], file=file).peak_gflop_s == first.peak_gflop_s


def test_peaks_of_weight_types() -> None:
    found = ceiling_llama.peaks(1, ["fp32", "q4_0", "q4_K", "no such type"])
    assert found.keys() == {"fp32", "q4_0", "q4_K"}
    assert ceiling_onnx.peaks(1, ["no such precision"]) == {}


def test_the_artifact_of_a_run() -> None:
    """Within the limits of the run; what it holds is what the hub's page reads."""
    config = RunConfig(runtime="litert", threads=1)
    request = request_of(inspect(FOLDER / "digits-cnn-fp32.tflite"), config, RunProtocol(deadline_s=60))
    ref, data = beside_a_run.operator_artifact(request, threading.Event())
    found = msgspec.json.decode(data, type=OperatorReport)
    assert (ref.name, ref.size, found.runtime) == ("operator_profile", len(data), "litert")
    assert found.phases[0].gflop == 2 * DIGITS_MACS / 1e9


def _free(*_: object) -> nullcontext[bool]:
    return nullcontext(True)


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that is too short says so; its trace has the operators and the device's counters on one axis."""
    monkeypatch.setenv("EDGEPROF_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(operators_run, "measuring", _free)  # no time is looked at here
    trace = tmp_path / "trace.json"
    command = ["operators", str(FOLDER / "digits-cnn-int8.onnx"), "--threads", "1", "--trace", str(trace)]
    result = CliRunner().invoke(edgeprof, command)
    assert result.exit_code == 0, result.output
    assert "No table: its profiler rounds each of 11 nodes down to 1 µs" in result.output
    assert "GB/s memory" in result.output or "limits failed: other programs used" in result.output
    events = json.loads(trace.read_bytes())["traceEvents"]
    operators = [event for event in events if event["ph"] == "X"]
    assert len(operators) == 11
    assert any(event["ph"] == "C" and event["name"].startswith("worker: rss_mib") for event in events)
    counted = [event["ts"] for event in events if event["ph"] == "C"]
    assert min(counted) <= operators[-1]["ts"] <= max(counted)
