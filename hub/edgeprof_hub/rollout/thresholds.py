"""What the outcomes of a group's devices come to. Pure."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from edgeprof.wire.rollouts import DeviceOutcome, RolloutPlan

Tally = Literal["running", "passed", "failed", "short"]


@dataclass(frozen=True)
class Count:
    """Of one group. Devices whose jobs a person cancelled, and deleted ones, do not count."""

    size: int
    succeeded: int
    failed: int
    undecided: int
    cancelled: int
    needs: int
    """Devices that must succeed."""
    may_fail: int
    """One more failure stops the rollout."""

    @property
    def open(self) -> int:
        """Devices that are not decided."""
        return self.size - self.succeeded - self.failed - self.undecided

    @property
    def state(self) -> Tally:
        """`short`: every device has ended, neither threshold is reached."""
        if self.failed > self.may_fail:
            return "failed"
        if self.size and self.succeeded >= self.needs:
            return "passed"
        return "running" if self.open else "short"


def count(outcomes: Sequence[DeviceOutcome], plan: RolloutPlan) -> Count:
    """The group of these devices against the plan's thresholds.

    A failure stops where `error_percent` of the group failed, and `error_min` at least: of 20 devices at 10 % two do.
    """
    found = Counter(outcomes)
    size = len(outcomes) - found["cancelled"]
    stops_at = max(plan.error_min, math.ceil(size * plan.error_percent / 100 - 1e-9), 1)
    return Count(
        size=size,
        succeeded=found["succeeded"],
        failed=found["failed"],
        undecided=found["undecided"],
        cancelled=found["cancelled"],
        needs=max(1, math.ceil(size * plan.success_percent / 100 - 1e-9)) if size else 0,
        may_fail=stops_at - 1,
    )


def needs_approval(plan: RolloutPlan, number: int, is_last: bool) -> bool:
    """Whether a person must approve after a group that passed; the last one has nothing after it."""
    return not is_last and (plan.approval == "every" or (plan.approval == "canary" and number == 0))
