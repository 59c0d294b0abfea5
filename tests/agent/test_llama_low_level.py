"""What both ways of calling llama.cpp's C interface share: depth, sweep, requests, lengths, logits."""

import json
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from edgeprof.wire.evidence import SweepAt
from edgeprof.wire.messages import RunProtocol
from tests.agent.gguf_models import tiny_llama
from tests.agent.measuring import measured, request_for, values

BUILT = pytest.mark.skipif(find_spec("llama_cpp") is None, reason="llama-cpp-python is not built here")
TINY_SHORT = RunProtocol(
    warmup_runs=1, warmup_limit_s=0.2, window_s=0.1, window_limit_s=0.2, deadline_s=60, cold_start=False
)


@pytest.fixture(params=["llama-capi", pytest.param("llama-cpp-python", marks=[pytest.mark.full, BUILT])])
def variant(request: pytest.FixtureRequest) -> str:
    return request.param


def test_depth_and_sweep_tell_slope_context_and_memory_of_each_point(variant: str, tmp_path: Path) -> None:
    points = tuple(SweepAt(prompt_tokens=32, depth_tokens=depth) for depth in (0, 200, 400, 900, 100))
    asked = request_for(tiny_llama(tmp_path / "tiny.gguf"), variant, protocol=replace(TINY_SHORT, sweep=points))
    result = measured(replace(asked, config=replace(asked.config, depth_tokens=64, decode_tokens=16)))
    assert result.status == "measured", result.failure
    assert result.effective is not None
    assert result.effective.inputs["depth"] == "tokens[64]"
    assert [point.failure is None for point in result.points] == [True, True, True, False, True]
    assert "trained for 512" in (result.points[3].failure or "")
    cache = [row.value for point in result.points for row in point.metrics if row.metric == "kv_cache_mib"]
    assert len(cache) == 4
    assert cache[2] > cache[0] > 0  # 512 cells and 256
    assert any("longer for each token in the context" in note for note in result.effective.notes)
    assert any("up to a context of 432 tokens; beyond it: " in note for note in result.effective.notes)


@pytest.mark.parametrize(("prompt", "decode", "fits"), [(64, 16, True), (300, 300, False)])
def test_a_request_needs_a_context_for_prompt_and_generation_together(
    variant: str, tmp_path: Path, prompt: int, decode: int, fits: bool
) -> None:
    asked = request_for(tiny_llama(tmp_path / "tiny.gguf"), variant, protocol=TINY_SHORT)
    config = replace(
        asked.config, prompt_tokens=prompt, decode_tokens=decode, depth_tokens=32, arrival_rate_per_s=100.0
    )
    result = measured(replace(asked, config=config))
    assert result.status == "measured", result.failure
    assert (result.open_loop is not None) == fits
    refused = [row.reason for row in result.absent if row.metric == "response_p50_ms"]
    assert fits or "context of 632 tokens" in refused[0]


def test_nan_in_the_logits_is_counted(variant: str, tmp_path: Path) -> None:
    broken = tiny_llama(tmp_path / "broken.gguf", nan_in="output_norm.weight")
    result = measured(request_for(broken, variant, protocol=TINY_SHORT))
    assert result.status == "measured", result.failure
    assert result.effective is not None
    assert any("1024 output values are NaN" in note for note in result.effective.notes)


@pytest.mark.parametrize(("prompt", "decode", "message"), [(600, 16, "600 tokens"), (64, 600, "600 tokens")])
def test_lengths_beyond_the_context_fail_in_one_sentence(
    variant: str, tmp_path: Path, prompt: int, decode: int, message: str
) -> None:
    asked = request_for(tiny_llama(tmp_path / "tiny.gguf"), variant, protocol=TINY_SHORT)
    result = measured(replace(asked, config=replace(asked.config, prompt_tokens=prompt, decode_tokens=decode)))
    assert result.failure is not None
    assert result.failure.code == "inference_error"
    assert message in result.failure.message


