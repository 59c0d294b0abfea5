"""What an answer of a detector, reader, listener or searcher is worth, and the figures of many."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import ndcg_score  # pyright: ignore[reportUnknownVariableType, reportMissingTypeStubs]

from edgeprof.quality.edit_distance import edit_distance
from edgeprof.quality.evaluation_set import Item, SetFacts
from edgeprof.quality.outcomes import Outcome, decode_outcomes, encode_outcomes
from edgeprof.quality.tasks.base import BadItem
from edgeprof.quality.tasks.retrieval import ndcg
from edgeprof.quality.tasks.table import TASKS
from edgeprof.wire.metrics import METRICS

FACTS = {
    "object-detection": SetFacts(name="s", task="object-detection", domain="vision", classes=("cat", "dog")),
    "ocr": SetFacts(name="s", task="ocr", domain="vision"),
    "key-word": SetFacts(name="s", task="key-word", domain="audio", classes=("hey",)),
    "voice-activity": SetFacts(name="s", task="voice-activity", domain="audio"),
    "retrieval": SetFacts(
        name="s", task="retrieval", domain="language", preparation={"documents": {"a": "A", "b": "B", "c": "C"}}
    ),
}
GOOD: dict[str, Item] = {
    "object-detection": {"id": "1", "file": "a.png", "objects": [{"box": [0, 0, 10, 10], "label": 1}]},
    "ocr": {"id": "1", "file": "a.png", "text": "abc"},
    "key-word": {
        "id": "1",
        "file": "a.wav",
        "duration_s": 10,
        "words": [{"label": 0, "start_s": 1.0, "end_s": 2.0}],
    },
    "voice-activity": {"id": "1", "file": "a.wav", "duration_s": 2.0, "segments": [[0.5, 1.5]]},
    "retrieval": {"id": "1", "text": "query", "relevance": {"a": 1, "b": 2}},
}
RIGHT: dict[str, Any] = {
    "object-detection": [[1, 0.9, 0, 0, 10, 10]],
    "ocr": "abc",
    "key-word": [[0, 2.5, 0.9]],
    "voice-activity": [[0.5, 1.5]],
    "retrieval": ["b", "a"],
}
NOTHING: dict[str, Any] = {**{task: [] for task in GOOD}, "ocr": ""}


def figures(task: str, pairs: Sequence[tuple[Item, Any]], facts: SetFacts | None = None) -> dict[str, float]:
    """The figures of these items with these answers, through the form in which outcomes are stored."""
    facts = facts or FACTS[task]
    items = {item["id"]: item for item, _ in pairs}
    outcomes: list[Outcome] = []
    for item, answer in pairs:
        TASKS[task].check(item, facts)
        judged = TASKS[task].judge(item, facts, answer)
        outcomes.append(
            Outcome(
                item_id=item["id"],
                answer=answer,
                correct=judged.correct,
                score=judged.score,
                details=judged.details,
            )
        )
    stored = list(decode_outcomes(encode_outcomes(outcomes)))
    found = TASKS[task].figures(items, facts, stored)
    for figure in found:
        assert figure.metric in METRICS
        assert figure.ci_low is None or figure.ci_low <= figure.value <= (figure.ci_high or math.inf)
    return {figure.metric: figure.value for figure in found}


@pytest.mark.parametrize("task", sorted(GOOD))
def test_the_lead_comes_first_and_is_best_for_the_right_answer(task: str) -> None:
    found = figures(task, [(GOOD[task], RIGHT[task]), ({**GOOD[task], "id": "2"}, RIGHT[task])])
    assert next(iter(found)) == TASKS[task].lead
    assert found[TASKS[task].lead] == pytest.approx(0 if METRICS[TASKS[task].lead].better == "lower" else 100)


@pytest.mark.parametrize("task", sorted(GOOD))
def test_no_detection_is_an_answer_and_worth_nothing(task: str) -> None:
    found = figures(task, [(GOOD[task], NOTHING[task])])
    assert found[TASKS[task].lead] == pytest.approx(100 if METRICS[TASKS[task].lead].better == "lower" else 0)
    assert "precision_percent" not in found


@pytest.mark.parametrize("task", sorted(GOOD))
def test_an_item_without_an_answer_counts_nowhere(task: str) -> None:
    assert TASKS[task].figures({"1": GOOD[task]}, FACTS[task], [Outcome(item_id="1", problem="crashed")]) == ()


@pytest.mark.parametrize(
    ("task", "change", "message"),
    [
        ("object-detection", {"file": ""}, "no 'file'"),
        ("object-detection", {"objects": None}, "no list 'objects'"),
        ("object-detection", {"objects": [{"box": [0, 0, 10, 10], "label": 2}]}, "label 2 is not an index"),
        ("object-detection", {"objects": [{"box": [0, 0, 10, 10], "label": True}]}, "label True"),
        ("object-detection", {"objects": [{"box": [0, 0, 0, 10], "label": 1}]}, "width and height above 0"),
        ("object-detection", {"objects": [{"box": [0, 0, 10], "label": 1}]}, "is not [x, y, width, height]"),
        ("object-detection", {"objects": [{"box": [0, 0, math.nan, 1], "label": 1}]}, "is not [x, y, width"),
        ("ocr", {"text": ""}, "needs a reference"),
        ("ocr", {"text": 7}, "needs a reference"),
        ("key-word", {"duration_s": 0}, "duration_s 0"),
        ("key-word", {"words": [{"label": 0, "start_s": 9, "end_s": 11}]}, "after the recording"),
        ("key-word", {"words": [{"label": 1, "start_s": 1, "end_s": 2}]}, "label 1 is not an index"),
        ("key-word", {"words": ["hey"]}, "is not an object"),
        ("voice-activity", {"segments": [[1.0, 0.5]]}, "is not a span"),
        ("voice-activity", {"segments": [1.0]}, "is not [start_s, end_s]"),
        ("voice-activity", {"segments": None}, "no list 'segments'"),
        ("retrieval", {"relevance": {"z": 1}}, "does not have"),
        ("retrieval", {"relevance": {"a": 0}}, "whole number of 1 or more"),
        ("retrieval", {"relevance": {}}, "at least one document"),
        ("retrieval", {"text": " "}, "no 'text'"),
    ],
)
def test_an_item_of_no_use_is_named(task: str, change: dict[str, Any], message: str) -> None:
    with pytest.raises(BadItem) as error:
        TASKS[task].check({**GOOD[task], **change}, FACTS[task])
    assert message in str(error.value)


def test_an_image_without_objects_loses_what_was_surest() -> None:
    task = TASKS["object-detection"]
    item: Item = {"id": "1", "file": "a.png", "objects": []}
    assert task.judge(item, FACTS["object-detection"], []).score == 1
    assert task.judge(item, FACTS["object-detection"], [[0, 0.75, 0, 0, 1, 1]]).score == 0.25


def test_the_error_rate_pools_characters_and_may_exceed_100() -> None:
    items = [{"id": str(place), "file": "a.png", "text": text} for place, text in enumerate(("ab", "abcdefgh"))]
    pooled = figures("ocr", [(items[0], "ax"), (items[1], "abcdefgh")])
    assert pooled["character_error_rate_percent"] == pytest.approx(10)  # 1 of 10, not the mean of 50 % and 0
    assert pooled["exact_match_percent"] == 50
    assert figures("ocr", [(items[0], "xxxxxx")])["character_error_rate_percent"] == 300


def test_one_character_counts_once_however_it_is_written() -> None:
    item = {"id": "1", "file": "a.png", "text": "caf\u00e9"}
    assert figures("ocr", [(item, "cafe\u0301")])["character_error_rate_percent"] == 0


def test_case_and_spaces_count_unless_the_set_says_otherwise() -> None:
    item = {"id": "1", "file": "a.png", "text": "No Entry"}
    lenient = SetFacts(name="s", task="ocr", domain="vision", preparation={"ignore": ["case", "spaces"]})
    assert figures("ocr", [(item, "NOENTRY")])["character_error_rate_percent"] > 0
    assert figures("ocr", [(item, "NOENTRY")], lenient)["character_error_rate_percent"] == 0


@pytest.mark.parametrize(
    ("one", "other", "edits"), [("", "abc", 3), ("abc", "", 3), ("", "", 0), ("日本語", "日語", 1)]
)
def test_edits_between_two_texts(one: str, other: str, edits: int) -> None:
    assert edit_distance(one, other) == edit_distance(other, one) == edits


def test_a_second_detection_of_one_word_is_a_false_accept() -> None:
    found = figures("key-word", [(GOOD["key-word"], [[0, 1.5, 0.9], [0, 2.9, 0.8]])])
    assert found["recall_percent"] == 100
    assert found["precision_percent"] == 50
    assert found["false_accepts_per_h"] == 0  # the rate is of audio without a word, and so are its false accepts


def test_the_rate_of_false_accepts_is_of_audio_without_a_word() -> None:
    found = figures("key-word", [(GOOD["key-word"], [[0, 1.5, 0.9], [0, 2.9, 0.8], [0, 8.0, 0.7]])])
    assert found["precision_percent"] == pytest.approx(100 / 3)
    assert found["false_accepts_per_h"] == pytest.approx(3600 / 8)  # 10 s less the word and 1 s after it


@pytest.mark.parametrize(("time_s", "recall"), [(0.99, 0), (1.0, 100), (3.0, 100), (3.01, 0)])
def test_a_detection_counts_from_the_start_until_the_tolerance(time_s: float, recall: float) -> None:
    found = figures("key-word", [(GOOD["key-word"], [[0, time_s, 0.9]])])
    assert found["recall_percent"] == recall


def test_audio_without_the_word_bounds_the_rate_from_above_even_without_a_false_accept() -> None:
    item: Item = {"id": "1", "file": "a.wav", "duration_s": 3600, "words": []}
    task = TASKS["key-word"]
    judged = task.judge(item, FACTS["key-word"], [])
    outcome = Outcome(item_id="1", answer=[], correct=judged.correct, score=judged.score, details=judged.details)
    (rate,) = task.figures({"1": item}, FACTS["key-word"], [outcome])
    assert (rate.metric, rate.value, rate.ci_low) == ("false_accepts_per_h", 0, 0)
    assert rate.ci_high == pytest.approx(3.689, abs=0.001)


def test_frames_of_speech_are_counted_where_their_middles_are() -> None:
    found = figures("voice-activity", [(GOOD["voice-activity"], [[1.0, 2.0]])])  # 50 of 100 frames, 50 too many
    assert found["precision_percent"] == 50
    assert found["recall_percent"] == 50
    assert found["accuracy_percent"] == 50


def test_segments_that_overlap_count_once() -> None:
    found = figures("voice-activity", [(GOOD["voice-activity"], [[0.5, 1.2], [0.8, 1.5], [1.9, 99.0]])])
    assert found["recall_percent"] == 100
    assert found["precision_percent"] == pytest.approx(100 * 100 / 110)


@pytest.mark.parametrize("seed", range(5))
def test_ndcg_equals_that_of_scikit_learn(seed: int) -> None:
    source = np.random.default_rng(seed)
    grades = source.integers(0, 4, 30)
    scores = source.permutation(30)
    order = [str(place) for place in np.argsort(-scores)]
    relevance = {str(place): int(grade) for place, grade in enumerate(grades) if grade}
    expected = float(ndcg_score(grades[None], scores[None], k=10))  # pyright: ignore[reportUnknownArgumentType]
    assert ndcg(order, relevance) == pytest.approx(expected)


def test_a_document_named_twice_counts_once() -> None:
    found = figures("retrieval", [(GOOD["retrieval"], ["b", "b", "b"])])
    assert found["recall_at_10_percent"] == 50
