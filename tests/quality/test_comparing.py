"""Two evaluations of one set get a paired verdict; what cannot be paired is refused or named."""

from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest

from edgeprof.quality.comparing import compare_evaluations, compare_with_source, rounded_up
from edgeprof.quality.groups import member_id
from edgeprof.quality.outcomes import Outcome
from edgeprof.quality.pairing import obstacle
from edgeprof.quality.tasks.base import QualityTask
from edgeprof.quality.tasks.table import TASKS
from tests.quality.evaluations import answers, flipped, record, scored


def test_a_clear_loss_is_worse_and_names_its_items() -> None:
    a, b = flipped(500, right=481, lost=31, gained=2)
    found = compare_evaluations(record(answers(a), "A"), record(answers(b)))
    assert found.verdict == "worse"
    assert found.sentence == "B is worse than A by 5.8 points, on 500 items."
    assert found.lost == tuple(f"{number:04d}" for number in range(31))
    assert found.gained == ("0498", "0499")
    assert (found.a, found.b) == (pytest.approx(96.2), pytest.approx(90.4))
    assert found.ci_high is not None
    assert found.ci_high < 0


def test_the_other_way_round_it_is_better() -> None:
    a, b = flipped(500, right=481, lost=31, gained=2)
    found = compare_evaluations(record(answers(b), "A"), record(answers(a)))
    assert found.verdict == "better"
    assert found.difference == pytest.approx(5.8)


@pytest.mark.parametrize(("lost", "verdict"), [(2, "cannot_tell"), (15, "worse")])
def test_repeats_of_an_item_are_no_further_evidence(lost: int, verdict: str) -> None:
    """Three repeats flip together: two items of a hundred show nothing, asked once or three times."""
    a, b = flipped(100, right=90, lost=lost, gained=0)
    once = compare_evaluations(record(answers(a), "A"), record(answers(b)))
    sides = [
        [replace(one, item_id=member_id(one.item_id, place)) for one in answers(side) for place in (1, 2, 3)]
        for side in (a, b)
    ]
    found = compare_evaluations(record(sides[0], "A"), record(sides[1]))
    assert (once.verdict, found.verdict) == (verdict, verdict)
    assert (found.n, found.differing, found.difference) == (300, 3 * lost, pytest.approx(once.difference))
    assert found.ci_low is not None
    assert once.ci_low == pytest.approx(found.ci_low, abs=5)


def test_repeats_of_scores_are_no_further_evidence() -> None:
    scores = [0.4 + 0.01 * (number % 30) for number in range(12)]
    other = [score - 0.02 * (number % 5) + 0.03 * (number % 3 == 0) for number, score in enumerate(scores)]
    sides = [
        [replace(one, item_id=member_id(one.item_id, place)) for one in scored(side) for place in (1, 2, 3)]
        for side in (scores, other)
    ]
    once = compare_evaluations(record(scored(scores), "A", task="retrieval"), record(scored(other), task="retrieval"))
    found = compare_evaluations(record(sides[0], "A", task="retrieval"), record(sides[1], task="retrieval"))
    assert (found.n, found.p) == (36, once.p)
    assert (found.ci_low, found.ci_high) == (pytest.approx(once.ci_low), pytest.approx(once.ci_high))


def test_a_hundred_items_without_a_flip_cannot_tell_and_say_what_they_could_show() -> None:
    a, b = flipped(100, right=38, lost=0, gained=0)
    found = compare_evaluations(record(answers(a), "A"), record(answers(b)))
    assert found.verdict == "cannot_tell"
    assert found.sentence == "Cannot tell A and B apart: n = 100 shows 6.7 points or more."


def test_hellaswag_of_a_hundred_cannot_tell_q4_from_q2() -> None:
    """.33 against .32 with 12 flips, which is what 100 items of two quantizations give."""
    a, b = flipped(100, right=33, lost=6, gained=5)
    found = compare_evaluations(record(answers(a), "A"), record(answers(b)))
    assert found.verdict == "cannot_tell"
    assert "n = 100 shows 8." in found.sentence