def test_a_prompt_and_a_generation_of_one_token_are_measured(variant: str, tmp_path: Path) -> None:
    asked = request_for(tiny_llama(tmp_path / "tiny.gguf"), variant, protocol=TINY_SHORT)
    result = measured(replace(asked, config=replace(asked.config, prompt_tokens=1, decode_tokens=1)))
    assert result.status == "measured", result.failure
    assert values(result)["decode_tokens_per_s"] > 0


FORGETFUL = """
import json, sys
from edgeprof_agent.runtimes.llama.llamacapi import LlamaCapi
from edgeprof_agent.runtimes.llama.llamacpp_context import LlamaContext
from edgeprof_agent.worker.text_windows import Timed, windows_of
from edgeprof_agent.worker_protocol.document import job_from
config = dict(provider="cpu", threads=1, prompt_tokens=16, decode_tokens=4, depth_tokens=300, arrival_rate_per_s=1.0)
config["settings"] = dict()
job = dict(course="measure", model_path=sys.argv[1], config=config, protocol=dict(seed=1), eval_callback=True)
evaluate, close, evaluated, closed = LlamaContext.evaluate, LlamaContext.close, [], []
LlamaContext.evaluate = lambda self, tokens: (evaluated.append(tokens), evaluate(self, tokens))
LlamaContext.close = lambda self: (closed.append(self), close(self))
LlamaContext.keep_first = lambda self, tokens: False
if sys.argv[2] == "unsaved":
    LlamaContext.save = lambda self: None
model = LlamaCapi().open(job_from(job))
model.first_prompt()
before_depth = len(evaluated)
repeats = [model.decode() for _ in range(4)]
windows = windows_of([Timed(each.start_ns, each.end_ns, each.tokens) for each in repeats], 300)
after_repeats, closed_before = len(evaluated), len(closed)
made = len(model.operators()["operators"]) > 0
print(json.dumps([before_depth, after_repeats, len(windows), model.no_requests(), closed_before, made]))
"""


@pytest.mark.parametrize(("saving", "fills"), [("saved", 2), ("unsaved", 4)])
def test_a_memory_that_cannot_go_back_is_restored_or_filled_again(saving: str, fills: int, tmp_path: Path) -> None:
    """No small recurrent model is at hand: the memory of this one is made to refuse as a recurrent one does."""
    command = [sys.executable, "-c", FORGETFUL, str(tiny_llama(tmp_path / "tiny.gguf")), saving]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    before_depth, evaluated, windows, refused, closed, made = json.loads(done.stdout.splitlines()[-1])
    assert before_depth == 1  # the first prompt met an empty memory
    assert evaluated == 1 + fills
    assert windows == 4 or saving == "saved"  # a fill lies in none; what restores in a moment may
    assert ("tokens again" in (refused or "")) == (saving == "unsaved")
    assert (closed, made) == (0, True)


RESTORED = """
import ctypes, json, os, sys
from edgeprof_agent.runtimes.llama.capi_library import CapiLibrary, library_path
from edgeprof_agent.runtimes.llama.llamacpp_context import LlamaContext, Tokens
api = CapiLibrary(library_path())
model = api.llama_model_load_from_file(sys.argv[1].encode(), api.llama_model_default_params())
words = api.llama_vocab_n_tokens(api.llama_model_get_vocab(model))

def logits_after(context):
    found = []
    for token in (300, 301, 17, 512, 3):
        context.evaluate(Tokens(api, [token]))
        found.append(ctypes.string_at(api.llama_get_logits_ith(context.handle, -1), 4 * words))
    return found

first = LlamaContext(api, model, 400, 1)
first.evaluate(Tokens(api, [7 + step % 900 for step in range(300)]))
state = first.save()
own = logits_after(first)
second = LlamaContext(api, model, 400, 1)
restored = second.restore(state)
print(json.dumps([restored, own == logits_after(second), own == logits_after(second)]), flush=True)
os._exit(0)
"""


def test_a_restored_memory_gives_the_same_logits_bit_for_bit(tmp_path: Path) -> None:
    command = [sys.executable, "-c", RESTORED, str(tiny_llama(tmp_path / "tiny.gguf"))]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    restored, equal, equal_further_on = json.loads(done.stdout.splitlines()[-1])
    assert restored
    assert equal
    assert not equal_further_on
