"""Generation at a depth as well as at depth 0, where the run names none: which depth, and what is reported."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from edgeprof.wire.evidence import SweepAt, SweepPoint
from edgeprof.wire.messages import MetricRow, Result, RunConfig
from edgeprof_agent.measuring.text_points import depth_note
from edgeprof_agent.runtimes.llama.tiny_gguf import write_tiny_gguf
from edgeprof_agent.worker.text_depth import OwnDepth, own_depth
from edgeprof_agent.worker.text_pace import Pace
from edgeprof_agent.worker_protocol.adapter import Lengths
from tests.agent.measuring import QUICK, measured, request_for

LENGTHS = Lengths(128, 32, 0)
MS = 1_000_000


def pace(prompt_token_ms: float, step_ms: float) -> Pace:
    return Pace(0, 128, round(128 * prompt_token_ms * MS), step_ms * MS)


@pytest.mark.parametrize(
    ("trained", "prompt_token_ms", "step_ms", "is_copied", "depth"),
    [
        (8192, 1.0, 4.0, True, 2048),
        (8192, 2.0, 5.0, True, 1024),
        (8192, 3.0, 7.0, True, 512),
        (8192, 6.0, 20.0, True, 512),  # the shallowest may take longer
        (2048, 1.0, 4.0, True, 1024),  # 2,048 and a generation do not fit
        (2056, 1.0, 4.0, True, 2048),
        (520, 1.0, 4.0, True, 512),
        (8192, 0.2, 2.0, False, 2048),
        (8192, 1.0, 4.0, False, 512),
    ],
)
def test_the_deepest_depth_that_fits_and_is_cheap_is_taken(
    trained: int, prompt_token_ms: float, step_ms: float, is_copied: bool, depth: int
) -> None:
    found = own_depth(LENGTHS, trained, pace(prompt_token_ms, step_ms), is_copied=is_copied)
    assert found == OwnDepth(Lengths(8, 8, depth), None)


@pytest.mark.parametrize(
    ("prompt_token_ms", "step_ms", "is_copied"), [(100.0, 5.0, True), (1.0, 100.0, True), (10.0, 5.0, False)]
)
def test_a_slow_model_is_told_how_to_ask_for_it(prompt_token_ms: float, step_ms: float, is_copied: bool) -> None:
    found = own_depth(LENGTHS, 8192, pace(prompt_token_ms, step_ms), is_copied=is_copied)
    assert found is not None
    assert found.lengths.depth_tokens == 512
    assert "use --depth-tokens 512" in (found.refused or "")


def test_a_short_context_has_no_such_depth() -> None:
    assert own_depth(LENGTHS, 519, pace(0.1, 0.1), is_copied=True) is None


def test_its_generations_are_no_longer_than_those_of_the_run() -> None:
    found = own_depth(Lengths(128, 4, 0), 2052, pace(0.1, 0.1), is_copied=True)
    assert found == OwnDepth(Lengths(4, 4, 2048), None)


def run(folder: Path, depth: int = 0, sweep: tuple[SweepAt, ...] = ()) -> Result:
    asked = request_for(write_tiny_gguf(folder / "tiny.gguf"), "llama-capi", protocol=replace(QUICK, sweep=sweep))
    config = replace(asked.config, prompt_tokens=16, decode_tokens=8, depth_tokens=depth)
    result = measured(replace(asked, config=config))
    assert result.status == "measured", result.failure
    return result


def test_a_run_shows_generation_at_a_depth_too(tmp_path: Path) -> None:
    result = run(tmp_path)
    (point,) = result.points
    assert (point.at.prompt_tokens, point.at.depth_tokens, point.failure) == (None, 512, None)
    found = {row.metric: row for row in point.metrics}
    rate = found["decode_tokens_per_s"]
    assert rate.n == 6
    assert rate.ci_low is not None
    assert rate.ci_high is not None
    assert rate.ci_low <= rate.value <= rate.ci_high
    assert found["inter_token_p50_ms"].n == 6 * 8
    assert "prefill_tokens_per_s" not in found
    assert result.protocol.sweep == ()
    assert result.effective is not None
    assert any(note.startswith("decode at depth 512: ") for note in result.effective.notes)


def test_a_run_that_names_a_depth_or_a_sweep_has_only_those(tmp_path: Path) -> None:
    assert run(tmp_path, depth=64).points == ()
    assert [point.at.depth_tokens for point in run(tmp_path, sweep=(SweepAt(depth_tokens=96),)).points] == [96]


def test_the_note_compares_the_deepest_point_with_the_run() -> None:
    def point(depth: int, rate: float) -> SweepPoint:
        row = MetricRow(metric="decode_tokens_per_s", value=rate, n=3)
        return SweepPoint(at=SweepAt(depth_tokens=depth), metrics=(row,))

    config = RunConfig(runtime="llama-capi")
    assert depth_note([point(512, 70.0), point(2048, 30.0)], config, 100.0) == (
        "decode at depth 2048: 30 tokens/s, 0.30 of the rate at depth 0"
    )
    assert depth_note([SweepPoint(at=SweepAt(depth_tokens=512), failure="too slow")], config, 100.0) is None


COPIED = """
import ctypes, json, os, struct, sys
from edgeprof_agent.runtimes.llama.capi_library import CapiLibrary, library_path
from edgeprof_agent.runtimes.llama.llamacpp_context import LlamaContext, Tokens
api = CapiLibrary(library_path())
model = api.llama_model_load_from_file(sys.argv[1].encode(), api.llama_model_default_params())
words = api.llama_vocab_n_tokens(api.llama_model_get_vocab(model))
piece = [7 + step % 500 for step in range(64)]

