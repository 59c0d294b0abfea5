"""Which device is in which group. Pure; the same request and seed give the same groups."""

import math
import random
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from edgeprof.errors import UsageError
from edgeprof.wire import rest
from edgeprof.wire.rollouts import RolloutPlan
from edgeprof_hub import device_kinds


@dataclass(frozen=True)
class Grouped:
    """One group: its title and its devices."""

    title: str
    device_ids: tuple[str, ...]


def grouped(devices: Sequence[rest.DeviceRecord], plan: RolloutPlan, had: Collection[str], seed: str) -> list[Grouped]:
    """The canary, then groups by share, none empty. `had`: devices that ran another model of the family before.

    A canary prefers devices that are online and have something to be compared with. Each further group takes the kinds
    in turn, so that no kind is left to the end. Raises UsageError for a canary device that is not among the devices.
    """
    order = _in_turn(devices, had, seed)
    canary = _canary(order, plan)
    rest_of_all = [device.device_id for device in order if device.device_id not in canary]
    groups = [Grouped("canary", tuple(canary))]
    done, total = len(canary), len(devices)
    for share in (*plan.stages_percent, 100.0):
        target = min(total, math.ceil(total * share / 100 - 1e-9))
        if target > done:
            here = rest_of_all[: target - done]
            rest_of_all = rest_of_all[len(here) :]
            groups.append(Grouped(f"up to {share:g} %", tuple(here)))
            done = target
    return groups


def _canary(order: Sequence[rest.DeviceRecord], plan: RolloutPlan) -> list[str]:
    ids = [device.device_id for device in order]
    if plan.canary_devices:
        missing = [each for each in plan.canary_devices if each not in ids]
        if missing:
            raise UsageError(
                "bad_rollout", f"The canary {missing[0][:80]!r} is not among the rollout's devices. Add it with --to."
            )
        return list(dict.fromkeys(plan.canary_devices))
    if plan.canary_count:
        return ids[: plan.canary_count]
    if plan.canary_percent:
        return ids[: max(1, math.ceil(len(ids) * plan.canary_percent / 100 - 1e-9))]
    first: dict[str, str] = {}
    for device in order:
        first.setdefault(device_kinds.of_record(device), device.device_id)
    return list(first.values())


def _in_turn(devices: Sequence[rest.DeviceRecord], had: Collection[str], seed: str) -> list[rest.DeviceRecord]:
    """One of each kind, a second of each kind and so on; within a kind drawn by lot, the best suited first."""
    draw = random.Random(seed)
    kinds: dict[str, list[rest.DeviceRecord]] = defaultdict(list)
    ordered = sorted(devices, key=lambda each: each.device_id)
    for device in draw.sample(ordered, len(ordered)):
        kinds[device_kinds.of_record(device)].append(device)
    ranked = [
        sorted(of_kind, key=lambda each: (not each.online, each.device_id not in had))
        for of_kind in sorted(kinds.values(), key=len, reverse=True)
    ]
    longest = max(map(len, ranked), default=0)
    return [of_kind[turn] for turn in range(longest) for of_kind in ranked if turn < len(of_kind)]


def check(plan: RolloutPlan, models: Mapping[str, rest.ModelRecord]) -> None:
    """Raises UsageError for the first value that cannot be followed."""
    ways = [bool(plan.canary_devices), bool(plan.canary_count), bool(plan.canary_percent)]
    if sum(ways) > 1:
        raise UsageError("bad_rollout", "Name the canary in one way: by devices, by a number or by a share.")
    _within("canary count", plan.canary_count, 0, 100_000)
    _within("canary share", plan.canary_percent, 0, 100)
    for share in plan.stages_percent:
        _within("share of a group", share, 0, 100)
    if list(plan.stages_percent) != sorted(set(plan.stages_percent)):
        raise UsageError("bad_rollout", "Shares of groups must grow, as in --stages 10,50,100.")
    if len(plan.stages_percent) > MAX_STAGES:
        raise UsageError("bad_rollout", f"A rollout has at most {MAX_STAGES} groups after the canary.")
    _within("success threshold", plan.success_percent, 0, 100)
    _within("error threshold", plan.error_percent, 0, 100)
    _within("error minimum", plan.error_min, 1, 100_000)
    _within("runs to compare", plan.compare_runs, 1, 100)
    for what, limit in (
        ("slowdown limit", plan.max_slowdown_percent),
        ("limit of the p95", plan.max_p95_slowdown_percent),
        ("limit of the memory", plan.max_memory_growth_percent),
    ):
        if limit is not None:
            _within(what, limit, 0, 1000)
    if plan.reference_model_id and plan.reference_model_id not in models:
        raise UsageError("unknown_model", f"No model {plan.reference_model_id[:80]!r} on this hub.")


MAX_STAGES = 50


def _within(what: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:  # not a number is in no range
        raise UsageError("bad_rollout", f"The {what} must be {low:g} to {high:g}; {value:g} is not.")
