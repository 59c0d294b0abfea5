"""Sets that can be read, and on which a figure would be of the set rather than of a model."""

import json
from pathlib import Path
from typing import Any

import pytest

from edgeprof.errors import EdgeprofError
from edgeprof.quality.evaluation_set import EvaluationSet, SetFacts
from edgeprof.quality.sets.doubts import doubts_of
from edgeprof.quality.sets.importing import ImportRequest, import_set
from edgeprof.quality.sets.languages import language_warning
from edgeprof.wire.files import FileRef

QUESTIONS = SetFacts(
    name="q",
    task="multiple-choice",
    domain="language",
    template="{q}",
    preparation={"examples": [{"q": "5?", "choices": ["a", "b"], "label": 0}]},
)
IMAGES = SetFacts(name="i", task="image-classification", domain="vision", classes=("cat", "dog"))


def _questions(count: int, label: int | None = None) -> list[dict[str, Any]]:
    return [
        {"id": str(n), "q": f"{n}?", "choices": ["a", "b"], "label": n % 2 if label is None else label}
        for n in range(10, 10 + count)
    ]


def test_a_right_choice_that_is_always_the_first_is_named() -> None:
    (doubt,) = doubts_of(EvaluationSet(facts=QUESTIONS, items=tuple(_questions(12, 0))))
    assert doubt.startswith("The right choice is always number 0")
    assert doubts_of(EvaluationSet(facts=QUESTIONS, items=tuple(_questions(12)))) == []


def test_one_class_alone_is_named() -> None:
    items = tuple({"id": str(n), "row": n, "label": 1} for n in range(12))
    (doubt,) = doubts_of(EvaluationSet(facts=IMAGES, items=items))
    assert "Every item is of class 'dog'" in doubt


def test_equal_items_and_items_that_are_examples_are_named() -> None:
    items = [*_questions(12), {**_questions(1)[0], "id": "twin"}, {**_questions(1)[0], "id": "5", "q": "5?"}]
    assert doubts_of(EvaluationSet(facts=QUESTIONS, items=tuple(items))) == [
        "The items '10' and 'twin' are the same: they count twice. Remove one.",
        "The item '5' is also an example: with --shots it has no answer. Remove one.",
    ]


def test_one_image_with_two_labels_is_named() -> None:
    items = tuple({"id": str(n), "file": f"files/{n}.png", "label": n} for n in (0, 1))
    files = tuple(FileRef(path=f"files/{n}.png", size=1, sha256="a" * 64) for n in (0, 1))
    (doubt,) = doubts_of(EvaluationSet(facts=IMAGES, items=items, files=files))
    assert doubt == "The items '0' and '1' are one file with two labels. Correct one of the labels."


def test_the_order_of_classes_that_nobody_gave_is_shown(tmp_path: Path) -> None:
    table = tmp_path / "rows.csv"
    table.write_text("label,a,b\ndog,1,2\ncat,3,4\n")
    request = ImportRequest(path=table, task="series-classification")
    warning = import_set(request, tmp_path / "set").warnings[-1]
    assert warning.startswith("Classes are in the order of their names: cat, dog. If the model has another order")
    given = ImportRequest(path=table, task="series-classification", classes=("dog", "cat"))
    assert import_set(given, tmp_path / "given").warnings == ()


def test_one_word_of_another_language_makes_no_text_of_it() -> None:
    """`y` is Spanish for `and`, and the answer of every item here."""
    items = [{"id": str(n), "q": f"question {n}", "target": "y"} for n in range(60)]
    assert language_warning("en", items) == ""


def test_labels_are_names_or_numbers_and_not_both(tmp_path: Path) -> None:
    """`1` would be the second class, which has the name `2`."""
    lines = tmp_path / "items.jsonl"
    lines.write_text("".join(json.dumps({"values": [1.0], "label": label}) + "\n" for label in ("1", "2", 1)))
    with pytest.raises(EdgeprofError, match=r"items\.jsonl:3: label 1 is a number, and others are texts"):
        import_set(ImportRequest(path=lines, task="series-classification"), tmp_path / "set")
