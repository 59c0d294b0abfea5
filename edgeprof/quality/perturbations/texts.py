"""Which fields of an item are the text that a model reads."""

import string

from edgeprof.quality.evaluation_set import Item, SetFacts

ANSWERS = frozenset(("answer", "label", "choices", "reference", "target"))
"""Fields that are never changed, even where a template has a slot for them."""
_USUAL = ("question", "prompt", "context", "text", "query")
"""Fields of sets without a template."""


def read_fields(facts: SetFacts, item: Item) -> list[str]:
    """The slots of the template that are texts of the item, but for its answers.

    >>> facts = SetFacts(name="a", task="multiple-choice", domain="language", template="{question} {answer}")
    >>> read_fields(facts, {"id": "1", "question": "Why?", "answer": "So."})
    ['question']
    """
    slots = [name for _, name, _, _ in string.Formatter().parse(facts.template) if name] or _USUAL
    return [name for name in dict.fromkeys(slots) if name not in ANSWERS and isinstance(item.get(name), str)]
