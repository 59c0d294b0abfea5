"""Language tasks judge answers as the field's harness does, and refuse items and sets that they cannot use."""

import json
import math
from dataclasses import replace
from typing import Any

import pytest

from edgeprof.quality.evaluation_set import Item, SetFacts
from edgeprof.quality.mean_figures import ends, ratio_with_error
from edgeprof.quality.outcomes import Outcome
from edgeprof.quality.prompts import examples_before, prompt_of
from edgeprof.quality.tasks.base import BadItem, Judged
from edgeprof.quality.tasks.code import program_of_answer
from edgeprof.quality.tasks.table import TASKS

FACTS = SetFacts(name="s", task="multiple-choice", domain="language", language="en", template="{question}")
CHOICE: dict[str, Any] = {"id": "1", "question": "Q?", "choices": ["no", "certainly not", "yes"], "label": 1}
GSM8K = replace(
    FACTS,
    task="exact-match",
    preparation={
        "extract": [
            {"name": "strict", "pattern": r"#### (\-?[0-9\.\,]+)"},
            {"name": "flexible", "pattern": r"(-?[$0-9.,]{2,})|(-?[0-9]+)", "take": "last"},
        ],
        "ignore": [",", r"\$", r"(?s).*#### ", r"\.$"],
        "normalize": ["case"],
    },
)


def judged(task: str, item: Item, answer: Any, facts: SetFacts = FACTS) -> Judged:
    TASKS[task].check(item, facts)
    return TASKS[task].judge(item, facts, answer)


def outcome(found: Judged, item_id: str = "1") -> Outcome:
    return Outcome(item_id=item_id, correct=found.correct, score=found.score, details=found.details)


def test_a_choice_is_taken_by_its_likelihood_and_by_that_over_its_characters() -> None:
    found = judged("multiple-choice", CHOICE, [-4.0, -6.5, -9.0])
    assert (found.correct, found.details["choice"], found.details["choice_norm"], found.details["norm"]) == (
        False,
        0.0,
        1.0,  # -6.5 / 13 lies above -4 / 2
        1.0,
    )
    assert found.details["margin"] == 2.5
    assert found.details["within_noise"] == 0.0
    assert judged("multiple-choice", CHOICE, [-4.0, -3.5, -9.0]).details["within_noise"] == 1.0


def test_characters_are_counted_not_bytes() -> None:
    item = {**CHOICE, "choices": ["äöüä", "abcde"], "label": 1}
    assert judged("multiple-choice", item, [-4.0, -4.5]).details["norm"] == 1.0  # by bytes the first would win


def test_accuracies_come_with_their_intervals() -> None:
    outcomes = [outcome(judged("multiple-choice", CHOICE, [-4.0, -6.5, -9.0]), str(place)) for place in range(10)]
    accuracy, normed = TASKS["multiple-choice"].figures({}, FACTS, [*outcomes, Outcome(item_id="x", problem="died")])
    assert (accuracy.metric, accuracy.value, accuracy.n) == ("accuracy_percent", 0.0, 10)
    assert (normed.metric, normed.value) == ("accuracy_norm_percent", 100.0)
    assert accuracy.ci_high == pytest.approx(27.75, abs=0.01)


@pytest.mark.parametrize("task", ["multiple-choice", "exact-match", "instructions", "code", "perplexity", "divergence"])
def test_no_answers_have_no_figures(task: str) -> None:
    assert TASKS[task].figures({}, FACTS, [Outcome(item_id="1", problem="the model's logits are not finite")]) == ()


@pytest.mark.parametrize(
    ("answer", "strict", "flexible"),
    [
        ("First 5 * 2 = 10.\n#### 1,018", True, True),
        ("It is $1018.", False, True),
        ("The answer is 1018 of 2000", False, False),
        ("", False, False),
        ("#### 1018\n#### 7", True, False),  # strict takes the first, flexible the last
        ("####1018", False, True),
    ],
)
def test_a_number_is_found_strictly_and_flexibly(answer: str, strict: bool, flexible: bool) -> None:
    found = judged("exact-match", {"id": "1", "question": "?", "target": "1018"}, answer, GSM8K)
    assert (found.correct, found.details) == (strict, {"strict": float(strict), "flexible": float(flexible)})


def test_both_ways_of_matching_are_figures() -> None:
    item = {"id": "1", "question": "?", "target": "7"}
    outcomes = [outcome(judged("exact-match", item, text, GSM8K)) for text in ("#### 7", "It is 7", "It is 8")]
    found = {each.metric: each.value for each in TASKS["exact-match"].figures({}, GSM8K, outcomes)}
    assert found == pytest.approx({"exact_match_percent": 100 / 3, "exact_match_flexible_percent": 200 / 3})


