"""The binding of choice for exact timing, built from source by the full tier: low-level decode on a real model."""

from importlib.util import find_spec

import pytest

from edgeprof.wire.messages import RunProtocol
from edgeprof_exports import catalogue, fetch
from tests.agent.measuring import measured, request_for, values

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(find_spec("llama_cpp") is None, reason="llama-cpp-python is not built here"),
]

SHORT = RunProtocol(warmup_runs=1, min_runs=6, window_s=1.0, deadline_s=120.0)


def test_a_real_language_model_is_measured_through_low_level_decode() -> None:
    path = fetch.ensure(catalogue.load_recipes()["smollm2-135m-q4-1"], print)
    result = measured(request_for(path, "llama-cpp-python", protocol=SHORT))
    assert result.status == "measured", result.failure
    found = values(result)
    assert found["prefill_tokens_per_s"] > found["decode_tokens_per_s"] > 1
    assert found["inter_token_p50_ms"] == pytest.approx(1000 / found["decode_tokens_per_s"], rel=0.2)
    assert found["ttft_ms"] == pytest.approx(128 / found["prefill_tokens_per_s"] * 1000, rel=0.3)
    assert found["peak_memory_mib"] > found["model_size_mib"]
    assert result.effective is not None
    assert result.effective.runtime == "llama-cpp-python"
    assert result.effective.threads == 1
    assert (result.effective.integer_kernels or 0) > 200  # 7 quantized products in each of 30 layers, and the output
