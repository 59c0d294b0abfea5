"""What a person does with a rollout: pause, resume, approve, abort, roll back; and lift a quarantine."""

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from edgeprof.errors import EdgeprofError
from edgeprof.wire import identity, rest
from edgeprof.wire.rollouts import OPEN_ROLLOUTS, RolloutPlan, RolloutRequest, RolloutState
from edgeprof_hub.broker.dispatch import FLASH_ABILITY
from edgeprof_hub.context import HubContext
from edgeprof_hub.events import Change
from edgeprof_hub.failures import not_found
from edgeprof_hub.people import audit
from edgeprof_hub.rollout import starting, thresholds, ticking
from edgeprof_hub.store import quarantines, rollouts
from edgeprof_hub.store.rollouts import DeviceRow, GroupRow, RolloutRow
from edgeprof_hub.store.writer import SqliteWriter

AGAIN = ("", "failed", "undecided", "cancelled")
"""Outcomes of devices that a resumed rollout tries again; those without one lost their jobs when it stopped."""


def get(hub: HubContext, rollout_id: str) -> RolloutRow:
    """One rollout. Raises EdgeprofError not_found."""
    row = hub.reader.rollouts.one(rollout_id)
    if row is None:
        raise not_found("rollout", rollout_id)
    return row


def pause(hub: HubContext, rollout_id: str) -> None:
    """Send nothing more, start no group. What a device has goes on."""
    _set(hub, get(hub, rollout_id), "paused", before=("running",))


def resume(hub: HubContext, rollout_id: str) -> None:
    """Go on; of a rollout that a threshold stopped, run its failed and undecided devices again."""
    row = get(hub, rollout_id)
    if row.state == "paused":
        _set(hub, row, "running", before=("paused",))
    elif row.state == "stopped":
        _again(hub, row)
    elif row.state != "running":
        raise starting.refuse_ended(row)
    ticking.tick(hub)


def approve(hub: HubContext, rollout_id: str) -> None:
    """Let the next group start after one that waits for a person. Raises EdgeprofError rollout_not_waiting."""
    row = get(hub, rollout_id)
    if row.state not in OPEN_ROLLOUTS:
        raise starting.refuse_ended(row)
    groups = hub.reader.rollouts.groups(rollout_id)
    group = next((each for each in reversed(groups) if each.started_s is not None), None)
    devices = hub.reader.rollouts.devices(rollout_id)
    here = [each for each in devices if group is not None and each.number == group.number]
    state = thresholds.count([each.outcome for each in here], row.request.plan).state
    is_last = group is not None and group.number == groups[-1].number
    asks = group is not None and thresholds.needs_approval(row.request.plan, group.number, is_last)
    waits = (state == "passed" and asks) or (state == "short" and not is_last)
    if group is None or not waits or group.approved_s is not None:
        raise EdgeprofError("rollout_not_waiting", "This rollout does not wait for an approval.")
    hub.writer.call(lambda store: store.change(lambda db: rollouts.stamp_group(db, group, "approved_s", time.time())))
    hub.events.publish([Change("rollout", rollout_id)])
    ticking.tick(hub)


def abort(hub: HubContext, rollout_id: str) -> None:
    """Cancel its open jobs and start nothing more. Devices that have the model keep it."""
    row = get(hub, rollout_id)
    if not ticking.end(hub, row, "aborted", "Aborted by a person.", time.time()):
        raise starting.refuse_ended(get(hub, rollout_id))


def may_roll_back(hub: HubContext, rollout_id: str) -> list[DeviceRow]:
    """The devices that got the model and ran another one of its family before."""
    row = get(hub, rollout_id)
    if row.kind == "rollback":
        return []
    able = {each.device_id for each in hub.reader.devices() if each.facts and FLASH_ABILITY in each.facts.abilities}
    jobs: dict[str, list[rest.JobRecord]] = defaultdict(list)
    for group in hub.reader.rollouts.groups(rollout_id):
        campaign = hub.reader.campaign(group.campaign_id) if group.campaign_id else None
        for job in campaign.jobs if campaign else ():
            if job.model_id == row.model_id:
                jobs[job.device_id].append(job)
    return [
        each
        for each in hub.reader.rollouts.devices(rollout_id)
        if each.previous_model_id and _may_have(jobs[each.device_id], each.device_id in able)
    ]


