"""A language model answers from llama.cpp's own logits: one batch for an item's endings is as good as one by one."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeprof.quality.evaluation_set import Item, SetFacts
from edgeprof.quality.outcomes import Outcome
from edgeprof.quality.tasks.multiple_choice import NOISE_NATS
from edgeprof.quality.tasks.table import TASKS
from edgeprof_agent.runtimes.llama import llamacpp_sequences
from edgeprof_agent.runtimes.llama.llamacapi import LlamaCapi
from edgeprof_agent.runtimes.llama.llamacpp import LlamaModel
from edgeprof_agent.worker.evaluation.answering import answered
from edgeprof_agent.worker.evaluation.base import Question
from edgeprof_agent.worker.evaluation.divergence import divergences, source_odds, write_odds
from edgeprof_agent.worker.evaluation.program import can_run, run_program
from edgeprof_agent.worker.evaluation.table import pipeline_of
from edgeprof_agent.worker.evaluation.texts import split_pair
from edgeprof_agent.worker_protocol.adapter import AnswersTexts, RuntimeFailure
from edgeprof_agent.worker_protocol.document import job_from
from edgeprof_exports import catalogue, fetch
from tests.agent.gguf_models import tiny_llama

TEXT = "Question: What is the capital of France?\nAnswer:"
ENDINGS = ("Paris", "London, of course", "the city that lies on the river Seine", "4")
SHORTER = "One, two, three, four, five, six, seven, eight, nine, ten. "
LONG = " ".join(f"Line {number} of a long text that goes on." for number in range(8))
FACTS = SetFacts(
    name="s",
    task="multiple-choice",
    domain="language",
    language="en",
    template="Question: {question}\nAnswer:",
    preparation={
        "examples": [
            {
                "question": "What is the capital of Spain?",
                "choices": ["Madrid", "Rome"],
                "label": 0,
                "answer": "Madrid",
            },
            {"question": "What is the capital of Italy?", "choices": ["Madrid", "Rome"], "label": 1, "answer": "Rome"},
        ],
        "max_tokens": 6,
        "stop": ["\n"],
    },
)
QUESTION = {"id": "1", "question": "What is the capital of France?"}


def opened(path: Path) -> LlamaModel:
    lengths = dict(prompt_tokens=64, decode_tokens=64, depth_tokens=0, arrival_rate_per_s=0.0)
    config = dict(provider="cpu", threads=1, settings={}, **lengths)
    job = dict(course="measure", model_path=str(path), config=config, protocol=dict(seed=1), eval_callback=False)
    return LlamaCapi().open(job_from(job))


@pytest.fixture(scope="module")
def model() -> Iterator[LlamaModel]:
    found = opened(fetch.ensure(catalogue.load_recipes()["smollm2-135m-q4-1"], print))
    yield found
    found.close()


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[LlamaModel]:
    found = opened(tiny_llama(tmp_path / "tiny.gguf"))
    yield found
    found.close()


def asked(model: object, facts: SetFacts, item: Item, shots: int = 0, folder: Path = Path()) -> Outcome:
    question = Question(model, facts, folder, [item], shots)  # type: ignore[arg-type]
    return answered(pipeline_of(facts.task)(question), TASKS[facts.task], facts, item)


def with_task(task: str, template: str = FACTS.template, **preparation: Any) -> SetFacts:
    return replace(FACTS, task=task, template=template, preparation=preparation)


@pytest.mark.parametrize("prompt", [TEXT, f"{SHORTER}\n{TEXT}"])
def test_endings_in_one_batch_score_as_one_by_one(model: LlamaModel, prompt: str) -> None:
    prefix, tails = split_pair(model, prompt, [f" {ending}" for ending in ENDINGS])
    together = [score.log_likelihood for score in model.score_endings(prefix, tails)]
    alone = [model.score_endings(prefix, [tail])[0].log_likelihood for tail in tails]
    chained = [sum(model.token_log_likelihoods([*prefix, *tail])[len(prefix) - 1 :]) for tail in tails]
    assert together == pytest.approx(alone, abs=NOISE_NATS)
    assert together == pytest.approx(chained, abs=NOISE_NATS)
    assert np.argmax(together) == np.argmax(alone)


def test_what_comes_before_an_item_does_not_change_its_scores(model: LlamaModel) -> None:
    header = "Question: What is the capital of Spain?\nAnswer: Madrid\n\n"
    prefix, tails = split_pair(model, header + TEXT, [f" {ending}" for ending in ENDINGS])
    model.share_prefix(model.tokenize(header.rstrip())[:-1])
    first = model.score_endings(prefix, tails)
    model.score_endings([*prefix, *tails[2]], tails * 3)
    model.score_endings(model.tokenize("Something else"), tails)
    assert model.score_endings(prefix, tails) == first
    model.share_prefix(())
    apart = model.score_endings(prefix, tails)
    assert [score.log_likelihood for score in apart] == pytest.approx(
        [score.log_likelihood for score in first], abs=NOISE_NATS
    )


def test_greedy_ends_are_those_that_it_would_generate(model: LlamaModel) -> None:
    prefix = model.tokenize(TEXT)
    written = model.generate_greedy(prefix, 4)
    other = model.tokenize(" nothing", special=False)
    scores = model.score_endings(prefix, [written, other])
    assert [score.is_greedy for score in scores] == [True, False]
    assert scores[0].tokens == 4


def test_greedy_text_is_that_of_the_calls_that_are_timed(model: LlamaModel) -> None:
    prefix = model.tokenize("Here is how to boil an egg:")
    found = model.generate(prefix, 24, [], temperature=0.0, seed=1)
    assert found.text == model.detokenize(model.generate_greedy(prefix, 24))
    assert (found.tokens, found.ended) == (24, "limit")
    assert 0 < found.first_token_ns < found.total_ns


def test_a_text_ends_before_its_stop_text_and_a_seed_tells_samples_apart(model: LlamaModel) -> None:
    prefix = model.tokenize("One, two, three, four,")
    whole = model.generate(prefix, 12, [], temperature=0.0, seed=1).text
    cut = model.generate(prefix, 12, [whole[6:9], "never written"], temperature=0.0, seed=1)
    assert (cut.text, cut.ended) == (whole[: whole.find(whole[6:9])], "stop")
    texts = [model.generate(prefix, 12, [], temperature=1.5, seed=seed).text for seed in (1, 2, 1)]
    assert texts[0] == texts[2] != texts[1]


def test_a_chat_ends_by_itself_in_the_models_own_template(model: LlamaModel) -> None:
    prompt = model.chat_prompt("Say only the word yes.")
    assert prompt == "<|im_start|>user\nSay only the word yes.<|im_end|>\n<|im_start|>assistant\n"
    assert model.generate(model.tokenize(prompt), 64, [], temperature=0.0, seed=1).ended == "end"
    assert len(model.tokenize("<|im_start|>")) == 1 < len(model.tokenize("<|im_start|>", special=False))


def test_log_probabilities_add_up_and_are_those_of_the_tokens(model: LlamaModel) -> None:
    tokens = model.tokenize(LONG)
    odds = model.log_probabilities(tokens)
    assert odds.shape == (len(tokens), 49_152)
    assert np.exp(odds.astype(np.float64)).sum(axis=1) == pytest.approx(np.ones(len(tokens)), abs=1e-4)
    taken = odds[np.arange(len(tokens) - 1), tokens[1:]]
    assert taken == pytest.approx(model.token_log_likelihoods(tokens), abs=NOISE_NATS)


@pytest.mark.parametrize("shots", [0, 2])
def test_a_choice_is_answered_with_and_without_examples(model: LlamaModel, shots: int) -> None:
    found = asked(model, FACTS, {**QUESTION, "choices": ["Madrid", "Paris", "Rome"], "label": 1}, shots)
    assert (found.problem, found.correct) == ("", True)
    assert found.details["margin"] > NOISE_NATS
    assert len(found.answer) == 3
    assert set(found.parts_ns) == {"decode", "prepare", "model", "finish"}


def test_more_examples_than_the_set_has_are_refused(model: LlamaModel) -> None:
    with pytest.raises(RuntimeFailure, match=r"^The set has 2 examples, 3 are needed\. Use `--shots 2` or less\.$"):
        asked(model, FACTS, {**QUESTION, "choices": ["Madrid", "Paris"], "label": 1}, 3)


def test_generated_answers_are_matched_and_checked(model: LlamaModel) -> None:
    exact = replace(FACTS, task="exact-match")
    found = asked(model, exact, {**QUESTION, "target": "Paris"}, 2)
    assert (found.problem, found.correct, found.answer.strip()) == ("", True, "Paris")
    checks = [{"kind": "max_words", "value": 40}, {"kind": "contains", "value": ["Paris"]}]
    facts = with_task("instructions", "{question}", chat=True, max_tokens=24)
    assert asked(model, facts, {**QUESTION, "checks": checks}).correct is True


def test_a_program_is_run_with_its_tests(model: LlamaModel) -> None:
    item = {
        "id": "1",
        "prompt": "def add(a, b):\n    return",
        "test": "def check(f):\n    assert f(2, 3) == 5\n",
        "entry_point": "add",
    }
    found = asked(model, with_task("code", "{prompt}", max_tokens=24), item)
    assert (found.problem, found.correct) == ("", True)
    assert found.answer["text"].startswith(" a + b")
    wrong = asked(
        model, with_task("code", "{prompt}", max_tokens=24), {**item, "test": "def check(f):\n    assert 0\n"}
    )
    assert (wrong.correct, wrong.answer["reason"]) == (False, "AssertionError")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("assert 1 == 2", "AssertionError"),
        ("import sys\nsys.exit(0)", "ended before its tests did"),
        ("while True: pass", "did not end within 1 s"),
        ("x = bytearray(1 << 31)", "MemoryError"),
        ("import socket\nsocket.socket()", "not allowed"),
        ("import os\nos.system('true')", "not allowed"),
        ("open('/tmp/edgeprof-never-written', 'w')", "not allowed"),
        ("import os\nopen('a', 'w').close()\nos.rename('a', '/tmp/edgeprof-never-written')", "not allowed"),
        ("import os\nos.remove(b'/tmp/edgeprof-never-written')", "not allowed"),
        ("def f(:", "SyntaxError"),
    ],
)
def test_a_program_that_does_not_pass_says_why(source: str, reason: str) -> None:
    verdict = run_program(source, 1.0)
    assert (verdict.passed, verdict.not_run) == (False, False)
    assert reason in verdict.reason


def test_a_program_may_write_into_its_own_folder() -> None:
    assert can_run() == ""
    assert run_program("open('a', 'w').write('é')\nassert open('a').read()", 5.0).passed


def test_perplexity_scores_every_token_once(model: LlamaModel) -> None:
    item = {"id": "1", "text": LONG}
    count = len(model.tokenize(LONG)) - 1
    whole, windowed = (asked(model, with_task("perplexity", window_tokens=size), item) for size in (4096, 32))
    assert whole.details["tokens"] == windowed.details["tokens"] == count
    assert 0 < whole.details["nats"] < windowed.details["nats"]  # less context, less certain
    assert len(LONG) - 8 <= whole.details["bytes"] < len(LONG)


def test_a_model_does_not_diverge_from_itself(model: LlamaModel, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    write_odds(tmp_path / "files/1.npz", source_odds(model, LONG, 32))
    facts = with_task("divergence", window_tokens=32)
    found = asked(model, facts, {"id": "1", "text": LONG, "file": "files/1.npz"}, folder=tmp_path)
    assert found.problem == ""
    assert found.details["kl_nats"] == pytest.approx(0.0, abs=1e-3)
    assert found.details["same_top"] == found.details["positions"] == len(model.tokenize(LONG))
    other = asked(model, facts, {"id": "1", "text": "Another text", "file": "files/1.npz"}, folder=tmp_path)
    assert "tokenizer divides the text otherwise" in other.problem
    (tmp_path / "files/2.npz").write_bytes(b"not numpy's")
    broken = asked(model, facts, {"id": "1", "text": LONG, "file": "files/2.npz"}, folder=tmp_path)
    assert "does not hold a source's odds" in broken.problem


def test_words_that_a_file_leaves_out_make_a_divergence_a_lower_bound() -> None:
    p, q = np.array([[0.5, 0.2, 0.2, 0.1]]), np.array([[0.4, 0.3, 0.1, 0.2]])
    exact = float((p * np.log(p / q)).sum())
    words = np.array([[0, 1, 2, 3]], np.int32)
    odds = np.log(q).astype(np.float32)
    bounds = [
        float(divergences(words[:, :top], np.log(p).astype(np.float32)[:, :top], odds)[0]) for top in (1, 2, 3, 4)
    ]
    assert bounds == sorted(bounds)
    assert bounds[-1] == pytest.approx(exact, abs=1e-6)


def test_an_item_longer_than_the_model_was_trained_for_is_named(tiny: LlamaModel) -> None:
    found = asked(tiny, FACTS, {"id": "1", "question": LONG * 4, "choices": ["a", "b"], "label": 0})
    assert "trained for 512" in found.problem


@pytest.mark.parametrize("window", [4096, 513])
def test_no_window_goes_beyond_what_the_model_was_trained_for(tiny: LlamaModel, window: int) -> None:
    """Its likelihoods would be those of positions that it has never seen, and the perplexity none of the model."""
    found = asked(tiny, with_task("perplexity", window_tokens=window), {"id": "1", "text": LONG * 4})
    assert "was trained for 512" in found.problem
    assert "RuntimeFailure" not in found.problem


def test_an_item_that_is_one_of_its_examples_has_no_answer(model: LlamaModel) -> None:
    item = {"id": "1", "question": "What is the capital of Italy?", "choices": ["Madrid", "Rome"], "label": 1}
    assert [asked(model, FACTS, item, shots).problem for shots in (0, 1)] == ["", ""]
    assert asked(model, FACTS, item, 2).problem.startswith("the item is one of the examples")


def test_a_text_that_the_tokenizer_cannot_encode_is_named(model: LlamaModel) -> None:
    found = asked(model, FACTS, {**QUESTION, "choices": ["a", "\ud800"], "label": 0})
    assert "not valid Unicode" in found.problem


def test_logits_that_are_no_numbers_are_no_answer(tmp_path: Path) -> None:
    broken = opened(tiny_llama(tmp_path / "broken.gguf", nan_in="output_norm.weight"))
    found = asked(broken, FACTS, {"id": "1", "question": "?", "choices": ["a", "b"], "label": 0})
    assert "logits are not finite" in found.problem
    with pytest.raises(RuntimeFailure, match="no token can be chosen"):
        broken.generate([5, 6], 4, [], temperature=0.0, seed=1)
    broken.close()


def test_more_endings_than_a_batch_may_hold_are_scored_in_several(tiny: LlamaModel) -> None:
    tails = [[300 + place, 301] for place in range(70)]
    together = [score.log_likelihood for score in tiny.score_endings([260, 270], tails)]
    assert together[69] == pytest.approx(tiny.score_endings([260, 270], [tails[69]])[0].log_likelihood, abs=0.01)


def test_a_prefix_longer_than_a_batch_is_split(tiny: LlamaModel, monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = [260 + place % 200 for place in range(150)]
    tails = [[300, 310, 320], [400], list(range(500, 540))]
    whole = [score.log_likelihood for score in tiny.score_endings(prefix, tails)]
    monkeypatch.setattr(llamacpp_sequences, "N_BATCH", 64)
    monkeypatch.setattr(llamacpp_sequences, "MAX_ROWS", 16)
    assert [score.log_likelihood for score in tiny.score_endings(prefix, tails)] == pytest.approx(whole, abs=0.01)
    assert tiny.log_probabilities(prefix).shape == (150, 1024)


class Showing:
    """A model without logits, as the server path of llama.cpp is."""

    kind = "text"


class Writing(Showing):
    """One behind an endpoint."""

    def write(self, prompt: str, max_tokens: int, stop: Any, *, temperature: float, seed: int) -> None: ...


@pytest.mark.parametrize(
    ("model", "remedy"), [(Showing(), "--runtime llama-capi"), (Writing(), "exact-match, instructions or code")]
)
def test_a_model_without_logits_is_refused_with_the_remedy(model: object, remedy: str) -> None:
    assert not isinstance(model, AnswersTexts)
    with pytest.raises(RuntimeFailure, match=remedy) as refusal:
        asked(model, FACTS, {**QUESTION, "choices": ["a", "b"], "label": 0})
    assert refusal.value.code == "unsupported_task"


def test_the_shape_of_a_batch_is_stored(model: LlamaModel) -> None:
    question = Question(model, FACTS, Path(), [], 0)
    shape = pipeline_of("multiple-choice")(question).batch_shape
    assert shape.startswith("n_batch 2048, n_ubatch 512, logits of 256 tokens a batch, endings of an item in one batch")
    assert json.dumps(shape)
