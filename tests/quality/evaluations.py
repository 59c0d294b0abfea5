"""Evaluations made up for tests: what two models answered, item by item."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from edgeprof.quality.outcomes import Outcome
from edgeprof.quality.pairing import EvaluationRecord
from edgeprof.wire.evaluation import Evaluation

SET_ID = "ab" * 32


def answers(right: Sequence[bool | None], **changed: Any) -> tuple[Outcome, ...]:
    """One outcome an item: class 1 where right, 0 where wrong; None has no answer."""
    return tuple(
        Outcome(item_id=f"{number:04d}", problem="the worker crashed")
        if is_right is None
        else Outcome(
            item_id=f"{number:04d}", correct=is_right, score=float(is_right), answer=[int(is_right)], **changed
        )
        for number, is_right in enumerate(right)
    )


def scored(scores: Sequence[float], **details: Sequence[float]) -> tuple[Outcome, ...]:
    """One outcome an item, with a score and details."""
    return tuple(
        Outcome(item_id=f"{number:04d}", score=score, details={name: each[number] for name, each in details.items()})
        for number, score in enumerate(scores)
    )


def flipped(n: int, right: int, lost: int, gained: int) -> tuple[list[bool], list[bool]]:
    """A and B on n items: A has the first `right` of them right; B loses the first and gains the last."""
    a = [number < right for number in range(n)]
    b = [(is_right and number >= lost) or number >= n - gained for number, is_right in enumerate(a)]
    return a, b


def record(
    outcomes: Sequence[Outcome], name: str = "B", task: str = "image-classification", **changed: Any
) -> EvaluationRecord:
    """An evaluation of all items on the set `digits`. `changed`: fields of the record, or of its evaluation."""
    evaluation = Evaluation(
        set_id=SET_ID,
        set_name="digits",
        task=task,
        asked=len(outcomes),
        answered=sum(not outcome.problem for outcome in outcomes),
        ended="all",
    )
    inner = {key: changed.pop(key) for key in tuple(changed) if key in Evaluation.__dataclass_fields__}
    made = EvaluationRecord(name=name, evaluation=replace(evaluation, **inner), outcomes=tuple(outcomes))
    return replace(made, **{"variant": "m-1", "runtime": "onnxruntime 1.32.0", "architecture": "x86_64", **changed})