@pytest.mark.parametrize(
    ("normalize", "target", "answer"),
    [
        (["case", "spaces"], "New York", " new  york\n"),
        (["punctuation", "case"], "it's", "Its!"),
        (["articles", "spaces"], "cat", "the cat"),
        (["numbers"], "1,200", "$1200.00"),
        (["numbers"], "0.5", ".5"),
    ],
)
def test_texts_are_compared_once_they_are_normalized(normalize: list[str], target: str, answer: str) -> None:
    item = {"id": "1", "question": "?", "target": target}
    assert judged("exact-match", item, answer, replace(FACTS, preparation={"normalize": normalize})).correct
    assert not judged("exact-match", item, answer, replace(FACTS, preparation={"normalize": []})).correct


@pytest.mark.parametrize(
    ("kind", "value", "passes", "fails"),
    [
        ("min_words", 2, "two words", "one"),
        ("max_words", 2, "two words", "now three words"),
        ("min_sentences", 2, "One. Two!", "One."),
        ("max_sentences", 1, "One.", "One. Two?"),
        ("max_characters", 3, " abc ", "abcd"),
        ("paragraphs", 2, "a\n\nb", "a\nb"),
        ("list_items", 2, "- a\n* b\ntext", "1. a"),
        ("contains", ["sea"], "The SEA.", "The lake."),
        ("contains_none", ["sea", "lake"], "A river", "Sea"),
        ("starts_with", "Dear", " Dear Ann", "Hi"),
        ("ends_with", "Bye.", "So, Bye.\n", "Bye. Ann"),
        ("is_one_of", ["yes", "no"], "yes\n", "yes, but"),
        ("upper_case", None, "ALL 3", "All"),
        ("lower_case", None, "all", "All"),
        ("no_comma", None, "a; b", "a, b"),
        ("json", None, '```json\n{"a": [1]}\n```', "{a: 1}"),
        ("json_keys", ["a"], '{"a": 1, "b": 2}', '["a"]'),
    ],
)
def test_each_kind_of_check(kind: str, value: Any, passes: str, fails: str) -> None:
    item = {"id": "1", "question": "?", "checks": [{"kind": kind} if value is None else {"kind": kind, "value": value}]}
    assert judged("instructions", item, passes).correct is True
    assert judged("instructions", item, fails).correct is False
    assert judged("instructions", item, "  ").correct is False


def test_an_answer_must_follow_all_instructions_and_scores_by_share() -> None:
    checks = [{"kind": "no_comma"}, {"kind": "max_words", "value": 1}]
    found = judged("instructions", {"id": "1", "question": "?", "checks": checks}, "two words")
    assert (found.correct, found.score) == (False, 0.5)


def test_perplexity_and_bits_per_byte_of_a_known_likelihood() -> None:
    outcomes = [
        outcome(judged("perplexity", {"id": "1", "text": "t"}, {"nats": nats, "tokens": tokens, "bytes": 4 * tokens}))
        for nats, tokens in ((20.0, 10), (44.0, 20))
    ]
    perplexity, bits = TASKS["perplexity"].figures({}, FACTS, outcomes)
    assert perplexity.value == pytest.approx(math.exp(64 / 30))
    assert bits.value == pytest.approx(64 / 120 / math.log(2))
    assert (perplexity.ci_low or 0) < perplexity.value < (perplexity.ci_high or 0)
    assert TASKS["perplexity"].figures({}, FACTS, outcomes[:1])[0].ci_low is None


def test_a_likelihood_whose_exponential_is_no_number_is_no_perplexity() -> None:
    item = {"id": "1", "text": "t"}
    with pytest.raises(BadItem, match="too small for a perplexity"):
        judged("perplexity", item, {"nats": 7100.0, "tokens": 10, "bytes": 40})
    answers = [{"nats": nats, "tokens": 1, "bytes": 4} for nats in (699.0, 1.0, 1.0)]
    outcomes = [outcome(judged("perplexity", item, answer), str(place)) for place, answer in enumerate(answers)]
    far = [outcome(judged("perplexity", item, {**answers[0], "nats": nats}), "x") for nats in (699.0, 650.0)]
    assert TASKS["perplexity"].figures({}, FACTS, outcomes)[0].ci_high is not None
    assert TASKS["perplexity"].figures({}, FACTS, far)[0].ci_high is None


PROMPT = 'import math\n\n\ndef area(r):\n    """Of a circle."""\n'
TESTED = {"id": "1", "prompt": PROMPT, "test": "def check(f): assert f(1) == 3", "entry_point": "area"}
WHOLE = "def area(r):\n    return int(math.pi * r)\n"


@pytest.mark.parametrize(
    "text",
    [
        f"Here it is:\n```python\n{WHOLE}```\nIt is short.",
        f"```python\nimport math\n\n{WHOLE}```",
        f"  ```\n{WHOLE}",
        WHOLE,
        "```python\n    return int(math.pi * r)\n```",
        "    return int(math.pi * r)",
    ],
)
def test_a_chat_models_answer_may_hold_the_whole_function(text: str) -> None:
    exec(compile(program_of_answer(TESTED, text), "program", "exec"), {})


