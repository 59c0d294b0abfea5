"""Moves rollouts forward: judges devices, applies thresholds, starts groups. Each step is stored, and happens once."""

import logging
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from edgeprof.errors import EdgeprofError
from edgeprof.wire import rest
from edgeprof.wire.notices import Notice, NoticeKind
from edgeprof.wire.rollouts import OPEN_ROLLOUTS, RolloutState
from edgeprof_hub import hub_clock
from edgeprof_hub.context import HubContext
from edgeprof_hub.events import Change
from edgeprof_hub.people import audit
from edgeprof_hub.rollout import deciding, starting, thresholds
from edgeprof_hub.store import quarantines, rollouts
from edgeprof_hub.store.rollouts import DeviceRow, GroupRow, RolloutRow
from edgeprof_hub.store.writer import SqliteWriter

log = logging.getLogger(__name__)

TICK_EVERY_S = 2.0


def tick(hub: HubContext) -> None:
    """Look at every open rollout once. One that cannot be moved keeps no other from it."""
    try:
        _tell_of_quarantines(hub)
        found = hub.reader.rollouts.open()
    except Exception:
        log.exception("rollout.unread")
        return
    for row in found:
        try:
            step(hub, row, time.time())
        except EdgeprofError as error:
            log.warning("rollout.not_moved rollout=%s reason=%s", row.rollout_id, error)
        except Exception:
            log.exception("rollout.failed rollout=%s", row.rollout_id)


def step(hub: HubContext, row: RolloutRow, now_s: float) -> None:
    """Move one rollout as far as it goes now."""
    groups = hub.reader.rollouts.groups(row.rollout_id)
    for group in groups:
        if group.campaign_id is not None:
            _decide(hub, row, group, now_s)
    devices = _by_group(hub, row)
    plan = row.request.plan
    for group in groups:
        count = thresholds.count([device.outcome for device in devices[group.number]], plan)
        if group.started_s is not None and count.state == "failed":
            end(hub, row, "stopped", _why_stopped(hub, group, count, devices[group.number]), now_s)
            return
    started = [group for group in groups if group.started_s is not None]
    if row.state != "running" or (row.start_s is not None and now_s < row.start_s):
        return
    if started and not _may_leave(hub, row, started[-1], devices[started[-1].number], len(groups)):
        return
    if len(started) < len(groups):
        if hub_clock.may_send(plan.window, now_s):
            following = groups[len(started)]
            starting.start_group(hub, row, following, devices[following.number], now_s)
    elif all(device.outcome for own in devices.values() for device in own):
        end(hub, row, "finished", _summary(devices), now_s)


def end(hub: HubContext, row: RolloutRow, state: RolloutState, reason: str, now_s: float) -> bool:
    """End a rollout: open jobs are cancelled, finished ones stay. False where it has ended already.

    In one transaction: a hub that stops in between sends no job of a rollout that has ended.
    """

    def write(store: SqliteWriter) -> list[str] | None:
        with store.transaction():
            if not store.change(
                lambda db: rollouts.set_state(db, row.rollout_id, state, reason, now_s, before=OPEN_ROLLOUTS)
            ):
                return None
            if state == "stopped":  # nobody's request: the hub did it
                store.change(lambda db: audit.record(db, "hub", "rollout.stop", row.rollout_id, reason, at_s=now_s))
            campaigns = [each.campaign_id for each in hub.reader.rollouts.groups(row.rollout_id) if each.campaign_id]
            of_these = (rest.JobFilter(campaign_id=each, states=rest.OPEN_STATES) for each in campaigns)
            return hub.dispatch.cancel(store, [job_id for which in of_these for job_id in hub.reader.jobs.ids(which)])

    cancelled = hub.writer.call(write)
    if cancelled is None:
        return False
    hub.events.publish([Change("rollout", row.rollout_id), *(Change("job", job_id) for job_id in cancelled)])
    kind: NoticeKind = "rollout_stopped" if state == "stopped" else "rollout_ended"
    notify(hub, row, kind, f"{_title(hub, row)} {state}. {reason}".strip())
    return True


def notify(hub: HubContext, row: RolloutRow, kind: NoticeKind, sentence: str) -> None:
    """Tell people, by the hub's notices."""
    log.info("notice kind=%s %s", kind, sentence)
    hub.notices.send(
        Notice(
            kind=kind,
            hub_id=hub.hub_id,
            at_s=time.time(),
            sentence=sentence,
            path=f"/rollouts/{row.rollout_id}",
            model_id=row.model_id,
            rollout_id=row.rollout_id,
        )
    )


