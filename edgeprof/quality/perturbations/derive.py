"""A set from a set: each step changes every item, and the new folder names its parent and what was done.

Item ids stay, so that a run on the new set is paired with a run on its parent item by item; repeats alone make several
ids of one, see `edgeprof.quality.groups`.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.quality.evaluation_set import EvaluationSet, Item, SetFacts
from edgeprof.quality.perturbations.base import (
    ItemPerturbation,
    PixelPerturbation,
    SoundPerturbation,
    Step,
    TextPerturbation,
)
from edgeprof.quality.perturbations.files import FileSteps
from edgeprof.quality.perturbations.texts import read_fields
from edgeprof.quality.sets import read_set, write_set

MAX_NAME_CHARS = 100
SCORED_TEXTS = {
    "perplexity": "that text is what is scored",
    "code": "the tests call functions by the names in it",
}
"""Tasks whose texts are part of the right answer: another text is another question."""


@dataclass(frozen=True, kw_only=True)
class Derived:
    """The new set, and how many of the parent's items differ in it; a rule may find nothing to change."""

    made: EvaluationSet
    changed: int
    parents: int


def derive(folder: Path, steps: Sequence[Step], out: Path, *, items: int | None = None) -> Derived:
    """Reads the set in `folder`, applies the steps in order to its first `items`, and writes the set `out`.

    Raises EdgeprofError: what `read_set` and `write_set` raise, `bad_perturbation` for a step that does not suit the
    set, `nothing_changed` where no item differs, `bad_item` for a file that does not decode.
    """
    parent = read_set(folder)
    chosen = parent.items[:items]
    for step in steps:
        _check(step, parent)
    with FileSteps(folder, parent, steps) as files:
        whole = [_changed(item, parent, steps, files) for item in chosen]
        different = sum(each.differs for each in whole)
        if not different:
            raise EdgeprofError(
                "nothing_changed",
                f"No item of {parent.facts.name} differs after {', '.join(step.canonical for step in steps)}. "
                "Use a stronger setting, or another perturbation.",
            )
        canonical = "; ".join(step.canonical for step in steps)
        facts = replace(
            parent.facts,
            name=f"{parent.facts.name} + {', '.join(step.kind.name for step in steps)}"[:MAX_NAME_CHARS],
            parent=parent.set_id,
            perturbation=canonical,
        )
        made = write_set(out, facts, [item for each in whole for item in each.items], files.contents())
    return Derived(made=made, changed=different, parents=len(chosen))


@dataclass(frozen=True)
class _Changed:
    items: Sequence[Item]
    differs: bool


def _changed(item: Item, parent: EvaluationSet, steps: Sequence[Step], files: FileSteps) -> _Changed:
    base, file_differs = files.apply(item)
    made: Sequence[Item] = [base]
    for step in steps:
        made = [new for old in made for new in _step(old, parent, step)]
    return _Changed(made, file_differs or list(made) != [base])


def _step(item: Item, parent: EvaluationSet, step: Step) -> Iterable[Item]:
    stream = random.Random(step.item_seed(item["id"]))
    if isinstance(step.kind, ItemPerturbation):
        return step.kind.change(item, parent.facts, step.values, stream)
    if isinstance(step.kind, TextPerturbation):
        fields: dict[str, Any] = {}
        for name in read_fields(parent.facts, item):
            fields[name] = step.kind.change(item[name], step.values, stream)
        return [{**item, **fields}]
    return [item]


def _check(step: Step, parent: EvaluationSet) -> None:
    kind, facts = step.kind, parent.facts
    if isinstance(kind, TextPerturbation):
        _check_task(kind, facts)
        _check_language(kind, facts)
        suits, what = any(read_fields(facts, item) for item in parent.items), "text that a model reads"
    elif isinstance(kind, PixelPerturbation):
        suits, what = facts.domain == "vision", "images"
    elif isinstance(kind, SoundPerturbation):
        suits, what = facts.domain == "audio", "sounds"
    else:
        return
    if not suits:
        raise UsageError(
            "bad_perturbation",
            f"{kind.name} changes {what}, and {facts.name} has none: its domain is {facts.domain}. "
            "Choose another one with `edgeprof set perturb --list`.",
        )


def _check_task(kind: TextPerturbation, facts: SetFacts) -> None:
    if reason := SCORED_TEXTS.get(facts.task):
        raise UsageError(
            "bad_perturbation",
            f"{kind.name} changes the text that a model reads, and in {facts.name} {reason}. Choose another set.",
        )


def _check_language(kind: TextPerturbation, facts: SetFacts) -> None:
    spoken = facts.language.partition("-")[0].lower()
    if kind.language and spoken and spoken != kind.language:
        raise UsageError(
            "bad_perturbation",
            f"{kind.name} has words in {kind.language!r}, and {facts.name} is in {facts.language!r}. "
            "Choose another one with `edgeprof set perturb --list`.",
        )
