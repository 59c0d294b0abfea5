"""The context of the pages of rollouts: the list with quarantined models, and one rollout with all its devices."""

from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof.tables import durations
from edgeprof.tables.figures import number
from edgeprof.tables.rollouts import counts_text, devices_text, group_word
from edgeprof.wire.rollouts import OPEN_ROLLOUTS, Quarantine, Rollout, RolloutDevice, RolloutGroup

MAX_DEVICES_SHOWN = 200
"""The whole list is in the JSON."""
_FIRST = ("failed", "undecided", "", "cancelled", "succeeded", "waiting")


@dataclass(frozen=True)
class RolloutLine:
    """One rollout as a row."""

    rollout: Rollout
    devices: str
    age: str


@dataclass(frozen=True)
class RolloutsPage:
    """The list."""

    lines: tuple[RolloutLine, ...]
    quarantines: Sequence[Quarantine]
    now_s: float

    @property
    def holding(self) -> list[Quarantine]:
        """Those that keep a model from a kind of device."""
        return [each for each in self.quarantines if each.lifted_s is None]


@dataclass(frozen=True)
class GroupLine:
    """One group as a row."""

    group: RolloutGroup
    word: str
    counts: str
    succeeded: int
    rule: str


@dataclass(frozen=True)
class ComparedLine:
    """What one device showed of the model beside its reference."""

    device: RolloutDevice
    reference_ms: str
    model_ms: str
    ratio: str
    interval: str
    runs: str


@dataclass(frozen=True)
class RolloutPage:
    """One rollout."""

    rollout: Rollout
    groups: tuple[GroupLine, ...]
    compared: tuple[ComparedLine, ...]
    devices: tuple[RolloutDevice, ...]
    left_out: int
    rules: tuple[str, ...]
    quarantines: Sequence[Quarantine]
    age: str

    @property
    def is_open(self) -> bool:
        """Whether it can be paused and aborted."""
        return self.rollout.state in OPEN_ROLLOUTS

    @property
    def waits(self) -> bool:
        """Whether a person may approve the group that was started last."""
        begun = [group for group in self.rollout.groups if group.started_s is not None]
        if not self.is_open or not begun:
            return False
        is_last = begun[-1].number == self.rollout.groups[-1].number
        return begun[-1].state == "approval" or (begun[-1].state == "short" and not is_last)

    @property
    def gated(self) -> list[RolloutDevice]:
        """Devices whose answers were judged."""
        return [device for device in self.devices if device.gate_sentences]


def rollouts_page(found: Sequence[Rollout], quarantines: Sequence[Quarantine], now_s: float) -> RolloutsPage:
    """Newest first."""
    return RolloutsPage(
        lines=tuple(
            RolloutLine(one, devices_text(one.groups), durations.age_text(now_s - one.created_s)) for one in found
        ),
        quarantines=quarantines,
        now_s=now_s,
    )


def rollout_page(one: Rollout, quarantines: Sequence[Quarantine], now_s: float) -> RolloutPage:
    """What failed comes first. `quarantines`: of any model; those of this one are shown."""
    begun = {group.number for group in one.groups if group.started_s is not None}

    def place(each: RolloutDevice) -> tuple[int, int, str]:
        return _FIRST.index(each.outcome if each.outcome or each.group in begun else "waiting"), each.group, each.label

    ordered = sorted(one.devices, key=place)
    return RolloutPage(
        rollout=one,
        groups=tuple(_group(one, group) for group in one.groups),
        compared=tuple(_compared(device) for device in ordered if device.compared is not None),
        devices=tuple(ordered[:MAX_DEVICES_SHOWN]),
        left_out=max(0, len(ordered) - MAX_DEVICES_SHOWN),
        rules=tuple(_rules(one)),
        quarantines=[each for each in quarantines if each.model_id == one.model_id],
        age=durations.age_text(now_s - one.created_s),
    )


def _group(one: Rollout, group: RolloutGroup) -> GroupLine:
    return GroupLine(
        group=group,
        word=group_word(one, group),
        counts=counts_text(one, group),
        succeeded=group.counts.get("succeeded", 0),
        rule=f"needs {group.needs}, stops at {group.may_fail + 1} failed",
    )


def _compared(device: RolloutDevice) -> ComparedLine:
    found = device.compared
    assert found is not None
    return ComparedLine(
        device=device,
        reference_ms=number(found.reference_ms),
        model_ms=number(found.model_ms),
        ratio=f"{found.ratio:.2f} ×",
        interval=f"{found.low:.2f} to {found.high:.2f}",
        runs=f"{found.reference_runs} and {found.model_runs}",
    )


def _rules(one: Rollout) -> list[str]:
    """What the plan says, in sentences."""
    plan = one.plan
    if one.kind == "rollback":
        return ["Each device gets the model that it ran before, at once and without checks."]
    where = "in every group" if plan.check_every_group else "in the canary"
    rules = [
        f"A group passes when {plan.success_percent:g} % of its devices succeed.",
        f"{plan.error_percent:g} % failed stop the rollout, at least {plan.error_min}.",
    ]
    limits = [
        f"{title} by more than {limit:g} %"
        for title, limit in (
            ("slower than the reference", plan.max_slowdown_percent),
            ("p95 higher", plan.max_p95_slowdown_percent),
            ("peak memory higher", plan.max_memory_growth_percent),
        )
        if limit is not None
    ]
    if not limits:
        rules.append("Speed is not compared.")
    else:
        rules.append(
            f"A failure, {where}: {', '.join(limits)}. It rests on {plan.compare_runs} runs of each model, interleaved."
        )
    rules.append(f"A failed quality gate is a failure, {where}." if plan.gates else "Quality gates are not checked.")
    if plan.approval != "none":
        rules.append(f"A person approves after {'the canary' if plan.approval == 'canary' else 'every group'}.")
    if plan.window:
        rules.append(f"Jobs are sent only at {plan.window} by the hub's clock, {one.time_zone}.")
    return rules
