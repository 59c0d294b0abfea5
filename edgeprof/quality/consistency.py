"""Consistency: whether items that ask one thing get one answer. Counted by group; an average alone hides a flip."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from edgeprof.quality.groups import grouped
from edgeprof.quality.outcomes import Outcome
from edgeprof.statistics.shares import wilson


@dataclass(frozen=True, kw_only=True)
class Flip:
    """A group whose answers differ: how many items gave each answer, the commonest first; answers as JSON."""

    group: str
    answers: tuple[tuple[str, int], ...]
    is_right_somewhere: bool
    """Whether at least one of its answers was right: then the wording, and nothing else, decided."""


@dataclass(frozen=True, kw_only=True)
class Consistency:
    """Agreement over all groups of at least two answered items. Shares are 0 to 1; intervals are 95 % (Wilson)."""

    groups: int
    same: int
    """Groups with one answer to all items."""
    all_right: int
    """Groups whose every item is right: what a user can rely on."""
    left_out: int
    """Groups with fewer than two answered items."""
    flips: tuple[Flip, ...]

    @property
    def share(self) -> float | None:
        return self.same / self.groups if self.groups else None

    @property
    def interval(self) -> tuple[float, float] | None:
        return wilson(self.same, self.groups) if self.groups else None


def consistency(outcomes: Iterable[Outcome]) -> Consistency | None:
    """Of repeats, paraphrases or pairs; None where no item belongs to a group.

    >>> outcomes = [Outcome(item_id="a~1", answer=0), Outcome(item_id="a~2", answer=1)]
    >>> consistency(outcomes).flips[0].answers
    (('0', 1), ('1', 1))
    """
    groups = {name: members for name, members in grouped(outcomes).items() if members[0].item_id != name}
    if not groups:
        return None
    answered = {name: [each for each in members if not each.problem] for name, members in groups.items()}
    judged = {name: members for name, members in answered.items() if len(members) >= 2}
    flips = tuple(flip for name, members in judged.items() if (flip := _flip(name, members)))
    return Consistency(
        groups=len(judged),
        same=len(judged) - len(flips),
        all_right=sum(all(each.correct for each in members) for members in judged.values()),
        left_out=len(groups) - len(judged),
        flips=flips,
    )


@dataclass(frozen=True, kw_only=True)
class FlipChange:
    """Flips of a variant next to those of its source, group by group: quantization may add and remove them."""

    both: int
    gained: tuple[str, ...]
    """Groups that are one answer in the source and several in the variant."""
    lost: tuple[str, ...]


def flip_change(source: Consistency, variant: Consistency) -> FlipChange:
    """How the groups that flip differ between two models on one set."""
    before, after = ({flip.group for flip in each.flips} for each in (source, variant))
    return FlipChange(
        both=len(before & after), gained=tuple(sorted(after - before)), lost=tuple(sorted(before - after))
    )


def _flip(name: str, members: Sequence[Outcome]) -> Flip | None:
    answers = Counter(_canonical(each) for each in members)
    if len(answers) == 1:
        return None
    return Flip(
        group=name, answers=tuple(answers.most_common()), is_right_somewhere=any(each.correct for each in members)
    )


def answer_of(outcome: Outcome) -> Any:
    """What a model answered, whatever the task keeps with it: a choice or a class by its index, a text by its first
    line without case. Likelihoods move with every wording; the choice is what a user sees.

    >>> answer_of(Outcome(item_id="1", answer=[-3.2, -1.5], details={"choice": 1.0}))
    1
    >>> answer_of(Outcome(item_id="1", answer=" Oslo.\\nParis"))
    'oslo.'
    """
    answer = outcome.answer
    if "choice" in outcome.details:
        return int(outcome.details["choice"])
    if isinstance(answer, str):
        return answer.strip().partition("\n")[0].casefold()
    if isinstance(answer, list) and answer and all(isinstance(each, int) for each in cast("list[Any]", answer)):
        return cast("list[Any]", answer)[0]
    return cast("Any", answer)


def _canonical(outcome: Outcome) -> str:
    return json.dumps(answer_of(outcome), sort_keys=True)
