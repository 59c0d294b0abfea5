"""What adapters make of what their runtimes tell."""

import sys
import venv
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from edgeprof.errors import MissingPartError
from edgeprof.wire.formats import ModelFormat
from edgeprof.wire.messages import RuntimeFact
from edgeprof_agent.runtimes import registry
from edgeprof_agent.runtimes.litert.graph import Node, TensorType, delegated_nodes, read_graph
from edgeprof_agent.runtimes.llama.xllamacpp import gaps_ns
from edgeprof_agent.runtimes.onnx.trace import read_trace
from edgeprof_agent.worker.memory import field_kib
from edgeprof_agent.worker_protocol.runtime_table import VARIANTS
from tests.agent.measuring import BUNDLED, measured, request_for


def test_facts_name_a_version_or_the_install_line() -> None:
    facts = {fact.variant: fact for fact in registry.facts()}
    assert facts["onnxruntime"].version
    for fact in facts.values():
        reason = fact.reason or ""
        told = ("pip install 'edgeprof[", "has wheels for Python", "Name one with --endpoint")
        assert fact.version or any(words in reason for words in told)


def test_an_endpoint_runs_what_it_serves_and_nothing_else() -> None:
    facts = registry.facts(here=False, endpoint=True)
    assert [fact.variant for fact in facts if fact.version] == ["openai-api"]
    assert all("cloud endpoint" in (fact.reason or "") for fact in facts if not fact.version)
    assert registry.default_variant("served", facts) == "openai-api"
    both = {fact.variant: fact.version for fact in registry.facts(endpoint=True)}
    assert both["openai-api"]
    assert both["onnxruntime"]
    with pytest.raises(MissingPartError, match="--endpoint"):
        registry.default_variant("served", registry.facts())


def test_a_hub_hears_of_an_endpoints_runtime_only_where_there_is_an_endpoint() -> None:
    """The first hubs of this wire version refuse facts with the format `served`."""
    assert not [fact for fact in registry.facts_for_hub(endpoint=False) if "served" in fact.formats]
    assert [fact for fact in registry.facts_for_hub(endpoint=True) if "served" in fact.formats]


def test_facts_import_no_runtime() -> None:
    code = (
        "import sys; from edgeprof_agent.runtimes import registry; registry.facts();"
        "print([name for name in ('numpy', 'onnxruntime', 'ai_edge_litert', 'xllamacpp') if name in sys.modules])"
    )
    assert _python(code) == "[]"


def test_the_default_runtime_is_the_first_installed_one_for_the_format() -> None:
    facts = (
        RuntimeFact(variant="llama-cpp-python", formats=("gguf",), version=None, reason="not installed"),
        RuntimeFact(variant="xllamacpp", formats=("gguf",), version="1"),
    )
    assert registry.default_variant("gguf", facts) == "xllamacpp"
    with pytest.raises(MissingPartError, match=r"edgeprof\[onnx\]"):
        registry.default_variant("onnx", facts)


def _fact(variant: str, version: str | None, *, named: bool = False) -> RuntimeFact:
    reason = None if version else f"{variant} cannot be run"
    return RuntimeFact(variant=variant, formats=("gguf",), version=version, reason=reason, named_python=named)


@pytest.mark.parametrize(
    "facts",
    [
        (_fact("first", "1"), _fact("second", "2", named=True)),
        (_fact("first", None), _fact("second", "2", named=True), _fact("third", "3", named=True)),
        (_fact("second", "2", named=True), _fact("third", None, named=True)),
        (_fact("second", "2", named=True),),
    ],
)
def test_a_named_interpreter_wins(facts: tuple[RuntimeFact, ...]) -> None:
    assert registry.default_variant("gguf", facts) == "second"


@pytest.mark.parametrize(
    "facts",
    [
        (_fact("first", "1"), _fact("second", None, named=True)),
        (_fact("second", None, named=True), _fact("first", "1")),
        (_fact("second", None, named=True), _fact("third", "3", named=True)),
        (_fact("second", None, named=True),),
    ],
)
def test_a_named_interpreter_that_fails_is_never_replaced_by_another_runtime(facts: tuple[RuntimeFact, ...]) -> None:
    with pytest.raises(MissingPartError, match="second cannot be run"):
        registry.default_variant("gguf", facts)


