"""Notes on answers that make a figure doubtful."""

import pytest

from edgeprof.quality.evaluation_set import SetFacts
from edgeprof.quality.outcomes import Outcome
from edgeprof.quality.tasks.base import BadItem
from edgeprof.quality.tasks.table import TASKS
from edgeprof_agent.evaluating.answer_notes import answer_notes

FACTS = SetFacts(name="s", task="image-classification", domain="vision", classes=("cat", "dog"))
ITEMS = {str(number): {"id": str(number), "label": number % 2} for number in range(12)}


def _outcomes(answer: list[int], margin: float) -> list[Outcome]:
    return [Outcome(item_id=name, correct=True, answer=answer, details={"margin": margin}) for name in ITEMS]


def test_a_model_that_answers_all_items_alike_is_named() -> None:
    (note,) = answer_notes(ITEMS, FACTS, _outcomes([1, 0], 0.5))
    assert note.startswith("every answer is class 'dog': check the set's preparation")
    assert list(answer_notes(ITEMS, FACTS, _outcomes([1, 0], 0.5)[:9])) == []


def test_one_class_of_items_may_have_one_answer() -> None:
    dogs = {name: {**item, "label": 1} for name, item in ITEMS.items()}
    assert list(answer_notes(dogs, FACTS, _outcomes([1, 0], 0.5))) == []


def test_ties_are_counted() -> None:
    outcomes = [*_outcomes([1, 0], 0.0)[:1], *_outcomes([0, 1], 0.2)[1:]]
    assert list(answer_notes(ITEMS, FACTS, outcomes)) == [
        "1 of 12 answers is a tie: the first of equal scores was taken"
    ]
    alike = list(answer_notes(ITEMS, FACTS, _outcomes([0, 1], 0.0)))
    assert alike[1] == "12 of 12 answers are ties: the first of equal scores was taken"


@pytest.mark.parametrize("value", [float("nan"), float("-inf")])
def test_a_likelihood_that_is_not_finite_is_no_answer(value: float) -> None:
    facts = SetFacts(name="s", task="multiple-choice", domain="language", template="{q}")
    with pytest.raises(BadItem, match="finite"):
        TASKS["multiple-choice"].judge({"id": "1", "q": "?", "choices": ["a", "b"], "label": 0}, facts, [value, -1.0])
