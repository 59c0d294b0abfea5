"""An evaluation as it crosses the wire: which set was asked, what became of its items, and why it ended."""

from dataclasses import dataclass, field
from typing import Literal

from edgeprof.wire.files import Manifest

EvaluationEnd = Literal["all", "item_limit", "time_limit", "crashes"]
"""Why an evaluation took no more items. `crashes`: too many items ended the worker."""

MAX_PROBLEMS = 20
"""Items with a problem that a result names; the artifact `outcomes` has all of them."""


@dataclass(frozen=True, kw_only=True)
class EvaluationSetRef:
    """An evaluation set as a job names it. `set_id` is also `RunConfig.evaluation_set`."""

    set_id: str
    name: str
    task: str
    items: int
    manifest: Manifest


@dataclass(frozen=True, kw_only=True)
class ItemProblem:
    """An item without an answer, and why."""

    item_id: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What a run found of a model's quality. Figures are in the result's metrics, items in its artifact `outcomes`."""

    set_id: str
    set_name: str
    task: str
    asked: int
    """Items that the run was to answer: all of the set, or its first so many."""
    answered: int
    """Items with an outcome that counts. A wrong answer is one; no answer is a problem."""
    ended: EvaluationEnd
    problems: tuple[ItemProblem, ...] = ()
    """The first of the items without an answer."""
    problem_count: int = 0
    """Items with a problem, of which `problems` has the first."""
    unanswered: int = 0
    """Items without an answer: those with a problem, and those that the run did not come to."""
    resumed: int = 0
    """Items whose outcome an earlier start of the same job had already found."""
    batch_shape: str = ""
    """How items share the runtime's calls: scores of two shapes are never compared. Empty: one at a time."""
    language: str = ""
    """BCP 47 of the set's texts; empty where it has none, or an older agent ran it."""
    parent: str = ""
    """Of a perturbed set: the id of the set that it was made from."""
    perturbation: str = ""
    """What was done to the parent's items, as `noise(sigma=0.1, seed=1)`."""
    groups: int = 0
    """Groups of repeats or wordings among the answered items, an item of no group being one of its own: on how many
    independent items the figures rest. 0: an older agent ran it."""
    context_tokens: int | None = None
    """Tokens of context that a language model was trained for; None: of another model, or not reported."""
    architecture: str = ""
    """Of the process that ran the model, as `x86_64` or `aarch64`: a gate holds for one. Empty: not reported."""
    pipeline_parts_ms: dict[str, float] = field(default_factory=lambda: {})
    """Median time of each part of the pipeline: `decode`, `prepare`, `model`, `finish`."""