def test_divergence_is_a_mean_over_positions_and_never_below_nothing() -> None:
    item = {"id": "1", "text": "t", "file": "files/1.npz"}
    answers = [
        {"kl_nats": [0.2, 0.1], "positions": 10, "same_top": 9},
        {"kl_nats": [0.01, 0.005], "positions": 30, "same_top": 30},
    ]
    kl, same = TASKS["divergence"].figures({}, FACTS, [outcome(judged("divergence", item, each)) for each in answers])
    assert kl.value == pytest.approx(0.21 / 40)
    assert same.value == pytest.approx(100 * 39 / 40)
    assert (kl.ci_low, same.ci_high) == (0.0, 100.0)


def test_the_error_of_a_ratio_is_that_of_its_items() -> None:
    mean, error = ratio_with_error([10.0] * 8, [5.0] * 8)
    assert ends(mean, error) == (2.0, 2.0)


def test_examples_stand_before_a_prompt_as_the_harness_puts_them() -> None:
    facts = replace(
        FACTS,
        template="Q: {question}\nA:",
        preparation={"examples": [{"question": "1?", "answer": "one"}, {**CHOICE, "question": "2?"}]},
    )
    assert examples_before(facts, 2) == "Q: 1?\nA: one\n\nQ: 2?\nA: certainly not\n\n"
    assert examples_before(facts, 0) == ""
    with pytest.raises(BadItem, match="2 examples, 3 are needed"):
        examples_before(facts, 3)


@pytest.mark.parametrize("template", ["{missing}", "{question.__class__.nothing}", "{", "{question[x]}"])
def test_a_template_that_does_not_fit_is_named(template: str) -> None:
    with pytest.raises(BadItem):
        prompt_of(CHOICE, replace(FACTS, template=template))


@pytest.mark.parametrize(
    ("task", "item", "problem"),
    [
        ("multiple-choice", {**CHOICE, "label": 3}, "label 3 is not an index into the item's 3 choices"),
        ("multiple-choice", {**CHOICE, "label": True}, "label True"),
        ("multiple-choice", {**CHOICE, "choices": ["one"]}, "two texts or more"),
        ("multiple-choice", {**CHOICE, "choices": ["a", " "]}, "choice 1 is not a text"),
        ("multiple-choice", {**CHOICE, "choices": ["a", "b", "a"]}, "choices 0 and 2 are the same"),
        ("multiple-choice", {key: CHOICE[key] for key in ("id", "choices", "label")}, "no field 'question'"),
        ("exact-match", {"id": "1", "question": "?"}, "no 'target'"),
        ("exact-match", {"id": "1", "question": "?", "target": "a", "max_tokens": 0}, "max_tokens 0"),
        ("instructions", {"id": "1", "question": "?"}, "no 'checks'"),
        ("instructions", {"id": "1", "question": "?", "checks": [{"kind": "rhymes"}]}, "no known 'kind'"),
        ("instructions", {"id": "1", "question": "?", "checks": ["json"]}, "no known 'kind'"),
        (
            "instructions",
            {"id": "1", "question": "?", "checks": [{"kind": "contains", "value": "a"}]},
            "takes a list of texts",
        ),
        ("code", {"id": "1", "prompt": "def f():\n", "test": "def check(f):\n", "entry_point": "f"}, "not Python"),
        (
            "code",
            {"id": "1", "prompt": "def f():\n", "test": "def check(f): pass", "entry_point": "f()"},
            "not the name",
        ),
        ("code", {"id": "1", "prompt": "def f():\n", "entry_point": "f"}, "no 'test'"),
        ("perplexity", {"id": "1", "text": " "}, "no 'text'"),
        ("divergence", {"id": "1", "text": "t"}, "edgeprof divergence"),
    ],
)
def test_an_item_that_cannot_be_used_is_refused(task: str, item: dict[str, Any], problem: str) -> None:
    with pytest.raises(BadItem, match=problem.replace("(", r"\(").replace(")", r"\)")):
        TASKS[task].check(item, FACTS)


@pytest.mark.parametrize(
    ("preparation", "problem"),
    [
        ({"extract": [{"name": "strict", "pattern": "("}]}, "way to extract"),
        ({"extract": [{"pattern": "a"}]}, "way to extract"),
        ({"normalize": ["accents"]}, "normalize names accents"),
        ({"ignore": ["["]}, "way to extract"),
    ],
)
def test_a_preparation_that_does_not_work_is_refused(preparation: dict[str, Any], problem: str) -> None:
    with pytest.raises(BadItem, match=problem):
        TASKS["exact-match"].check({"id": "1", "question": "?", "target": "a"}, replace(FACTS, preparation=preparation))


def test_an_answer_of_another_length_is_refused() -> None:
    with pytest.raises(BadItem, match="2 log-likelihoods for 3 choices"):
        TASKS["multiple-choice"].judge(CHOICE, FACTS, [-1.0, -2.0])


def test_details_are_plain_numbers() -> None:
    found = judged("multiple-choice", CHOICE, [-4.0, -6.5, -9.0])
    assert json.loads(json.dumps(found.details)) == found.details
