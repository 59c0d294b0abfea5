"""What a task is: how its items look, what an answer is worth, and the figures of many. Pure; standard library only.

How a model is asked is the worker's part (`edgeprof_agent/worker/evaluation/`); this half also runs on the hub and in
the terminal, which compute every figure again from the outcomes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from edgeprof.quality.evaluation_set import Item, SetFacts
from edgeprof.quality.outcomes import Outcome

ModelKind = Literal["tensor", "text"]


class BadItem(ValueError):
    """An item that its task cannot use: what is wrong and what to do, in a sentence without the item's place."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What one answer is worth, before its times are known."""

    correct: bool | None
    score: float | None
    details: dict[str, float] = field(default_factory=lambda: {})


@dataclass(frozen=True, kw_only=True)
class QualityFigure:
    """One figure over `n` answered items with its 95 % interval, in the unit of `wire.metrics.METRICS[metric]`."""

    metric: str
    value: float
    n: int
    ci_low: float | None = None
    ci_high: float | None = None


class QualityTask(Protocol):
    """One kind of evaluation. An instance is stateless."""

    name: str
    title: str
    domain: str
    kind: ModelKind
    lead: str
    """The metric that stands for the task in a table."""
    is_paired_by: Literal["correct", "score"]
    """What a paired comparison of two models rests on: right and wrong, or each item's score."""

    def check(self, item: Item, facts: SetFacts) -> None:
        """Raises BadItem for an item that the task cannot use."""
        ...

    def judge(self, item: Item, facts: SetFacts, answer: Any) -> Judged:
        """What an answer is worth. `answer` is as the worker found it, in JSON's types."""
        ...

    def figures(
        self, items: Mapping[str, Item], facts: SetFacts, outcomes: Sequence[Outcome]
    ) -> tuple[QualityFigure, ...]:
        """The figures of all outcomes that have an answer; none of no answers. The lead metric comes first."""
        ...
