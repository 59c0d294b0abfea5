"""What of the answers makes a figure doubtful, as notes of the run: ties, and a model that answers all items alike."""

from collections.abc import Iterator, Mapping, Sequence

from edgeprof.quality.evaluation_set import Item, SetFacts
from edgeprof.quality.outcomes import Outcome

MIN_ALIKE = 10
"""Fewer items may have one answer by chance."""
_CLASSIFICATIONS = ("image-classification", "series-classification")
_CHOICES = "multiple-choice"


def answer_notes(items: Mapping[str, Item], facts: SetFacts, answered: Sequence[Outcome]) -> Iterator[str]:
    """Sentences without a full stop, in the order of their weight. Of tasks that pick one of several."""
    if facts.task not in (*_CLASSIFICATIONS, _CHOICES):
        return
    picked = {place for one in answered if (place := _picked(facts.task, one)) is not None}
    labels = {items[one.item_id].get("label") for one in answered}
    if len(answered) >= MIN_ALIKE and len(picked) == 1 and len(labels) > 1:
        (place,) = picked
        what = f"choice {place}" if facts.task == _CHOICES else f"class {facts.classes[place]!r}"
        yield f"every answer is {what}: check the set's preparation and the order of its classes, then the model"
    ties = sum(one.details.get("margin") == 0 for one in answered)
    if ties:
        verb = "answers is a tie" if ties == 1 else "answers are ties"
        yield f"{ties:,} of {len(answered):,} {verb}: the first of equal scores was taken"


def _picked(task: str, outcome: Outcome) -> int | None:
    if task == _CHOICES:
        return int(outcome.details["choice"]) if "choice" in outcome.details else None
    return outcome.answer[0] if isinstance(outcome.answer, list) and outcome.answer else None  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
