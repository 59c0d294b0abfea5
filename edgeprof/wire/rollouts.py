"""Rollouts on the REST API: one model to many devices in ordered groups, and models that a device kind cannot take."""

from dataclasses import dataclass, field
from typing import Literal

from edgeprof.wire.rest import CampaignRequest

RolloutState = Literal["running", "paused", "stopped", "aborted", "finished"]
"""`stopped`: by a threshold. `aborted`: by a person."""
OPEN_ROLLOUTS: tuple[RolloutState, ...] = ("running", "paused")
RolloutKind = Literal["rollout", "rollback"]
DeviceOutcome = Literal["", "succeeded", "failed", "undecided", "cancelled"]
"""Empty: not decided yet. `undecided`: it ran, and a check cannot say whether it holds."""
GroupState = Literal["waiting", "running", "short", "approval", "passed", "failed"]
"""`short`: every device has ended, too few succeeded. `approval`: passed, and a person must approve."""
RolloutAction = Literal["approve", "pause", "resume", "abort", "rollback"]
Approval = Literal["none", "canary", "every"]


@dataclass(frozen=True, kw_only=True)
class RolloutPlan:
    """How a model goes out. Percents count devices; `_s` fields are Unix time by the hub's clock.

    Without `canary_devices`, `canary_count` and `canary_percent` the canary is one device of each kind.

    Example: `RolloutPlan(canary_count=2, stages_percent=(50, 100), approval="canary")`.
    """

    canary_devices: tuple[str, ...] = ()
    """Ids; each must be among the devices of the request."""
    canary_count: int = 0
    canary_percent: float = 0.0
    stages_percent: tuple[float, ...] = (25.0, 100.0)
    """After the canary: the share of all devices, canary included, that each group brings the total to."""
    success_percent: float = 90.0
    """Of a group's devices that must succeed before the next group starts."""
    error_percent: float = 10.0
    """The rollout stops once so many of a group's devices failed, but not before `error_min` did."""
    error_min: int = 1
    max_slowdown_percent: float | None = 10.0
    """By how much the model may be slower than the reference on the same device; None: not compared."""
    max_p95_slowdown_percent: float | None = None
    """The same of the 95th percentile of its times; None: not compared."""
    max_memory_growth_percent: float | None = None
    """By how much its peak memory may exceed that of the reference; None: not compared."""
    reference_model_id: str = ""
    """Compared with this model; empty: with the one that each device ran before."""
    compare_runs: int = 3
    """Runs of each model, interleaved, that the comparison rests on."""
    check_every_group: bool = False
    """Compare, and answer evaluation sets, in every group; else in the canary alone."""
    gates: bool = True
    """Answer the sets that the family's gates name, and count a failed gate as a failure."""
    approval: Approval = "none"
    """After which groups a person must approve."""
    start_at: str = ""
    """`2026-12-01 02:00` by the hub's clock, or with an offset as in `2026-12-01T02:00+01:00`; empty: at once."""
    window: str = ""
    """Hours of the hub's clock in which jobs are sent, as `22:00-06:00`; empty: always."""

    @property
    def compares(self) -> bool:
        """Whether there is a limit that a reference is needed for."""
        limits = (self.max_slowdown_percent, self.max_p95_slowdown_percent, self.max_memory_growth_percent)
        return any(limit is not None for limit in limits)


@dataclass(frozen=True, kw_only=True)
class RolloutRequest:
    """Send `run`'s one model to its devices and groups by `plan`. `run.evaluation_sets` are answered, too."""

    run: CampaignRequest
    plan: RolloutPlan = field(default_factory=RolloutPlan)


@dataclass(frozen=True, kw_only=True)
class Compared:
    """The model beside the reference on one device, by the engine of `edgeprof compare`. Medians in ms.

    `ratio`: the model's time over the reference's, with its interval (`interval_percent`).
    """

    series: str
    reference_ms: float
    model_ms: float
    ratio: float
    low: float
    high: float
    interval_percent: int
    reference_runs: int
    model_runs: int
    reference_result_id: str = ""
    model_result_id: str = ""


@dataclass(frozen=True, kw_only=True)
class RolloutDevice:
    """One device of a rollout and what came of it."""

    device_id: str
    label: str
    kind: str
    online: bool
    group: int
    """Counts from 0."""
    model_id: str
    model_name: str
    previous_model_id: str
    """The model of the same family that it ran before; empty: none."""
    previous_name: str
    reference_name: str
    """What it is compared with; empty: with nothing."""
    outcome: DeviceOutcome
    sentence: str
    """Why, or what it does now."""
    compared: Compared | None = None
    gate_sentences: tuple[str, ...] = ()
    result_id: str = ""
    """The newest result of the model there."""


@dataclass(frozen=True, kw_only=True)
class RolloutGroup:
    """One group. `counts`: its devices by outcome, those without one under `open`."""

    number: int
    title: str
    state: GroupState
    size: int
    counts: dict[str, int]
    needs: int
    """Devices that must succeed."""
    may_fail: int
    """Failures that it bears: one more stops the rollout."""
    campaign_id: str = ""
    started_s: float | None = None
    approved_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """A rollout as it stands. `stands`: why nothing moves, or what it waits for, in a sentence."""

    rollout_id: str
    kind: RolloutKind
    created_s: float
    ended_s: float | None
    state: RolloutState
    stands: str
    model_id: str
    """Of a rollback: the model that is taken back."""
    model_name: str
    family: str
    of_rollout_id: str
    """Of a rollback: the rollout that it takes back."""
    plan: RolloutPlan
    time_zone: str
    """Of the hub's clock, as `UTC+01:00 (CET)`."""
    start_s: float | None
    groups: tuple[RolloutGroup, ...]
    devices: tuple[RolloutDevice, ...] = ()
    """Empty in a list of rollouts."""
    notes: tuple[str, ...] = ()
    """What a reader must know of the start: devices that were left out, a family without a gate."""
    may_roll_back: int = 0
    """Devices that have the model and ran another one of its family before."""


@dataclass(frozen=True, kw_only=True)
class Crash:
    """One run that ended in a crash."""

    result_id: str
    device_id: str
    code: str
    message: str
    at_s: float


@dataclass(frozen=True, kw_only=True)
class Quarantine:
    """A model that crashed a kind of device; it is not sent to that kind until a person lifts it."""

    quarantine_id: int
    model_id: str
    model_name: str
    kind: str
    kind_title: str
    created_s: float
    crashes: tuple[Crash, ...]
    lifted_s: float | None = None
