"""A set's id is that of its contents, and outcomes come back as they were written."""

from dataclasses import replace

import pytest

from edgeprof.quality.evaluation_set import EvaluationSet, SetFacts
from edgeprof.quality.outcomes import Outcome, decode_outcomes, encode_outcomes

FACTS = SetFacts(name="digits", task="image-classification", domain="vision", classes=("a", "b"))
ITEMS = ({"id": "1", "row": 0, "label": 1}, {"id": "2", "row": 1, "label": 0})


def test_the_same_set_under_two_names_has_one_id() -> None:
    other = replace(FACTS, name="other", licence="MIT", source="elsewhere")
    assert EvaluationSet(facts=FACTS, items=ITEMS).set_id == EvaluationSet(facts=other, items=ITEMS).set_id


@pytest.mark.parametrize(
    "facts",
    [
        replace(FACTS, template="{question}"),
        replace(FACTS, classes=("b", "a")),
        replace(FACTS, preparation={"size": [28, 28]}),
        replace(FACTS, language="en"),
        replace(FACTS, perturbation="noise(sigma=0.1)"),
    ],
)
def test_whatever_changes_an_answer_changes_the_id(facts: SetFacts) -> None:
    assert EvaluationSet(facts=facts, items=ITEMS).set_id != EvaluationSet(facts=FACTS, items=ITEMS).set_id


def test_an_item_and_its_order_change_the_id() -> None:
    whole = EvaluationSet(facts=FACTS, items=ITEMS).set_id
    assert EvaluationSet(facts=FACTS, items=ITEMS[::-1]).set_id != whole
    assert EvaluationSet(facts=FACTS, items=ITEMS[:1]).set_id != whole


def test_outcomes_come_back_as_they_were() -> None:
    outcomes = [
        Outcome(item_id="1", correct=False, score=0.0, answer=0, model_ns=5, pipeline_ns=9, parts_ns={"model": 5}),
        Outcome(item_id="2", problem="the runtime crashed (SIGSEGV)"),
        Outcome(item_id="3", correct=True, score=1.0, answer=[[0, 1]], details={"margin": 0.0}),
        Outcome(item_id="4", answer="", score=0.0, correct=False),
    ]
    assert list(decode_outcomes(encode_outcomes(outcomes))) == outcomes


def test_a_line_that_is_no_outcome_is_named() -> None:
    with pytest.raises(ValueError, match="line 2"):
        list(decode_outcomes(b'{"item_id":"1"}\n[]\n'))
