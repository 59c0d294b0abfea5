"""The worker stays light: what it imports before a runtime is bounded."""

import json
import subprocess
import sys

import pytest

BUDGET_MODULES = 70
FORBIDDEN = {"click", "msgspec", "paho", "psutil", "asyncio", "numpy", "dataclasses", "inspect", "logging"}
SHARED = {"edgeprof", "edgeprof.version"}
"""All of edgeprof that it may have at its start."""
HEAVY = FORBIDDEN | {"statistics", "decimal", "fractions", "random"}


def _modules_after(statement: str) -> set[str]:
    code = f"{statement}; import sys, json; print(json.dumps(sorted(sys.modules)))"
    return set(json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout))


def test_the_worker_imports_the_standard_library_and_little_of_it() -> None:
    brought = _modules_after("import edgeprof_agent.worker.main") - _modules_after("pass")
    assert not brought & FORBIDDEN
    assert {name for name in brought if name.partition(".")[0] == "edgeprof"} <= SHARED
    assert len(brought) <= BUDGET_MODULES


@pytest.mark.parametrize("adapter", ["onnx.adapter", "litert.adapter", "llama.llamacapi", "llama.xllamacpp"])
def test_an_adapter_brings_none_of_the_documents_that_only_the_parent_reads(adapter: str) -> None:
    """Each of the two workers of a run would spend the time, and its memory would count as the runtime's."""
    brought = _modules_after(f"import edgeprof_agent.worker.main, edgeprof_agent.runtimes.{adapter}")
    assert not brought & {"msgspec", "edgeprof.wire.messages", "edgeprof.wire.evidence", "edgeprof.wire.rest"}


def test_the_parent_of_a_worker_imports_no_runtime() -> None:
    brought = _modules_after("import edgeprof_agent.measuring.measure")
    assert not brought & {"numpy", "onnxruntime", "ai_edge_litert", "llama_cpp", "xllamacpp"}


def test_what_decides_when_to_stop_is_light_too() -> None:
    """It is imported while the worker's memory is measured."""
    brought = _modules_after("import edgeprof.statistics.stopping") - _modules_after("import typing, functools")
    assert not brought & HEAVY
    assert {name for name in brought if name.startswith("edgeprof.")} <= {
        f"edgeprof.{name}"
        for name in (
            *("version", "statistics", "statistics.stopping", "statistics.quantiles", "statistics.autocorrelation"),
            *("statistics.distributions", "statistics.student_t"),
        )
    }