@pytest.mark.parametrize("variant", [name for name, variant in VARIANTS.items() if not variant.needs_endpoint])
def test_every_runtime_can_have_an_interpreter_named(
    variant: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(f"EDGEPROF_WORKER_PYTHON_{variant.upper().replace('-', '_')}", str(tmp_path / "none"))
    facts = registry.facts()
    assert [fact.variant for fact in facts if fact.named_python] == [variant]
    for format in VARIANTS[variant].formats:
        with pytest.raises(MissingPartError, match="cannot be run"):
            registry.default_variant(cast(ModelFormat, format), facts)


def test_an_interpreter_named_for_another_format_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEPROF_WORKER_PYTHON_LITERT", "/nonexistent/python")
    assert registry.default_variant("onnx", registry.facts()) == "onnxruntime"


def test_another_interpreter_answers_for_its_own_packages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = tmp_path / "python"
    other.write_text("#!/bin/sh\necho 2.14.0\n")
    other.chmod(0o755)
    monkeypatch.setenv("EDGEPROF_WORKER_PYTHON_TFLITE_RUNTIME", str(other))
    assert registry.worker_python("tflite-runtime") == str(other)
    assert registry.worker_python("litert") == sys.executable
    facts = {fact.variant: fact for fact in registry.facts()}
    assert facts["tflite-runtime"].version == "2.14.0"


def test_an_interpreter_that_cannot_be_run_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EDGEPROF_WORKER_PYTHON_ONNXRUNTIME", str(tmp_path / "none"))
    facts = {fact.variant: fact for fact in registry.facts()}
    assert "EDGEPROF_WORKER_PYTHON_ONNXRUNTIME names" in (facts["onnxruntime"].reason or "")
    with pytest.raises(MissingPartError, match="cannot be run"):
        registry.default_variant("onnx", facts.values())
    result = measured(request_for(BUNDLED / "digits-cnn-fp32.onnx"))
    assert result.failure is not None
    assert result.failure.code == "runtime_missing"


def test_an_interpreter_is_found_from_where_the_agent_stands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (tmp_path / "python").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EDGEPROF_WORKER_PYTHON_ONNXRUNTIME", "./python")
    assert measured(request_for(BUNDLED / "digits-cnn-fp32.onnx")).status == "measured"


def test_an_interpreter_without_edgeprof_is_told_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", with_pip=False, symlinks=True)
    monkeypatch.setenv("EDGEPROF_WORKER_PYTHON_ONNXRUNTIME", str(tmp_path / "bare/bin/python"))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    result = measured(request_for(BUNDLED / "digits-cnn-fp32.onnx"))
    assert result.failure is not None
    assert (result.failure.code, result.failure.stage) == ("runtime_missing", "start")
    assert "Install edgeprof there too" in result.failure.message


def test_a_runtime_that_is_not_installed_is_missing_with_its_install_line() -> None:
    result = measured(request_for(BUNDLED / "digits-cnn-fp32.tflite", "tflite-runtime"))
    assert result.failure is not None
    assert result.failure.code == "runtime_missing"
    assert "pip install 'edgeprof[tflite]'" in result.failure.message


def test_a_trace_counts_each_node_once_and_tells_integer_from_float() -> None:
    trace = b"""[
      {"cat": "Session", "name": "model_run", "args": {}},
      {"cat": "Node", "name": "c_kernel_time", "args": {"op_name": "QLinearConv", "provider": "CPUExecutionProvider",
        "node_index": "1", "input_type_shape": [{"uint8": [1]}, {"float": []}, {"int8": [1]}]}},
      {"cat": "Node", "name": "c_kernel_time", "args": {"op_name": "QLinearConv", "provider": "CPUExecutionProvider",
        "node_index": "1", "input_type_shape": [{"uint8": [1]}, {"float": []}, {"int8": [1]}]}},
      {"cat": "Node", "name": "q_kernel_time", "args": {"op_name": "QuantizeLinear", "provider": "CPUExecutionProvider",
        "node_index": "0", "input_type_shape": [{"float": [1]}]}},
      {"cat": "Node", "name": "m_kernel_time", "args": {"op_name": "MaxPool", "provider": "CPUExecutionProvider",
        "node_index": "2", "input_type_shape": [{"uint8": [1]}]}},
      {"cat": "Node", "name": "g_kernel_time", "args": {"op_name": "Gemm", "provider": "CUDAExecutionProvider",
        "node_index": "3", "input_type_shape": [{"float": [1]}]}}
    ]"""
    found = read_trace(trace)
    assert found["operators"] == {"QLinearConv": 1, "QuantizeLinear": 1, "MaxPool": 1, "Gemm": 1}
    assert found["nodes_per_provider"] == {"CPUExecutionProvider": 3, "CUDAExecutionProvider": 1}
    assert (found["integer_kernels"], found["float_kernels"]) == (2, 1)


def test_nodes_behind_a_delegate_are_found_from_its_borders() -> None:
    nodes: list[Node] = [
        {"index": 0, "op_name": "CONV_2D", "inputs": [0, 10], "outputs": [1]},
        {"index": 1, "op_name": "RELU", "inputs": [1], "outputs": [2]},
        {"index": 2, "op_name": "CUMSUM", "inputs": [2], "outputs": [3]},
        {"index": 3, "op_name": "DELEGATE", "inputs": [0, 10], "outputs": [2]},
    ]
    tensors: list[TensorType] = [{"index": index, "dtype": np.float32} for index in (0, 1, 2, 3)]
    tensors.append({"index": 10, "dtype": np.int8})
    assert delegated_nodes(nodes) == {0, 1}
    found = read_graph(nodes, tensors)
    assert found["nodes_per_provider"] == {"XNNPACK": 2, "builtin": 1}
    assert (found["integer_kernels"], found["float_kernels"]) == (1, 2)
    assert any("1 nodes are hybrid" in note for note in found["notes"])


def test_a_token_held_back_leaves_no_gap() -> None:
    def timing(tokens: int, predicted_ms: float) -> dict[str, float]:
        return {"prompt_n": 1, "prompt_ms": 1.0, "predicted_n": tokens, "predicted_ms": predicted_ms}

    timings = [timing(1, 0.0), timing(2, 10.0), timing(4, 31.0), timing(5, 43.0)]
    assert gaps_ns(timings) == [10_000_000, 12_000_000]  # pyright: ignore[reportArgumentType]


def test_memory_is_read_from_the_status_file() -> None:
    status = "Name:\tpython\nVmHWM:\t   13312 kB\nVmRSS:\t   12000 kB\n"
    assert field_kib(status, "VmHWM") == 13312
    with pytest.raises(LookupError):
        field_kib(status, "VmSwap")


def _python(code: str) -> str:
    import subprocess

    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
