"""Drift: one model on two machines or runtimes, with the items that differ."""

from dataclasses import replace

import pytest

from edgeprof.quality.drift import find_drift, lines_of
from edgeprof.quality.outcomes import Outcome
from tests.quality.evaluations import answers, flipped, record


def ranked(places: list[list[int]], margins: list[float], label: int = 1) -> list[Outcome]:
    return [
        Outcome(
            item_id=f"{number:04d}",
            correct=ranking[0] == label,
            score=float(ranking[0] == label),
            answer=ranking,
            details={"margin": margin},
        )
        for number, (ranking, margin) in enumerate(zip(places, margins, strict=True))
    ]


def test_equal_answers_are_the_same() -> None:
    one = ranked([[1, 0, 2]] * 40, [3.0] * 40)
    found = find_drift(record(one, "x86"), record(one, "Pi 5"))
    assert found.verdict == "same"
    assert found.sentence == "x86 and Pi 5 answer all 40 items alike."
    assert found.largest_at == ""
    assert lines_of(found) == [found.sentence]


def test_scores_that_differ_are_no_other_answers() -> None:
    one = ranked([[1, 0, 2]] * 40, [3.0] * 40)
    other = ranked([[1, 2, 0]] * 40, [3.0] * 39 + [2.25])
    found = find_drift(record(one, "x86"), record(other, "Pi 5"))
    assert found.verdict == "scores_differ"
    assert found.largest_score_difference == pytest.approx(0.75)
    assert found.largest_at == "0039"
    assert "scores differ by up to 0.75" in found.sentence


def test_other_answers_are_named_also_where_both_are_wrong() -> None:
    one = ranked([[1]] * 38 + [[0]] * 2, [1.0] * 40)
    other = ranked([[1]] * 37 + [[0]] + [[2], [0]], [1.0] * 40)
    found = find_drift(record(one, "x86"), record(other, "Pi 5"))
    assert found.verdict == "answers_differ"
    assert found.answers_differ == ("0037", "0038")
    assert found.lost == ("0037",)
    assert found.sentence == (
        "2 of 40 answers differ between x86 and Pi 5, 1 between right and wrong. No loss of quality is shown."
    )
    assert lines_of(found)[1:] == ["  right on x86 only: 0037", "  other answers: 0038"]


def test_a_loss_beyond_rounding_is_a_collapse_on_the_side_that_lost() -> None:
    good, bad = flipped(500, right=498, lost=450, gained=0)
    found = find_drift(record(answers(good), "LiteRT 2.3.0"), record(answers(bad), "tflite-runtime 2.14.0"))
    assert found.verdict == "collapsed"
    assert found.sentence.startswith("tflite-runtime 2.14.0 collapsed: 90 points below, 450 of 500 answers differ")
    turned = find_drift(record(answers(bad), "tflite-runtime 2.14.0"), record(answers(good), "LiteRT 2.3.0"))
    assert turned.sentence.startswith("tflite-runtime 2.14.0 collapsed: 90 points below")


def test_a_smaller_loss_that_is_shown_asks_for_a_gate_on_each_machine() -> None:
    good, bad = flipped(500, right=480, lost=30, gained=2)
    found = find_drift(record(answers(good), "x86"), record(answers(bad), "Pi 5"))
    assert found.verdict == "quality_differs"
    assert "Pi 5 is worse by 5.6 points" in found.sentence


def test_an_item_that_one_machine_alone_answers_is_drift() -> None:
    one = answers([True] * 20)
    other = answers([True] * 19 + [None])
    found = find_drift(record(one, "x86"), record(other, "Pi 5"))
    assert found.verdict == "answers_differ"
    assert found.unanswered_by_one == ("0019",)
    assert "  answered by one only: 0019" in lines_of(found)


def test_two_models_are_no_drift() -> None:
    one = record(answers([True] * 20), "A")
    found = find_drift(one, replace(one, name="B", variant="m-2"))
    assert found.verdict == "not_comparable"
    assert "different models" in found.sentence
    assert find_drift(one, replace(one, name="B", shots=2)).verdict == "not_comparable"
