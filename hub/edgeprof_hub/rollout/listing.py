"""Rollouts as people read them: each group and device with its state, and why nothing moves."""

import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgeprof.tables.job_words import counts_text
from edgeprof.wire import rest
from edgeprof.wire.rollouts import GroupState, Rollout, RolloutDevice, RolloutGroup
from edgeprof_hub import device_kinds, hub_clock
from edgeprof_hub.context import HubContext
from edgeprof_hub.rollout import actions, thresholds
from edgeprof_hub.store.rollouts import DeviceRow, GroupRow, RolloutRow

MAX_ID_CHARS = 12


@dataclass(frozen=True)
class _Known:
    """Names for one answer."""

    devices: Mapping[str, rest.DeviceRecord]
    models: Mapping[str, rest.ModelRecord]

    def model(self, model_id: str) -> str:
        found = self.models.get(model_id)
        return found.shown_name if found else model_id[:MAX_ID_CHARS]

    def label(self, device_id: str) -> str:
        found = self.devices.get(device_id)
        return found.label if found else device_id


def newest(hub: HubContext, limit: int = 50) -> list[Rollout]:
    """Newest first, without their devices."""
    known = _known(hub)
    return [_rollout(hub, row, known, with_devices=False) for row in hub.reader.rollouts.newest(limit)]


def shown(hub: HubContext, rollout_id: str) -> Rollout:
    """One, with its devices. Raises EdgeprofError not_found."""
    return _rollout(hub, actions.get(hub, rollout_id), _known(hub), with_devices=True)


def _known(hub: HubContext) -> _Known:
    return _Known(
        {each.device_id: each for each in hub.reader.devices()}, {each.model_id: each for each in hub.reader.models()}
    )


def _rollout(hub: HubContext, row: RolloutRow, known: _Known, *, with_devices: bool) -> Rollout:
    rows = hub.reader.rollouts.groups(row.rollout_id)
    by_group: dict[int, list[DeviceRow]] = defaultdict(list)
    for device in hub.reader.rollouts.devices(row.rollout_id):
        by_group[device.number].append(device)
    groups = tuple(_group(row, each, by_group[each.number], len(rows)) for each in rows)
    model = known.models.get(row.model_id)
    jobs = _jobs(hub, rows) if with_devices else {}
    return Rollout(
        rollout_id=row.rollout_id,
        kind=row.kind,
        created_s=row.created_s,
        ended_s=row.ended_s,
        state=row.state,
        stands=_stands(row, groups, by_group, known, time.time()),
        model_id=row.model_id,
        model_name=known.model(row.model_id),
        family=model.family if model else "",
        of_rollout_id=row.of_rollout_id,
        plan=row.request.plan,
        time_zone=hub_clock.zone_text(time.time()),
        start_s=row.start_s,
        groups=groups,
        devices=tuple(
            _device(each, jobs.get(each.device_id, ()), known, row, groups[each.number])
            for own in by_group.values()
            for each in own
        )
        if with_devices
        else (),
        notes=row.notes,
        may_roll_back=len(actions.may_roll_back(hub, row.rollout_id)) if with_devices else 0,
    )


def _jobs(hub: HubContext, groups: Sequence[GroupRow]) -> dict[str, list[rest.JobRecord]]:
    found: dict[str, list[rest.JobRecord]] = defaultdict(list)
    for group in groups:
        campaign = hub.reader.campaign(group.campaign_id) if group.campaign_id else None
        for job in campaign.jobs if campaign else ():
            found[job.device_id].append(job)
    return found


def _group(row: RolloutRow, group: GroupRow, devices: Sequence[DeviceRow], of: int) -> RolloutGroup:
    count = thresholds.count([device.outcome for device in devices], row.request.plan)
    counts = Counter(device.outcome or "open" for device in devices)
    return RolloutGroup(
        number=group.number,
        title=group.title,
        state=_state(row, group, count, group.number == of - 1),
        size=len(devices),
        counts=dict(counts),
        needs=count.needs,
        may_fail=count.may_fail,
        campaign_id=group.campaign_id or "",
        started_s=group.started_s,
        approved_s=group.approved_s,
    )


