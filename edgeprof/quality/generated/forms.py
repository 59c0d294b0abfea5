"""The two forms of an item that asks a question: by choices, or by a text that must match."""

import random
from collections.abc import Sequence
from typing import Any

from edgeprof.quality.evaluation_set import Item, SetFacts
from edgeprof.quality.parameters import Parameter, Values

ANSWER = Parameter(
    name="answer",
    default="choice",
    words=("choice", "text"),
    meaning="scored by the likeliest of 4 choices, or by the text that the model writes",
)
CHOICES = 4


_WRITTEN: dict[str, Any] = {
    "extract": [{"name": "first_word", "pattern": r"-?\w+"}],
    "normalize": ["case"],
    "max_tokens": 12,
    "stop": ["\n"],
}
"""How an answer is found in what the model writes: its first word or number."""


def facts_of(name: str, values: Values, template: str, examples: Sequence[Item] = ()) -> SetFacts:
    """The description of a set in English of either form; `examples` are what few-shot prompts begin with."""
    is_text = values["answer"] == "text"
    shown = [{key: value for key, value in example.items() if key != "id"} for example in examples]
    return SetFacts(
        name=name,
        task="exact-match" if is_text else "multiple-choice",
        domain="language",
        language="en",
        template=template,
        preparation={**(_WRITTEN if is_text else {}), **({"examples": shown} if shown else {})},
    )


def item_of(
    item_id: str, fields: dict[str, Any], right: str, wrong: Sequence[str], values: Values, stream: random.Random
) -> Item:
    """One item: `wrong` are the other choices, left out where a text is asked."""
    if values["answer"] == "text":
        return {"id": item_id, **fields, "target": right, "answer": right}
    choices = [right, *wrong]
    stream.shuffle(choices)
    return {"id": item_id, **fields, "choices": choices, "label": choices.index(right)}


def others(words: Sequence[str], right: str, stream: random.Random, count: int = CHOICES - 1) -> list[str]:
    """Wrong choices of a list of words."""
    return stream.sample([word for word in words if word != right], count)
