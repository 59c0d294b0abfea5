"""Quality on the REST API: gates with their verdicts, drift, and what a cell of the matrix shows beside its speed."""

from dataclasses import dataclass
from typing import Literal

VerdictState = Literal["passes", "fails", "undecided", "reference"]
"""`reference`: the evaluation that the others are held against."""
DriftKind = Literal["same", "scores_differ", "answers_differ", "quality_differs", "collapsed", "not_comparable"]


@dataclass(frozen=True, kw_only=True)
class GateVerdictRecord:
    """One gate on one variant in one runtime on one architecture, as of their newest evaluations."""

    family: str
    gate: str
    model_id: str
    base_key: str
    runtime: str
    """With its version."""
    architecture: str
    result_id: str
    reference_id: str
    """The evaluation that it was compared with; empty for a gate on a minimum."""
    state: VerdictState
    sentence: str
    n: int
    """Items that both answered."""


@dataclass(frozen=True, kw_only=True)
class DriftRecord:
    """One model's answers to the same items in two runtime versions, or on two architectures. Ids are of items."""

    family: str
    model_id: str
    set_id: str
    result_id: str
    other_id: str
    """The evaluation that it is compared with: the model's first one."""
    verdict: DriftKind
    sentence: str
    n: int
    answers_differ: tuple[str, ...] = ()
    gained: tuple[str, ...] = ()
    """Right here and wrong there."""
    lost: tuple[str, ...] = ()
    """Wrong here and right there."""
    unanswered_by_one: tuple[str, ...] = ()
    largest_score_difference: float | None = None


@dataclass(frozen=True, kw_only=True)
class NewGates:
    """The gates of a family, one line each; none: the family has none any more."""

    gates: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class LeadSet:
    """A set and a number of shots that models of a family answered."""

    set_id: str
    set_name: str
    shots: int
    evaluations: int
    is_lead: bool
    """The comparison shows the family's quality on it."""
    is_chosen: bool
    """A person chose it; else the one with most evaluations leads."""


@dataclass(frozen=True, kw_only=True)
class NewLead:
    """The lead set of a family, by its name, id or start of an id; empty: the one with most evaluations again."""

    set: str
    shots: int | None = None
    """None: the number of shots with most evaluations."""


@dataclass(frozen=True, kw_only=True)
class FamilyGates:
    """The gates of a family and their verdicts. A verdict follows its evaluation within seconds."""

    family: str
    gates: tuple[str, ...]
    verdicts: tuple[GateVerdictRecord, ...] = ()
    sets: tuple[LeadSet, ...] = ()
    """What its models answered, with the lead set."""


@dataclass(frozen=True, kw_only=True)
class CorrectCost:
    """What a right answer costs: cost or energy per inference over the share of right answers.

    The intervals are those of the share alone.
    """

    usd_per_1000: float | None = None
    usd_per_1000_low: float | None = None
    usd_per_1000_high: float | None = None
    energy_j: float | None = None
    """Of one right answer."""
    energy_j_low: float | None = None
    energy_j_high: float | None = None


@dataclass(frozen=True, kw_only=True)
class CellQuality:
    """Quality of a set-up: the figure on its family's lead set, its gates, its drift.

    `value` is None where this device answered no item of the set; verdicts come from the same runtime and architecture
    on another device then.
    """

    set_id: str = ""
    set_name: str = ""
    shots: int = 0
    result_id: str = ""
    metric: str = ""
    value: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    n: int = 0
    """Items answered."""
    gate: VerdictState | None = None
    """The worst of all its gates; None: the family has none."""
    gate_sentences: tuple[str, ...] = ()
    drift: DriftKind | None = None
    """None: nothing to compare with."""
    drift_sentence: str = ""
    correct: CorrectCost | None = None


@dataclass(frozen=True, kw_only=True)
class QualityRow:
    """One evaluation with everything that a decision needs: quality, gate, drift, and speed and cost of the set-up.

    Figures are in the unit of their metric. What is None was not measured or does not exist.
    """

    device_id: str
    device: str
    model_id: str
    family: str
    variant: str
    """The model's name."""
    quantization: str
    runtime: str
    """With its version."""
    architecture: str
    set_id: str
    set_name: str
    shots: int
    result_id: str
    metric: str
    value: float
    ci_low: float | None
    ci_high: float | None
    n: int
    unreal: str = ""
    """`emulated`, `replayed` or `predicted`: such an evaluation is never judged nor ranked."""
    smallest_difference: float | None = None
    """In points: what these items can show with a power of 80 % where two models differ on as few items as possible."""
    gate: VerdictState | None = None
    gate_sentences: tuple[str, ...] = ()
    drift: DriftKind | None = None
    drift_sentence: str = ""
    speed_metric: str = ""
    speed: float | None = None
    usd: float | None = None
    """Of one `usd_unit` on this device."""
    usd_unit: str = ""
    """`1,000 inferences` or `1M tokens`."""
    correct: CorrectCost | None = None
