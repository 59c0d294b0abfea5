"""Questions to language models: from the JSONL files of packages to the fields of the tasks."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from edgeprof.quality.evaluation_set import Item
from edgeprof.quality.packaged.makers.base import Made, scattered
from edgeprof.quality.packaged.recipe import SetRecipe

_TITLE = " [title]"
_BRACKETS = re.compile(r"\[.*?\]")
_PLACES = re.compile(r"The \w+ is in the (\w+)\.|moved the \w+ to the (\w+)\.")


def hellaswag(members: Sequence[bytes], recipe: SetRecipe) -> Made:
    """`query` and `choices` as lm-evaluation-harness makes them (lm_eval/tasks/hellaswag/utils.py).

    The package has the context in one piece; the beginning of its last, open sentence is capitalized as there.
    """
    items: list[Item] = [
        {
            "id": case["id"],
            "query": _without_marks(f"{case['activity_label']}: {_capitalized(case['ctx'])}"),
            "choices": [_without_marks(ending) for ending in case["endings"]],
            "label": case["expected_index"],
        }
        for case in _lines(members[0])
    ]
    return Made(scattered(items, recipe))


def gsm8k(members: Sequence[bytes], recipe: SetRecipe) -> Made:
    """`question` and `target`, the number at the end of the worked answer."""
    items: list[Item] = [
        {"id": case["id"], "question": case["prompt"], "target": case["expected"]} for case in _lines(members[0])
    ]
    return Made(scattered(items, recipe))


def choices(members: Sequence[bytes], recipe: SetRecipe) -> Made:
    """`question` and `choices`, in an order that follows from the item's id.

    Packages have the right choice first, everywhere: a model whose scores are all equal, or NaN, would be always right.
    """
    items: list[Item] = []
    for case in _lines(members[0]):
        order = sorted(range(len(case["choices"])), key=partial(_rank, case["id"]))
        items.append(
            {
                "id": case["id"],
                "question": case["question"],
                "choices": [case["choices"][place] for place in order],
                "label": order.index(case["expected_index"]),
            }
        )
    return Made(scattered(items, recipe))


def theory_of_mind(members: Sequence[bytes], recipe: SetRecipe) -> Made:
    """`story` and `question`; the choices are the places that the story has for the thing, in its order."""
    items: list[Item] = []
    for number, case in enumerate(_lines(members[0])):
        story, _, question = case["input"][0]["content"].rpartition("Where ")
        places = list(dict.fromkeys(first or second for first, second in _PLACES.findall(story)))
        items.append(
            {
                "id": f"{recipe.name}-{number:03}",
                "story": story.strip(),
                "question": f"Where {question}",
                "choices": [place.replace("_", " ") for place in places],
                "label": places.index(case["target"]),
            }
        )
    return Made(scattered(items, recipe))


def statement_kinds(members: Sequence[bytes], recipe: SetRecipe) -> Made:
    """`statement`, and the kind that it is, of `options.kinds`."""
    kinds = list(recipe.options["kinds"])
    items: list[Item] = [
        {
            "id": f"{recipe.name}-{number:03}",
            "statement": case["input"][0]["content"],
            "choices": kinds,
            "label": kinds.index(case["target"].strip("[]")),
        }
        for number, case in enumerate(_lines(members[0]))
    ]
    return Made(scattered(items, recipe))


def _rank(identity: str, place: int) -> bytes:
    return hashlib.sha256(f"{identity}:{place}".encode()).digest()


def _lines(member: bytes) -> Iterator[dict[str, Any]]:
    return (json.loads(line) for line in member.decode().splitlines() if line.strip())


def _capitalized(context: str) -> str:
    before, dot, last = context.rpartition(". ")
    return f"{before}{dot}{last.capitalize()}" if last[:1].islower() and not last.endswith(".") else context


def _without_marks(text: str) -> str:
    return _BRACKETS.sub("", text.strip().replace(_TITLE, ". ")).replace("  ", " ")
