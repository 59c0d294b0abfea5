"""The prompt's template: its slots, each a field of every item. Pure."""

import string

from edgeprof.errors import EdgeprofError
from edgeprof.quality.evaluation_set import Item


def slots_of(template: str, place: str = "template") -> tuple[str, ...]:
    """The fields that a template names, each once, in its order. A literal brace is written twice.

    Raises EdgeprofError `bad_template` for braces that do not match and for a slot that is more than a name.

    >>> slots_of("Question: {question}\\nAnswer {{in words}}:")
    ('question',)
    """
    try:
        parsed = list(string.Formatter().parse(template))
    except ValueError as error:
        raise EdgeprofError(
            "bad_template", f"{place}: {error}. Write a slot as {{question}}, and a literal brace twice."
        ) from None
    slots: dict[str, None] = {}
    for _, name, spec, conversion in parsed:
        if name is None:
            continue
        if spec or conversion or not name.isidentifier():
            raise EdgeprofError(
                "bad_template",
                f"{place}: the slot {{{name}}} is not the plain name of a field. "
                "Write a slot as {question}, and a literal brace twice.",
            )
        slots[name] = None
    return tuple(slots)


def check_template(template: str, place: str) -> tuple[str, ...]:
    """The slots of a template that is not empty. Raises EdgeprofError `bad_template` for one without a slot."""
    slots = slots_of(template, place)
    if not slots:
        raise EdgeprofError(
            "bad_template",
            f"{place}: the template has no slot, so every item would get the same prompt. "
            "Name an item's field in braces, as {question}.",
        )
    return slots


def missing_slot(slots: tuple[str, ...], item: Item) -> str:
    """The first slot that an item has no field for; empty where it has all."""
    return next((slot for slot in slots if slot not in item), "")
