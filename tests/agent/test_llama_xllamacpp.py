"""A language model through the prebuilt binding: depth, sweep, prompt cache, and lengths that do not fit."""

from dataclasses import replace
from pathlib import Path

import pytest

from edgeprof.wire.evidence import SweepAt
from edgeprof.wire.messages import Result, RunProtocol
from edgeprof_agent.runtimes.lengths import prompt_ids
from tests.agent.gguf_models import split_llama, tiny_llama
from tests.agent.measuring import measured, request_for, values

SHORT = RunProtocol(
    warmup_runs=1, warmup_limit_s=0.2, window_s=0.1, window_limit_s=0.2, deadline_s=60, cold_start=False
)
SWEEP = (
    SweepAt(prompt_tokens=32, depth_tokens=0),
    SweepAt(prompt_tokens=32, depth_tokens=400),
    SweepAt(prompt_tokens=600, depth_tokens=0),
    SweepAt(prompt_tokens=16, depth_tokens=64),
)
"""The third asks for more than the 512 tokens that the tiny model was trained for."""


def run(path: Path, *, prompt: int = 64, decode: int = 16, depth: int = 0, sweep: tuple[SweepAt, ...] = ()) -> Result:
    asked = request_for(path, "xllamacpp", protocol=replace(SHORT, sweep=sweep))
    config = replace(asked.config, prompt_tokens=prompt, decode_tokens=decode, depth_tokens=depth)
    return measured(replace(asked, config=config))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_llama(tmp_path_factory.mktemp("gguf") / "tiny.gguf")


@pytest.fixture(scope="module")
def swept(model: Path) -> Result:
    return run(model, sweep=SWEEP)


def test_a_vocabulary_below_a_thousand_words_is_measured(tmp_path: Path) -> None:
    result = run(tiny_llama(tmp_path / "small.gguf", words=300))
    assert result.status == "measured", result.failure
    assert values(result)["decode_tokens_per_s"] > 0


@pytest.mark.parametrize("runtime", ["xllamacpp", "llama-capi"])
def test_parts_behind_links_with_other_names_are_measured(tmp_path: Path, runtime: str) -> None:
    """As in a downloader's cache: each part is a link to a file that is named by its hash."""
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshot"
    blobs.mkdir()
    snapshot.mkdir()
    split_llama(blobs / "0a1b", blobs / "2c3d")
    for number, blob in enumerate(("0a1b", "2c3d"), 1):
        (snapshot / f"tiny-0000{number}-of-00002.gguf").symlink_to(Path("../blobs") / blob)
    result = measured(request_for(snapshot / "tiny-00001-of-00002.gguf", runtime, protocol=SHORT))
    assert result.status == "measured", result.failure
    assert values(result)["decode_tokens_per_s"] > 0
    assert result.memory is not None
    mapped_mib = {phase.phase: phase.model_mapped_mib for phase in result.memory.phases}
    assert (mapped_mib["load"] or 0) > 0, "the kernel names a mapping by the blob, not by the link"


@pytest.mark.parametrize(
    ("words", "ids"), [(None, range(100, 1000)), (32_000, range(100, 1000)), (300, range(100, 300)), (2, range(1, 2))]
)
def test_a_prompt_holds_no_id_beyond_the_vocabulary(words: int | None, ids: range) -> None:
    assert prompt_ids(words) == ids


def test_a_sweep_goes_on_after_a_point_that_does_not_fit(swept: Result) -> None:
    assert swept.status == "measured", swept.failure
    assert [point.at.prompt_tokens for point in swept.points] == [32, 32, 600, 16]
    assert [point.failure is None for point in swept.points] == [True, True, False, True]
    assert "600 tokens" in (swept.points[2].failure or "")
    for point in (swept.points[0], swept.points[1], swept.points[3]):
        found = {row.metric: row.value for row in point.metrics}
        assert found["prefill_tokens_per_s"] > 0
        assert found["decode_tokens_per_s"] > 0
        assert found["ttft_ms"] > 0
        assert found["peak_memory_mib"] > 1


def test_a_sweep_says_in_words_how_far_it_got(swept: Result) -> None:
    assert swept.effective is not None
    assert any("up to a context of 432 tokens; beyond it: " in note for note in swept.effective.notes)


def test_what_the_binding_cannot_give_is_absent_with_a_reason(swept: Result) -> None:
    absent = {row.metric: row.reason for row in swept.absent}
    for metric in ("kv_cache_mib", "tokenize_ms", "sample_ms"):
        assert "xllamacpp" in absent[metric]
        assert metric not in values(swept)


def test_the_prompt_cache_gives_the_first_token_of_a_known_prompt(swept: Result) -> None:
    rows = {row.metric: row for row in swept.metrics}
    assert rows["ttft_cached_ms"].n == 12
    assert rows["ttft_cached_ms"].value > 0


def test_what_the_binding_costs_stands_in_the_result(swept: Result) -> None:
    assert swept.effective is not None
    assert any("of the rate of llama-bench" in note and "prefill" in note for note in swept.effective.notes)


def test_a_run_at_a_depth_says_so(model: Path) -> None:
    result = run(model, depth=96)
    assert result.status == "measured", result.failure
    assert result.effective is not None
    assert result.effective.inputs["depth"] == "tokens[96]"
    assert values(result)["decode_tokens_per_s"] > 0


def test_requests_of_an_open_loop_are_a_prompt_and_a_generation_on_top_of_it(model: Path) -> None:
    asked = request_for(model, "xllamacpp", protocol=SHORT)
    config = replace(asked.config, prompt_tokens=64, decode_tokens=16, depth_tokens=96, arrival_rate_per_s=100.0)
    result = measured(replace(asked, config=config))
    assert result.status == "measured", result.failure
    assert result.open_loop is not None
    assert result.open_loop.n >= 1
    assert result.effective is not None
    assert any("context of 178 tokens" in note for note in result.effective.notes)


def test_a_generation_of_one_token_is_measured(model: Path) -> None:
    result = run(model, decode=1)
    assert result.status == "measured", result.failure
    assert values(result)["decode_tokens_per_s"] > 0


def test_a_prompt_beyond_the_models_context_fails_in_one_sentence(model: Path) -> None:
    result = run(model, prompt=600)
    assert result.failure is not None
    assert result.failure.code == "inference_error"
    assert "600 tokens" in result.failure.message


def test_repeats_and_warm_up_are_told(swept: Result) -> None:
    assert swept.timing is not None
    assert swept.timing.warmup_runs >= 0  # a first prompt comes before; what leads beyond it is dropped
    assert swept.timing.window_end in ("precision", "time", "looks")
    assert min(row.n for row in swept.metrics if row.metric in ("prefill_tokens_per_s", "decode_tokens_per_s")) >= 6


def test_a_model_of_nan_is_measured_and_its_blindness_told(tmp_path: Path) -> None:
    result = run(tiny_llama(tmp_path / "broken.gguf", nan_in="output_norm.weight"))
    assert result.status == "measured", result.failure
    assert result.effective is not None
    assert any("NaN in them would go unnoticed" in note for note in result.effective.notes)