def roll_back(hub: HubContext, rollout_id: str) -> str:
    """Flash again what each device ran before; a rollout that is open is aborted. The rollback's id."""
    row = get(hub, rollout_id)
    devices = may_roll_back(hub, rollout_id)
    if not devices:
        raise EdgeprofError(
            "nothing_to_roll_back",
            "No device of this rollout got the model after another one of its family. Flash a model instead.",
        )
    ticking.end(hub, row, "aborted", "Rolled back by a person.", time.time())
    back = RolloutRow(
        rollout_id=identity.new_id(),
        kind="rollback",
        of_rollout_id=rollout_id,
        model_id=row.model_id,
        created_s=time.time(),
        start_s=None,
        request=_back_request(row.request, devices),
        notes=(),
        state="running",
        reason="",
        ended_s=None,
    )
    group = GroupRow(rollout_id=back.rollout_id, number=0, title="all")
    rows = [
        DeviceRow(rollout_id=back.rollout_id, device_id=each.device_id, number=0, model_id=each.previous_model_id)
        for each in devices
    ]
    starting.create(hub, back, [group], rows)
    audit.about(rollout_id, f"{len(devices)} devices, by rollout {back.rollout_id}")
    ticking.tick(hub)
    return back.rollout_id


def lift(hub: HubContext, quarantine_id: int) -> None:
    """Send the model to that kind again. Raises EdgeprofError not_found, quarantine_lifted."""
    found = hub.reader.quarantines.one(quarantine_id)
    if found is None:
        raise not_found("quarantine", str(quarantine_id))
    if not hub.writer.call(lambda store: store.change(lambda db: quarantines.lift(db, quarantine_id, time.time()))):
        raise EdgeprofError("quarantine_lifted", "This quarantine is lifted already.")
    audit.about(found.model_id, f"{found.model_name} on {found.kind_title}")
    hub.events.publish([Change("rollout", "")])


def _set(hub: HubContext, row: RolloutRow, state: RolloutState, *, before: tuple[RolloutState, ...]) -> None:
    done = hub.writer.call(
        lambda store: store.change(lambda db: rollouts.set_state(db, row.rollout_id, state, "", None, before=before))
    )
    if not done:
        now = get(hub, row.rollout_id)
        if now.state != state:
            raise starting.refuse_ended(now)
    hub.events.publish([Change("rollout", row.rollout_id)])
    hub.writer.post(hub.dispatch.send_waiting)


def _again(hub: HubContext, row: RolloutRow) -> None:
    """Run the failed devices of a stopped rollout again, and go on."""
    devices = {each.device_id: each for each in hub.reader.rollouts.devices(row.rollout_id) if each.outcome in AGAIN}
    model = hub.reader.model(row.model_id)
    starting.refuse_overlap(hub, model.family if model else "", devices)
    campaigns = [each.campaign_id for each in hub.reader.rollouts.groups(row.rollout_id) if each.campaign_id]
    jobs = [job for each in campaigns if (found := hub.reader.campaign(each)) for job in found.jobs]
    there = {each.device_id for each in hub.reader.devices()}
    theirs = [job for job in jobs if job.device_id in devices and job.device_id in there]
    passed = {job.device_id for job in theirs if job.config.load_only}  # their checks are done: the flash failed
    again = [job for job in theirs if job.config.load_only or job.device_id not in passed]

    def write(store: SqliteWriter) -> None:
        with store.transaction():
            if not store.change(
                lambda db: rollouts.set_state(db, row.rollout_id, "running", "", None, before=("stopped",))
            ):
                return
            store.change(lambda db: rollouts.decide_again(db, row.rollout_id, list({job.device_id for job in again})))
            store.change(lambda db: rollouts.clear_notice(db, row.rollout_id))
            for job in again:
                store.restart_job(job.job_id, job.attempt)

    hub.writer.call(write)
    hub.writer.post(hub.dispatch.send_waiting)
    hub.events.publish([Change("rollout", row.rollout_id), *(Change("job", job.job_id) for job in again)])


def _may_have(jobs: Sequence[rest.JobRecord], can_flash: bool) -> bool:
    """Whether a device may have the model from these jobs: it ran, or on a device that can switch, it was to switch."""
    sent = [job for job in jobs if job.result_id is not None or job.state not in ("queued", "cancelled")]
    return any(job.config.load_only for job in sent) if can_flash else bool(sent)


def _back_request(request: RolloutRequest, devices: list[DeviceRow]) -> RolloutRequest:
    """Each device's previous model once, without checks: it ran there before."""
    ids = tuple(each.device_id for each in devices)
    run = replace(
        request.run,
        model_ids=tuple(dict.fromkeys(each.previous_model_id for each in devices)),
        device_ids=ids,
        evaluation_sets=(),
        shots=0,
        evaluate_only=False,
        repeats=1,
    )
    plan = RolloutPlan(
        canary_devices=ids, stages_percent=(), error_percent=100.0, max_slowdown_percent=None, gates=False
    )
    return RolloutRequest(run=run, plan=plan)
