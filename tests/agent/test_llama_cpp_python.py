"""The binding of choice for exact timing, built from source by the full tier: low-level decode on a real model."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from edgeprof.wire.messages import RunProtocol
from edgeprof_exports import catalogue, fetch
from tests.agent.measuring import measured, request_for, values

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(find_spec("llama_cpp") is None, reason="llama-cpp-python is not built here"),
]

SHORT = RunProtocol(warmup_limit_s=1.0, window_s=1.0, window_limit_s=2.0, deadline_s=600.0)


def test_a_real_language_model_is_measured_through_low_level_decode() -> None:
    path = fetch.ensure(catalogue.load_recipes()["smollm2-135m-q4-1"], print)
    result = measured(request_for(path, "llama-cpp-python", protocol=SHORT))
    assert result.status == "measured", result.failure
    found = values(result)
    assert found["prefill_tokens_per_s"] > found["decode_tokens_per_s"] > 1
    assert found["inter_token_p50_ms"] == pytest.approx(1000 / found["decode_tokens_per_s"], rel=0.2)
    assert found["ttft_ms"] == pytest.approx(128 / found["prefill_tokens_per_s"] * 1000, rel=0.3)
    assert found["peak_memory_mib"] > found["model_size_mib"]
    assert found["kv_cache_mib"] == pytest.approx(5.625, abs=0.01)  # 30 layers, 256 cells, 2 x 3 heads of 64, f16
    assert found["ttft_cached_ms"] < found["ttft_ms"]
    assert found["sample_ms"] < found["inter_token_p50_ms"]
    assert found["tokenize_ms"] > 0
    assert result.effective is not None
    assert result.effective.runtime == "llama-cpp-python"
    assert result.effective.threads == 1
    assert (result.effective.integer_kernels or 0) > 200  # 7 quantized products in each of 30 layers, and the output


PROMPT = "Here is how to boil an egg:"
GENERATED = 32

OURS = """
import json, sys
from edgeprof_agent.runtimes.llama.llamacpp_runtime import LlamaCpp
from edgeprof_agent.worker_protocol.document import job_from
config = dict(provider="cpu", threads=1, prompt_tokens=64, decode_tokens=32, depth_tokens=0, arrival_rate_per_s=0.0)
config["settings"] = dict()
job = dict(course="measure", model_path=sys.argv[1], config=config, protocol=dict(seed=1), eval_callback=True)
model = LlamaCpp().open(job_from(job))
prompt = model.tokenize(sys.argv[2])
print(json.dumps([prompt, model.generate_greedy(prompt, int(sys.argv[3]))]))
"""
LLAMA_CPPS_OWN = """
import json, sys
from itertools import islice
from llama_cpp import Llama
model = Llama(sys.argv[1], n_ctx=64, n_threads=1, n_threads_batch=1, verbose=False, n_gpu_layers=0, flash_attn=True)
prompt = model.tokenize(sys.argv[2].encode())
print(json.dumps([prompt, list(islice(model.generate(prompt, temp=0.0, repeat_penalty=1.0), int(sys.argv[3])))]))
"""
THE_SERVERS = """
import json, sys, urllib.request
import xllamacpp
params = xllamacpp.CommonParams()
params.model.path, params.n_ctx, params.n_parallel, params.n_gpu_layers = sys.argv[1], 64, 1, 0
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
params.warmup = False
server = xllamacpp.Server(params)
asked = {"prompt": sys.argv[2], "n_predict": int(sys.argv[3]), "temperature": 0, "return_tokens": True}
request = urllib.request.Request(
    server.listening_address + "/completion", json.dumps(asked).encode(), {"Content-Type": "application/json"}
)
print(json.dumps(json.load(urllib.request.urlopen(request, timeout=60))["tokens"]))
"""


def said(script: str, path: Path) -> list[list[int]]:
    command = [sys.executable, "-c", script, str(path), PROMPT, str(GENERATED)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    return json.loads(done.stdout.splitlines()[-1])


def test_greedy_output_of_a_fixed_prompt_equals_llama_cpps_own() -> None:
    path = fetch.ensure(catalogue.load_recipes()["smollm2-135m-q4-1"], print)
    prompt, ours = said(OURS, path)
    their_prompt, theirs = said(LLAMA_CPPS_OWN, path)
    assert len(ours) == GENERATED
    assert prompt == their_prompt
    assert ours == theirs
    if find_spec("xllamacpp") is not None:
        assert said(THE_SERVERS, path) == ours  # another build, from another commit
