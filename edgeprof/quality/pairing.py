"""Two evaluations of one set, item by item: whether they may be compared, and which items both of them answered."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from edgeprof.quality.outcomes import Outcome
from edgeprof.wire.evaluation import Evaluation
from edgeprof.wire.figures import MetricRow
from edgeprof.wire.messages import Result
from edgeprof.wire.metrics import METRICS

Axis = Literal["set", "shots"]
"""What may differ on purpose: a perturbed set against its parent, few shots against none."""


@dataclass(frozen=True, kw_only=True)
class EvaluationRecord:
    """One evaluation as comparisons, gates and drift read it. `name` is how a sentence calls it."""

    name: str
    evaluation: Evaluation
    outcomes: tuple[Outcome, ...]
    shots: int = 0
    figures: tuple[MetricRow, ...] = ()
    variant: str = ""
    """The model's id."""
    runtime: str = ""
    """With its version, as `onnxruntime 1.32.0`."""
    architecture: str = ""
    unreal: str = ""
    """`emulated`, `replayed` or `predicted`: not found on the device itself. Empty: it was."""


def record_of(name: str, result: Result, outcomes: Sequence[Outcome], architecture: str = "") -> EvaluationRecord:
    """A result that holds an evaluation, with its outcomes. `architecture` overrides what the result reports."""
    evaluation = result.evaluation
    assert evaluation is not None
    ran = result.effective
    return EvaluationRecord(
        name=name,
        evaluation=evaluation,
        outcomes=tuple(outcomes),
        shots=result.config.shots,
        figures=result.metrics,
        variant=result.model_id,
        runtime=f"{ran.runtime} {ran.runtime_version}" if ran else result.config.runtime or "",
        architecture=architecture or evaluation.architecture,
        unreal=unreal(result),
    )


def unreal(result: Result) -> str:
    """Why its figures were not found on the device itself; empty where they were."""
    if result.emulated or (result.trust and any(mark.cause == "emulated" for mark in result.trust.marks)):
        return "emulated"
    if result.replayed is not None:
        return "replayed"
    scope_quality = [row for row in result.metrics if row.metric in METRICS and METRICS[row.metric].scope == "quality"]
    return "predicted" if any(row.origin != "measured" for row in scope_quality) else ""


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """The items that both sides answered, in A's order, and the ids of the others with the side at fault."""

    both: tuple[tuple[Outcome, Outcome], ...]
    unanswered_a: tuple[str, ...]
    unanswered_b: tuple[str, ...]
    only_a: tuple[str, ...]
    """Asked of A alone, as where B stopped earlier."""
    only_b: tuple[str, ...]

    @property
    def left_out(self) -> int:
        """How many items take no part."""
        return len({*self.unanswered_a, *self.unanswered_b, *self.only_a, *self.only_b})


def obstacle(a: EvaluationRecord, b: EvaluationRecord, varies: Collection[Axis] = ()) -> str | None:
    """Why the two cannot be compared item by item, with the remedy; None where they can."""
    one, other = a.evaluation, b.evaluation
    if one.task != other.task:
        return f"{a.name} is {one.task}, {b.name} is {other.task}. Compare evaluations of one set."
    if one.set_id != other.set_id and "set" not in varies:
        return (
            f"{a.name} answered {one.set_name} ({one.set_id[:12]}), {b.name} {other.set_name} ({other.set_id[:12]}). "
            "Evaluate both on one set."
        )
    if a.shots != b.shots and "shots" not in varies:
        return f"{a.name} had {a.shots} examples in its prompt, {b.name} {b.shots}. Use the same `--shots`."
    if one.batch_shape != other.batch_shape:
        return (
            f"{a.name} answered {_shape(one)}, {b.name} {_shape(other)}. "
            "That alone moves scores. Evaluate both with one runtime version."
        )
    for run in (a, b):
        if twice := _twice(run.outcomes):
            return f"{run.name} has item '{twice}' twice. Evaluate it again."
    if not pair(a.outcomes, b.outcomes).both:
        return f"{a.name} and {b.name} answered no item in common. Evaluate both again without an item limit."
    return None


def pair(a: Sequence[Outcome], b: Sequence[Outcome]) -> Pairs:
    """The outcomes by item. An item that one side did not answer is left out of `both` and named.

    >>> found = pair([Outcome(item_id="1", score=1.0)], [Outcome(item_id="1", problem="crash")])
    >>> found.both, found.unanswered_b
    ((), ('1',))
    """
    others = {outcome.item_id: outcome for outcome in b}
    ids = {outcome.item_id for outcome in a}
    both = [(one, others[one.item_id]) for one in a if one.item_id in others]
    return Pairs(
        both=tuple((one, other) for one, other in both if is_answered(one) and is_answered(other)),
        unanswered_a=tuple(one.item_id for one in a if not is_answered(one)),
        unanswered_b=tuple(other.item_id for other in b if not is_answered(other)),
        only_a=tuple(one.item_id for one in a if one.item_id not in others),
        only_b=tuple(other.item_id for other in b if other.item_id not in ids),
    )


def is_answered(outcome: Outcome) -> bool:
    """Whether an outcome counts. A wrong answer does."""
    return not outcome.problem and (outcome.correct is not None or outcome.score is not None)


def _shape(evaluation: Evaluation) -> str:
    return f"in batches of shape '{evaluation.batch_shape}'" if evaluation.batch_shape else "one item at a time"


def _twice(outcomes: Sequence[Outcome]) -> str | None:
    counts = Counter(outcome.item_id for outcome in outcomes)
    return next((item_id for item_id, count in counts.items() if count > 1), None)