@pytest.mark.parametrize(
    ("n", "lost", "margin", "verdict"),
    [
        (2_000, 4, 1.0, "no_worse"),
        (2_000, 4, 0.1, "cannot_tell"),
        (2_000, 80, 1.0, "worse"),
        (100, 0, 1.0, "cannot_tell"),
    ],
)
def test_a_margin_asks_whether_the_loss_is_acceptable(n: int, lost: int, margin: float, verdict: str) -> None:
    a, b = flipped(n, right=n * 9 // 10, lost=lost, gained=lost // 2)
    found = compare_evaluations(record(answers(a), "A"), record(answers(b)), margin=margin)
    assert found.verdict == verdict
    if verdict == "no_worse":
        assert found.sentence == "B is at most 1 point worse than A, on 2,000 items."


def test_a_small_loss_within_the_margin_is_no_worse() -> None:
    a, b = flipped(5_000, right=4_500, lost=20, gained=2)
    assert compare_evaluations(record(answers(a), "A"), record(answers(b))).verdict == "worse"
    assert compare_evaluations(record(answers(a), "A"), record(answers(b)), margin=1.0).verdict == "no_worse"


def test_items_without_an_answer_are_left_out_and_named() -> None:
    a: list[bool | None] = [True] * 30
    b: list[bool | None] = [True] * 28
    a[3] = b[5] = None
    found = compare_evaluations(record(answers(a), "A"), record(answers(b)))
    assert found.n == 26
    assert found.unanswered_a == ("0003",)
    assert found.unanswered_b == ("0005",)
    assert found.only_a == ("0028", "0029")
    assert found.only_b == ()


def test_the_order_of_items_changes_nothing() -> None:
    a, b = flipped(60, right=40, lost=9, gained=1)
    straight = compare_evaluations(record(answers(a), "A"), record(answers(b)))
    turned = compare_evaluations(record(answers(a), "A"), record(answers(b)[::-1]))
    assert turned == straight


def test_what_cannot_be_paired_is_refused_with_a_reason() -> None:
    right = answers([True, False])
    a = record(right, "A")
    refused = {
        "set": replace(a, evaluation=replace(a.evaluation, set_id="cd" * 32, set_name="mnist")),
        "task": record(right, task="object-detection"),
        "batches": record(right, batch_shape="4 sequences"),
        "examples": record(right, shots=5),
        "twice": record((*right, right[0])),
        "in common": record([Outcome(item_id="other", correct=True)]),
    }
    for word, b in refused.items():
        reason = obstacle(a, b)
        assert reason is not None, word
        assert word in reason or word == "task", reason
        found = compare_evaluations(a, b)
        assert found.verdict == "not_comparable"
        assert found.sentence == reason
        assert found.difference is None


def test_a_perturbed_set_and_other_shots_are_compared_on_purpose() -> None:
    a, b = flipped(200, right=180, lost=25, gained=0)
    perturbed = record(answers(b), set_id="cd" * 32, shots=5)
    assert compare_evaluations(record(answers(a), "A"), perturbed, varies=("set", "shots")).verdict == "worse"
    assert obstacle(record(answers(a), "A"), perturbed, varies=("set",)) is not None


def test_divergence_ranks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TASKS, "divergence", cast(QualityTask, SimpleNamespace(lead="kl_divergence_nats")))
    one, other = scored([0.01] * 50), scored([0.5] * 50)
    found = compare_evaluations(record(one, "A", task="divergence"), record(other, task="divergence"))
    assert found.verdict == "not_comparable"
    assert "alarm" in found.sentence


def test_scores_are_compared_in_the_unit_of_their_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    ranking = SimpleNamespace(lead="ndcg_at_10_percent", is_paired_by="score")
    monkeypatch.setitem(TASKS, "retrieval", cast(QualityTask, ranking))
    a = [0.5 + 0.01 * (number % 40) for number in range(400)]
    b = [score - (0.2 if number % 4 == 0 else 0.0) for number, score in enumerate(a)]
    found = compare_evaluations(record(scored(a), "A", task="retrieval"), record(scored(b), task="retrieval"))
    assert found.verdict == "worse"
    assert found.sentence == "B is worse than A by 5 points, on 400 items."
    assert found.differing == 100
    assert (found.gained, found.lost) == ((), ()), "a score has no right and wrong"


