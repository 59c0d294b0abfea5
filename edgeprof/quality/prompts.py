"""Prompts of language tasks: a template filled with an item, and worked examples before it. Pure.

As in lm-evaluation-harness: an example is the template filled with it, the delimiter and its answer; a blank line
separates it from the next one.
"""

from collections.abc import Mapping
from typing import Any, cast

from edgeprof.quality.evaluation_set import Item, SetFacts
from edgeprof.quality.tasks.base import BadItem

DELIMITER = " "
"""Between a prompt and its answer; `preparation["delimiter"]` overrides it."""
SEPARATOR = "\n\n"
"""Between two examples; `preparation["separator"]` overrides it."""

WITH_EXAMPLES = ("multiple-choice", "exact-match", "instructions", "code")
"""Tasks whose prompts may hold examples."""


def prompt_of(item: Item, facts: SetFacts) -> str:
    """The set's template with the item's fields in its slots. Raises BadItem for a slot that the item does not fill.

    >>> prompt_of({"id": "1", "q": "2+2?"}, SetFacts(name="n", task="t", domain="language", template="Q: {q}\\nA:"))
    'Q: 2+2?\\nA:'
    """
    try:
        return (facts.template or "{prompt}").format_map(item)
    except KeyError as error:
        raise BadItem(f"has no field {error} that the template {facts.template or '{prompt}'!r} names") from None
    except (ValueError, IndexError, AttributeError, TypeError) as error:
        raise BadItem(f"does not fit the template {facts.template!r}: {error}") from None


def examples_before(facts: SetFacts, shots: int) -> str:
    """The first `shots` worked examples of `preparation["examples"]`, each with its `answer` or right choice.

    Raises BadItem where the set has fewer.
    """
    examples = cast("list[Mapping[str, Any]]", facts.preparation.get("examples", []))
    if shots > len(examples):
        raise BadItem(
            f"the set has {len(examples)} examples, {shots} are needed. Use `--shots {len(examples)}` or less"
        )
    delimiter, separator = delimiter_of(facts), str(facts.preparation.get("separator", SEPARATOR))
    parts = [f"{prompt_of(example, facts)}{delimiter}{_answer(example)}{separator}" for example in examples[:shots]]
    return "".join(parts)


def example_prompts(facts: SetFacts, shots: int) -> set[str]:
    """The prompts of the first `shots` examples, without their answers."""
    examples = cast("list[Mapping[str, Any]]", facts.preparation.get("examples", []))
    return {prompt_of(example, facts) for example in examples[:shots]}


def delimiter_of(facts: SetFacts) -> str:
    """What stands between a prompt and its answer."""
    return str(facts.preparation.get("delimiter", DELIMITER))


def max_tokens_of(item: Item, facts: SetFacts, default: int) -> int:
    """The limit of a generated answer: the item's, else the set's `max_tokens`. Raises BadItem unless it is above 0."""
    limit = item.get("max_tokens", facts.preparation.get("max_tokens", default))
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
        raise BadItem(f"max_tokens {limit!r} is not a whole number above 0")
    return limit


def _answer(example: Mapping[str, Any]) -> str:
    if "choices" in example:
        return str(example["choices"][example["label"]])
    try:
        return str(example["answer"])
    except KeyError:
        raise BadItem("an example of the set's preparation has no 'answer'") from None
