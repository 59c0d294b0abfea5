"""Groups that should get one answer, and perturbed runs against their parents."""

import random
from typing import Any

import pytest

from edgeprof.quality.consistency import answer_of, consistency, flip_change
from edgeprof.quality.groups import group_of, member_id
from edgeprof.quality.outcomes import Outcome
from edgeprof.quality.robustness import drop, extra_drop


def member(group: str, place: int, answer: Any, *, correct: bool | None = None, **more: Any) -> Outcome:
    return Outcome(item_id=member_id(group, place), answer=answer, correct=correct, **more)


def test_a_group_flips_where_two_of_its_answers_differ() -> None:
    found = consistency(
        [
            *(member("same", place, 2, correct=False) for place in (1, 2, 3)),
            *(member("right", place, 1, correct=True) for place in (1, 2)),
            *(
                member("loan-name-yes", place, answer, correct=answer == 0)
                for place, answer in ((1, 0), (2, 1), (3, 0))
            ),
        ]
    )
    assert found is not None
    assert (found.groups, found.same, found.all_right, found.left_out) == (3, 2, 1, 0)
    (flip,) = found.flips
    assert (flip.group, flip.answers, flip.is_right_somewhere) == ("loan-name-yes", (("0", 2), ("1", 1)), True)


def test_likelihoods_move_and_the_choice_is_what_counts() -> None:
    same = [
        member("g", 1, [-1.0, -2.0], details={"choice": 0.0}),
        member("g", 2, [-4.5, -4.6], details={"choice": 0.0}),
    ]
    found = consistency(same)
    assert found is not None
    assert not found.flips


@pytest.mark.parametrize(
    ("outcome", "answer"),
    [
        (Outcome(item_id="1", answer=[7, 2, 1]), 7),
        (Outcome(item_id="1", answer=[[0.0, 1.0]]), [[0.0, 1.0]]),
        (Outcome(item_id="1", answer=" Yes, it is.\nAnd"), "yes, it is."),
        (Outcome(item_id="1", answer=[-2.0, -1.0], details={"choice": 1.0}), 1),
    ],
)
def test_an_answer_is_what_a_user_sees(outcome: Outcome, answer: Any) -> None:
    assert answer_of(outcome) == answer


def test_an_item_without_an_answer_is_no_flip() -> None:
    found = consistency([member("g", 1, 0), member("g", 2, None, problem="the runtime crashed (SIGSEGV)")])
    assert found is not None
    assert (found.groups, found.left_out, found.share, found.interval) == (0, 1, None, None)


def test_outcomes_without_groups_have_no_consistency() -> None:
    assert consistency([Outcome(item_id="q1", answer=1), Outcome(item_id="q~x", answer=1)]) is None


def test_flips_of_a_variant_are_named_next_to_those_of_its_source() -> None:
    def run(*flipping: str) -> Any:
        outcomes = [member(name, place, place if name in flipping else 0) for name in "abc" for place in (1, 2)]
        return consistency(outcomes)

    change = flip_change(run("a", "b"), run("b", "c"))
    assert (change.both, change.gained, change.lost) == (1, ("c",), ("a",))


def test_ids_of_members_come_apart_again() -> None:
    assert group_of(member_id("loan-gender-yes", 3)) == "loan-gender-yes"
    assert group_of(member_id("a~1", 2)) == "a~1"


def run_of(shares: float, n: int, seed: int) -> list[Outcome]:
    stream = random.Random(seed)
    right = [stream.random() < shares for _ in range(n)]
    return [
        Outcome(item_id=str(place), correct=each, score=float(each), answer=[0]) for place, each in enumerate(right)
    ]


def test_a_drop_is_paired_and_names_the_items() -> None:
    parent = [Outcome(item_id=str(place), correct=True, score=1.0) for place in range(100)]
    perturbed = [Outcome(item_id=str(place), correct=place >= 20, score=float(place >= 20)) for place in range(100)]
    perturbed[50] = Outcome(item_id="50", problem="the image does not decode")
    found = drop("image-classification", parent, perturbed)
    assert found is not None
    assert (found.n, found.a, len(found.lost), found.gained) == (99, 100.0, 20, ())
    assert found.difference == pytest.approx(-100 * 20 / 99)
    low, high = found.interval(0.95)
    assert low < found.difference < high < 0


def test_a_drop_without_common_items_is_none() -> None:
    assert drop("image-classification", run_of(1, 3, 1), []) is None


def test_equal_models_are_seldom_shown_to_lose_differently() -> None:
    shown = 0
    for seed in range(40):
        source = run_of(0.9, 80, 4 * seed), run_of(0.7, 80, 4 * seed + 1)
        variant = run_of(0.9, 80, 4 * seed + 2), run_of(0.7, 80, 4 * seed + 3)
        found = extra_drop(source, variant)
        assert found is not None
        shown += found.is_shown
    assert shown <= 4


def test_a_variant_that_loses_more_under_noise_is_shown() -> None:
    source = run_of(0.95, 400, 1), run_of(0.90, 400, 2)
    variant = run_of(0.95, 400, 3), run_of(0.60, 400, 4)
    found = extra_drop(source, variant)
    assert found is not None
    assert found.is_shown
    assert found.difference == pytest.approx(found.variant - found.source)
    assert found.ci_low < -0.30 + 0.12 < found.ci_high + 0.12