def test_a_rate_of_errors_is_better_when_lower_and_pools_its_units(monkeypatch: pytest.MonkeyPatch) -> None:
    """One edit more on every 5th text of 50 characters: 0.4 points of character error rate."""
    reading = SimpleNamespace(lead="character_error_rate_percent", is_paired_by="score")
    monkeypatch.setitem(TASKS, "ocr", cast(QualityTask, reading))
    lengths = [50.0] * 500
    a, b = [1.0] * 500, [2.0 if number % 5 == 0 else 1.0 for number in range(500)]
    one, other = (record(scored(each, characters=lengths), name, task="ocr") for each, name in ((a, "A"), (b, "B")))
    found = compare_evaluations(one, other)
    assert found.verdict == "worse"
    assert found.a == pytest.approx(2.0)
    assert found.difference == pytest.approx(0.4)
    assert compare_evaluations(other, one).verdict == "better"
    assert compare_evaluations(one, other, margin=1.0).verdict == "no_worse"


def test_equal_scores_are_no_worse_only_with_enough_items(monkeypatch: pytest.MonkeyPatch) -> None:
    ranking = SimpleNamespace(lead="ndcg_at_10_percent", is_paired_by="score")
    monkeypatch.setitem(TASKS, "retrieval", cast(QualityTask, ranking))
    for n, verdict in ((1, "cannot_tell"), (50, "cannot_tell"), (1_000, "no_worse")):
        one = record(scored([0.8] * n), "A", task="retrieval")
        assert compare_evaluations(one, replace(one, name="B"), margin=1.0).verdict == verdict


def test_a_task_that_this_version_does_not_know_is_named() -> None:
    found = compare_evaluations(record(answers([True]), "A", task="smell"), record(answers([True]), task="smell"))
    assert found.verdict == "not_comparable"
    assert "'smell'" in found.sentence


def test_many_variants_share_one_error_rate() -> None:
    """A loss that shows alone does not among ten: Holm multiplies its p."""
    a, b = flipped(300, right=270, lost=14, gained=4)
    source, variant = record(answers(a), "A"), record(answers(b))
    alone = compare_with_source(source, [variant])[0]
    assert alone.verdict == "worse"
    assert alone.p_adjusted is None
    among = compare_with_source(source, [variant] + [record(answers(a), f"B{number}") for number in range(9)])
    assert among[0].verdict == "cannot_tell"
    assert among[0].p == alone.p
    assert among[0].p_adjusted == pytest.approx(10 * (alone.p or 0))
    assert {one.verdict for one in among[1:]} == {"cannot_tell"}


def test_one_variant_that_cannot_be_paired_spoils_no_other() -> None:
    a, b = flipped(500, right=481, lost=31, gained=2)
    found = compare_with_source(record(answers(a), "A"), [record(answers(a), shots=1), record(answers(b))])
    assert [one.verdict for one in found] == ["not_comparable", "worse"]


@pytest.mark.parametrize(
    ("value", "text"), [(6.63, "6.7"), (0.0, "0"), (12.01, "13"), (130.2, "140"), (0.0301, "0.031")]
)
def test_a_smallest_difference_is_rounded_up(value: float, text: str) -> None:
    assert rounded_up(value) == text


def test_the_verdict_says_that_one_side_left_items_without_an_answer() -> None:
    """The items that B fails on take no part, so it looks as good as A."""
    a, b = record(answers([True] * 100), "A"), record(answers([True] * 60 + [None] * 40))
    found = compare_evaluations(a, b, margin=7.0)
    assert found.sentence.endswith("B left 40 items without an answer.")
    both = record(answers([None] + [True] * 99), "A"), record(answers([None] + [True] * 99))
    assert "without an answer" not in compare_evaluations(*both).sentence