def logits_after(context):
    context.evaluate(Tokens(api, [300, 301, 17]))
    return struct.unpack(f"{words}f", ctypes.string_at(api.llama_get_logits_ith(context.handle, -1), 4 * words))

evaluated = LlamaContext(api, model, 600, 1)
evaluated.evaluate(Tokens(api, piece * 8))
copied = LlamaContext(api, model, 600, 1)
copied.evaluate(Tokens(api, [*piece, 5]))
filled = copied.copy_first(64, 512)
wanted = logits_after(evaluated)
found = [logits_after(copied), copied.keep_first(512) and logits_after(copied), copied.keep_first(64)]
far = LlamaContext(api, model, 600, 1)
far.evaluate(Tokens(api, piece))
print(json.dumps([filled, found[2], wanted, *found[:2], logits_after(far)]), flush=True)
os._exit(0)
"""


def test_copies_stand_at_the_positions_that_evaluation_would_give_them(tmp_path: Path) -> None:
    """In a model of one layer a token's key and value depend on the token and its position alone."""
    command = [sys.executable, "-c", COPIED, str(write_tiny_gguf(tmp_path / "tiny.gguf"))]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    filled, kept, wanted, copied, again, far = json.loads(done.stdout.splitlines()[-1])
    assert (filled, kept) == (True, True)
    assert copied == pytest.approx(wanted, abs=0.02)  # the keys are turned once more, in half precision
    assert again == copied
    assert far != pytest.approx(wanted, abs=0.02)


@pytest.mark.parametrize("refused", ["shift", "save", "forget"])
def test_a_memory_without_copies_is_filled_by_evaluation(refused: str, tmp_path: Path) -> None:
    patch = {
        "shift": "CapiLibrary.__init__ = lambda self, path: (init(self, path), "
        "setattr(self, 'llama_memory_can_shift', lambda memory: False))[0]",
        "save": "LlamaContext.save = lambda self: None",
        "forget": "LlamaContext.keep_first = lambda self, tokens: False",
    }[refused]
    code = f"""
import json, sys
from edgeprof_agent.runtimes.llama.capi_library import CapiLibrary
from edgeprof_agent.runtimes.llama.llamacapi import LlamaCapi
from edgeprof_agent.runtimes.llama.llamacpp_context import LlamaContext
from edgeprof_agent.worker_protocol.adapter import Lengths
from edgeprof_agent.worker_protocol.document import job_from
init, evaluate, sizes = CapiLibrary.__init__, LlamaContext.evaluate, []
{patch}
LlamaContext.evaluate = lambda self, tokens: (
    sizes.append(sum(batch.n_tokens for batch in tokens.batches)), evaluate(self, tokens))
config = dict(provider="cpu", threads=1, prompt_tokens=16, decode_tokens=4, depth_tokens=0, arrival_rate_per_s=0.0)
config["settings"] = dict()
job = dict(course="measure", model_path=sys.argv[1], config=config, protocol=dict(seed=1), eval_callback=True)
model = LlamaCapi().open(job_from(job))
model.resize_context(Lengths(8, 8, 512))
copied = model.copy_depth()
sizes.clear()
model.decode()
print(json.dumps([copied, sizes]))
"""
    command = [sys.executable, "-c", code, str(write_tiny_gguf(tmp_path / "tiny.gguf"))]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    assert json.loads(done.stdout.splitlines()[-1]) == [False, [512]]