def _state(row: RolloutRow, group: GroupRow, count: thresholds.Count, is_last: bool) -> GroupState:
    if group.started_s is None:
        return "waiting"
    if count.state == "passed" and group.approved_s is None:
        asks = thresholds.needs_approval(row.request.plan, group.number, is_last)
        return "approval" if asks else "passed"
    if count.state == "short" and group.approved_s is not None:
        return "passed"
    return count.state


def _device(
    row: DeviceRow, jobs: Sequence[rest.JobRecord], known: _Known, rollout: RolloutRow, group: RolloutGroup
) -> RolloutDevice:
    record = known.devices.get(row.device_id)
    mine = [job for job in jobs if job.model_id == row.model_id]
    return RolloutDevice(
        device_id=row.device_id,
        label=known.label(row.device_id),
        kind=device_kinds.title_of(record) if record else "deleted",
        online=record is not None and record.online,
        group=row.number,
        model_id=row.model_id,
        model_name=known.model(row.model_id),
        previous_model_id=row.previous_model_id,
        previous_name=known.model(row.previous_model_id) if row.previous_model_id else "",
        reference_name=known.model(row.reference_model_id) if row.reference_model_id else "",
        outcome=row.outcome,
        sentence=row.sentence if row.outcome else _doing(jobs, rollout, group, record),
        compared=row.compared,
        gate_sentences=row.gates,
        result_id=next((job.result_id for job in reversed(mine) if job.result_id), "") or "",
    )


def _doing(
    jobs: Sequence[rest.JobRecord], rollout: RolloutRow, group: RolloutGroup, device: rest.DeviceRecord | None
) -> str:
    """What an undecided device does now."""
    if rollout.ended_s is not None:
        return "" if group.started_s is None else "Its jobs were cancelled."
    if group.started_s is None:
        return "Waits for its group."
    away = "Offline. " if device is not None and not device.online else ""
    flashed = sum(job.state_word == "flashed" for job in jobs)
    return f"{away}{counts_text(Counter(job.state for job in jobs), flashed)}".strip()


def _stands(
    row: RolloutRow,
    groups: Sequence[RolloutGroup],
    devices: Mapping[int, Sequence[DeviceRow]],
    known: _Known,
    now_s: float,
) -> str:
    """Why nothing moves, or what it waits for."""
    if row.ended_s is not None:
        return row.reason
    if row.state == "paused":
        return "Paused by a person. Jobs that devices have go on."
    if row.start_s is not None and now_s < row.start_s:
        return f"Starts at {hub_clock.clock_text(row.start_s)}."
    started = [group for group in groups if group.started_s is not None]
    if not started or (started[-1].state == "passed" and len(started) < len(groups)):
        return _before_the_next(row, now_s)
    return _in_group(row, started[-1], devices[started[-1].number], known, now_s)


def _before_the_next(row: RolloutRow, now_s: float) -> str:
    window = hub_clock.parse_window(row.request.plan.window)
    if window is None or window.holds(now_s):
        return "The next group starts within seconds."
    return f"Outside its hours. Goes on at {hub_clock.clock_text(window.next_start_s(now_s))}."


def _in_group(row: RolloutRow, group: RolloutGroup, devices: Sequence[DeviceRow], known: _Known, now_s: float) -> str:
    title = f"Group {group.number + 1} ({group.title}, {group.size} device{'s' * (group.size != 1)})"
    if group.state == "approval":
        return f"{title} passed. Waits for your approval."
    if group.state == "short":
        done, unsure = group.counts.get("succeeded", 0), group.counts.get("undecided", 0)
        why = f", {unsure} undecided" if unsure else ""
        return f"{title} has ended: {done} of {group.needs} needed succeeded{why}. Approve it to go on, or abort."
    undecided = [each.device_id for each in devices if not each.outcome]
    away = [each for each in undecided if each in known.devices and not known.devices[each].online]
    offline = f" {len(away)} offline." if away else ""
    window = hub_clock.parse_window(row.request.plan.window)
    if window is not None and not window.holds(now_s):
        return f"Outside its hours. Goes on at {hub_clock.clock_text(window.next_start_s(now_s))}."
    return f"{title} runs: {len(undecided)} not decided yet.{offline}"
