"""Effective context on simulated truth: the interval holds the true length, and prompts that do not fit end it."""

import random
from collections.abc import Iterable
from dataclasses import replace

import pytest

from edgeprof.quality.effective_context import (
    THRESHOLD,
    EffectiveContext,
    context_text,
    effective_context,
    shares_by_length,
    shares_by_place,
)
from edgeprof.quality.outcomes import Outcome
from edgeprof.quality.places import Place, place_id, place_of

LENGTHS = (256, 512, 1024, 2048, 4096)
DEPTHS = (0, 25, 50, 75, 100)


def simulated(shares: Iterable[float], each: int, seed: int) -> list[Outcome]:
    """Outcomes at every length and depth, right with the length's share."""
    stream = random.Random(seed)
    return [
        Outcome(item_id=place_id(Place(tokens, depth), number), correct=stream.random() < share)
        for tokens, share in zip(LENGTHS, shares, strict=True)
        for depth in DEPTHS
        for number in range(1, each + 1)
    ]


def found_of(outcomes: list[Outcome], nominal: int | None = None) -> EffectiveContext:
    found = effective_context(outcomes, nominal)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("shares", "true"),
    [
        ((0.99, 0.99, 0.95, 0.60, 0.30), 1024),
        ((0.99, 0.90, 0.80, 0.70, 0.60), 512),
        ((0.84, 0.80, 0.70, 0.60, 0.50), None),
        ((0.90, 0.90, 0.90, 0.86, 0.86), 4096),
    ],
)
@pytest.mark.parametrize("each", [5, 20])
def test_the_interval_holds_the_true_length_in_95_of_100(
    shares: tuple[float, ...], true: int | None, each: int
) -> None:
    runs = 300
    inside = 0
    for seed in range(runs):
        found = found_of(simulated(shares, each, seed))
        inside += (found.low_tokens or 0) <= (true or 0) <= (found.high_tokens or 0)
    assert inside >= 0.95 * runs


def test_more_items_make_the_interval_narrower() -> None:
    shares = (0.98, 0.95, 0.92, 0.60, 0.30)
    widths: list[int] = []
    for each in (5, 100):
        found = found_of(simulated(shares, each, 1))
        widths.append((found.high_tokens or 0) - (found.low_tokens or 0))
    assert widths[1] == 0 < widths[0]


def test_twenty_right_answers_do_not_show_85_percent_and_22_do() -> None:
    assert found_of([Outcome(item_id=f"256t-050d-{n}", correct=True) for n in range(20)]).low_tokens is None
    assert found_of([Outcome(item_id=f"256t-050d-{n}", correct=True) for n in range(22)]).low_tokens == 256


def test_a_length_counts_only_if_every_shorter_one_does() -> None:
    found = found_of(simulated((1.0, 0.0, 1.0, 1.0, 1.0), 10, 1))
    assert (found.tokens, found.low_tokens, found.high_tokens) == (256, 256, 4096)


def test_a_length_without_an_answer_ends_it() -> None:
    """As where the prompt is longer than the model's context."""
    outcomes = simulated((1.0, 1.0, 1.0, 1.0, 1.0), 10, 1)
    outcomes = [
        Outcome(item_id=each.item_id, problem="needs a context of 2,060 tokens")
        if (place := place_of(each.item_id)) and place.tokens >= 2048
        else each
        for each in outcomes
    ]
    found = found_of(outcomes, nominal=2048)
    assert (found.tokens, found.low_tokens, found.high_tokens) == (1024, 1024, 1024)
    assert [(each.n, each.unanswered, each.share) for each in found.lengths][-1] == (0, 50, None)
    assert context_text(found) == "1,024 tokens (1,024) of 2,048 nominal"


def test_what_is_not_shown_is_said() -> None:
    assert context_text(found_of(simulated((1.0, 1.0, 1.0, 1.0, 1.0), 10, 1))) == "≥4,096 tokens (4,096 or more)"
    assert context_text(found_of(simulated((0.0, 0.0, 0.0, 0.0, 0.0), 10, 1))) == "below 256 tokens (below 256)"


def test_outcomes_of_another_set_have_no_context() -> None:
    assert effective_context([Outcome(item_id="q17", correct=True)]) is None


def test_each_depth_is_counted_apart_and_the_tokenizers_count_is_kept() -> None:
    outcomes = [
        Outcome(item_id="256t-000d-1", correct=True, details={"prompt_tokens": 230.0}),
        Outcome(item_id="256t-100d-1", correct=False, details={"prompt_tokens": 240.0}),
        Outcome(item_id="256t-100d-2", correct=True),
    ]
    assert [(each.depth_percent, each.right, each.n) for each in shares_by_place(outcomes)] == [(0, 1, 1), (100, 1, 2)]
    (length,) = shares_by_length(outcomes)
    assert (length.depth_percent, length.right, length.n, length.prompt_tokens) == (None, 2, 3, 235.0)


def test_the_threshold_is_rulers_rounded_down() -> None:
    assert THRESHOLD == 0.85


def test_wordings_of_one_item_are_not_further_items() -> None:
    plain = [Outcome(item_id=place_id(Place(256, 50), number), correct=True) for number in range(10)]
    thrice = [replace(one, item_id=f"{one.item_id}~{place}") for one in plain for place in (1, 2, 3)]
    (alone,), (repeated,) = shares_by_length(plain), shares_by_length(thrice)
    assert (repeated.n, repeated.groups) == (30, 10)
    assert repeated.interval == alone.interval
    assert found_of(thrice).low_tokens is None  # 30 right items would show 85 %, 10 do not