def _decide(hub: HubContext, row: RolloutRow, group: GroupRow, now_s: float) -> None:
    """Judge the devices of a group whose jobs have all ended."""
    waiting = [each for each in _by_group(hub, row)[group.number] if not each.outcome]
    campaign = hub.reader.campaign(group.campaign_id or "") if waiting else None
    if campaign is None:
        return
    jobs: dict[str, list[rest.JobRecord]] = defaultdict(list)
    for job in campaign.jobs:
        jobs[job.device_id].append(job)
    changed = False
    for device in waiting:
        found = deciding.decided(hub, device, jobs[device.device_id], row.request.plan, now_s)
        if found is not None and found.outcome == "succeeded" and _flashes(hub, row, group, found, jobs):
            continue
        if found is not None:
            changed = True
            hub.writer.call(lambda store, found=found: store.change(lambda db: rollouts.decide(db, found)))
    if changed:
        hub.events.publish([Change("rollout", row.rollout_id)])


def _flashes(
    hub: HubContext, row: RolloutRow, group: GroupRow, device: DeviceRow, jobs: Mapping[str, Sequence[rest.JobRecord]]
) -> bool:
    """Whether a device that passed its checks has yet to switch to the model: then its last job is queued, once."""
    if any(job.config.load_only for job in jobs[device.device_id]):
        return False
    record, model = hub.reader.device(device.device_id), hub.reader.model(device.model_id)
    job = starting.flash_job(row, model, record, time.time()) if record and model else None
    if job is None:
        return False
    mine = replace(job, campaign_id=group.campaign_id or "")
    if hub.writer.call(lambda store: store.change(lambda db: rollouts.add_flash(db, mine))):
        hub.writer.post(hub.dispatch.send_waiting)
        hub.events.publish([Change("job", mine.job_id)])
    return True


def _may_leave(hub: HubContext, row: RolloutRow, group: GroupRow, devices: Sequence[DeviceRow], of: int) -> bool:
    """Whether the next group may start after this one; people are told once where it waits for them."""
    plan = row.request.plan
    state = thresholds.count([device.outcome for device in devices], plan).state
    is_last = group.number == of - 1
    if group.approved_s is not None or (state == "short" and is_last):
        return True
    waits = state == "short" or (state == "passed" and thresholds.needs_approval(plan, group.number, is_last))
    if waits and hub.writer.call(
        lambda store: store.change(lambda db: rollouts.stamp_group(db, group, "noticed_s", time.time()))
    ):
        notify(hub, row, "rollout_waits", f"{_title(hub, row)} waits for approval after {group.title!r}.")
    return state == "passed" and not waits


def _tell_of_quarantines(hub: HubContext) -> None:
    if not hub.reader.quarantines.untold():
        return
    for quarantine_id in hub.writer.call(lambda store: store.change(lambda db: quarantines.notice(db, time.time()))):
        found = hub.reader.quarantines.one(quarantine_id)
        if found is not None:
            sentence = (
                f"{found.model_name} is quarantined on {found.kind_title}: {len(found.crashes)} crashes in a row."
            )
            notice = Notice(
                kind="model_quarantined",
                hub_id=hub.hub_id,
                at_s=time.time(),
                sentence=sentence,
                path="/rollouts#quarantine",
                model_id=found.model_id,
            )
            log.info("notice kind=%s %s", notice.kind, notice.sentence)
            hub.notices.send(notice)


def _by_group(hub: HubContext, row: RolloutRow) -> dict[int, list[DeviceRow]]:
    found: dict[int, list[DeviceRow]] = defaultdict(list)
    for device in hub.reader.rollouts.devices(row.rollout_id):
        found[device.number].append(device)
    return found


def _why_stopped(hub: HubContext, group: GroupRow, count: thresholds.Count, devices: Sequence[DeviceRow]) -> str:
    """How many failed, and what the first of them showed."""
    first = next(device for device in devices if device.outcome == "failed")
    record = hub.reader.device(first.device_id)
    title = f"{group.title[0].upper()}{group.title[1:]}"
    what = f"{title}: {count.failed} of {count.size} device{'s' * (count.size != 1)} failed."
    return f"{what} {record.label if record else first.device_id}: {first.sentence}"


def _summary(devices: dict[int, list[DeviceRow]]) -> str:
    outcomes = [device.outcome for own in devices.values() for device in own]
    words = ("succeeded", "failed", "undecided", "cancelled")
    counts = ", ".join(f"{outcomes.count(word)} {word}" for word in words if word in outcomes)
    return f"{len(outcomes)} device{'s' * (len(outcomes) != 1)}: {counts}."


def _title(hub: HubContext, row: RolloutRow) -> str:
    model = hub.reader.model(row.model_id)
    return f"{row.kind.capitalize()} of {model.shown_name if model else row.model_id[:12]}"
