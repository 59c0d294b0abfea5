"""What is doubtful in a set that can be read: figures on it would be of the set rather than of a model. Pure."""

from collections.abc import Iterator
from typing import Any, cast

from edgeprof.quality.evaluation_set import EvaluationSet, Item
from edgeprof.quality.prompts import example_prompts, prompt_of
from edgeprof.quality.tasks.base import BadItem
from edgeprof.quality.tasks.table import TASKS
from edgeprof.wire.identity import canonical_json

MIN_ITEMS = 10
"""Fewer may have one label by chance."""


def doubts_of(found: EvaluationSet) -> list[str]:
    """Sentences for a person, each with its remedy; none where nothing is doubtful."""
    return [*_one_label(found), *_labels_of_one_file(found), *_equal_items(found), *_examples_among_items(found)]


def _one_label(found: EvaluationSet) -> Iterator[str]:
    labels = [item.get("label") for item in found.items]
    if len(labels) < MIN_ITEMS or labels[0] is None or any(label != labels[0] for label in labels):
        return
    if all("choices" in item for item in found.items):
        yield f"The right choice is always number {labels[0]}, counted from 0. Put the choices into a random order."
    elif len(found.facts.classes) > 1:
        name = found.facts.classes[labels[0]] if isinstance(labels[0], int) else labels[0]
        yield f"Every item is of class {name!r}: a model that always gives it has 100 %. Add items of other classes."


def _labels_of_one_file(found: EvaluationSet) -> Iterator[str]:
    """One content, two labels: one of them is wrong."""
    hashes = {file.path: file.sha256 for file in found.files}
    first: dict[str, Item] = {}
    clashes: list[tuple[Item, Item]] = []
    for item in found.items:
        if "file" in item and "label" in item:
            other = first.setdefault(hashes[item["file"]], item)
            if other["label"] != item["label"]:
                clashes.append((other, item))
    if clashes:
        one, other = clashes[0]
        yield (
            f"The items {one['id']!r} and {other['id']!r} are one file with two labels"
            f"{_more(len(clashes))}. Correct one of the labels."
        )


def _equal_items(found: EvaluationSet) -> Iterator[str]:
    first: dict[bytes, str] = {}
    doubles: list[tuple[str, str]] = []
    for item in found.items:
        content = canonical_json({name: value for name, value in item.items() if name != "id"})
        other = first.setdefault(content, str(item["id"]))
        if other != item["id"]:
            doubles.append((other, str(item["id"])))
    if doubles:
        one, other = doubles[0]
        yield f"The items {one!r} and {other!r} are the same{_more(len(doubles))}: they count twice. Remove one."


def _examples_among_items(found: EvaluationSet) -> Iterator[str]:
    if TASKS[found.facts.task].kind != "text":
        return
    examples = cast("list[Any]", found.facts.preparation.get("examples", []))
    try:
        prompts = example_prompts(found.facts, len(examples))
        shown = [str(item["id"]) for item in found.items if prompts and prompt_of(item, found.facts) in prompts]
    except BadItem:
        return
    if shown:
        yield f"The item {shown[0]!r} is also an example{_more(len(shown))}: with --shots it has no answer. Remove one."


def _more(count: int) -> str:
    return f", and so are {count - 1:,} more" if count > 1 else ""
