"""A rollout from a request to rows, and the jobs of a group that starts."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.wire import identity, rest
from edgeprof.wire.rollouts import RolloutPlan, RolloutRequest
from edgeprof_hub import hub_clock
from edgeprof_hub.broker.dispatch import FLASH_ABILITY
from edgeprof_hub.campaigns import evaluation_jobs, planning
from edgeprof_hub.context import HubContext
from edgeprof_hub.events import Change
from edgeprof_hub.failures import not_found
from edgeprof_hub.people import audit
from edgeprof_hub.registry import evaluation_sets
from edgeprof_hub.rollout import grouping
from edgeprof_hub.store import rollouts
from edgeprof_hub.store.rollouts import DeviceRow, GroupRow, RolloutRow
from edgeprof_hub.store.writer import SqliteWriter

MAX_DEVICES = 5000


def start(hub: HubContext, request: RolloutRequest) -> str:
    """Check a request, draw its groups and store it; its canary starts with the next tick. The rollout's id."""
    model = _only_model(hub, request.run)
    models = {each.model_id: each for each in hub.reader.models()}
    grouping.check(request.plan, models)
    hub_clock.parse_window(request.plan.window)
    start_s = hub_clock.parse_start(request.plan.start_at)
    devices, notes = _devices(hub, request.run, model)
    sets = _sets(hub, request, model)
    planning.plan(
        replace(
            request.run,
            model_ids=(model.model_id,),
            evaluation_sets=tuple(one.set_id for one in sets),
            flash_only=False,
        ),
        [model],
        devices[:1],
        time.time(),
        sets=sets,
    )
    notes += _gate_notes(hub, request, model, sets)
    row = RolloutRow(
        rollout_id=identity.new_id(),
        kind="rollout",
        of_rollout_id="",
        model_id=model.model_id,
        created_s=time.time(),
        start_s=start_s,
        request=replace(
            request, run=replace(request.run, evaluation_sets=tuple(one.set_id for one in sets), groups=())
        ),
        notes=tuple(notes),
        state="running",
        reason="",
        ended_s=None,
    )
    refuse_overlap(hub, model.family, [device.device_id for device in devices])
    previous = ran_before(hub, [device.device_id for device in devices], model)
    groups = grouping.grouped(devices, request.plan, previous, row.rollout_id)
    create(
        hub,
        row,
        [GroupRow(rollout_id=row.rollout_id, number=number, title=one.title) for number, one in enumerate(groups)],
        [
            DeviceRow(
                rollout_id=row.rollout_id,
                device_id=device_id,
                number=number,
                model_id=model.model_id,
                previous_model_id=previous.get(device_id, ""),
                reference_model_id=reference_of(request.plan, number, model.model_id, previous.get(device_id, "")),
            )
            for number, one in enumerate(groups)
            for device_id in one.device_ids
        ],
    )
    return row.rollout_id


def create(hub: HubContext, row: RolloutRow, groups: Sequence[GroupRow], devices: Sequence[DeviceRow]) -> None:
    """Store a rollout, and show it to open pages."""
    hub.writer.call(lambda store: store.change(lambda db: rollouts.create(db, row, groups, devices)))
    model = hub.reader.model(row.model_id)
    audit.about(row.rollout_id, f"{model.name if model else row.model_id} to {len(devices)} devices")
    hub.events.publish([Change("rollout", row.rollout_id)])


def ran_before(hub: HubContext, device_ids: Sequence[str], model: rest.ModelRecord) -> dict[str, str]:
    """By device the other model of the family that it has."""
    others = [
        each.model_id for each in hub.reader.models() if each.family == model.family and each.model_id != model.model_id
    ]
    return hub.reader.rollouts.ran_before(device_ids, others) if others else {}


def reference_of(plan: RolloutPlan, number: int, model_id: str, previous_id: str) -> str:
    """What a device of this group is compared with; empty: with nothing."""
    is_checked = number == 0 or plan.check_every_group
    if not plan.compares or not is_checked:
        return ""
    found = plan.reference_model_id or previous_id
    return "" if found == model_id else found


def start_group(hub: HubContext, row: RolloutRow, group: GroupRow, devices: Sequence[DeviceRow], now_s: float) -> bool:
    """Queue the jobs of a group. False where somebody was quicker, or the rollout does not run any more.

    A device that cannot take the model has failed at once, with the reason.
    """
    campaign_id = identity.new_id()
    jobs: list[rest.JobRecord] = []
    started: list[DeviceRow] = []
    records = {each.device_id: each for each in hub.reader.devices()}
    for device in _with_previous(hub, row, devices):
        made, changed = _jobs_of(hub, row, device, records.get(device.device_id), now_s)
        jobs += [replace(job, campaign_id=campaign_id) for job in made]
        started.append(changed)

    def write(store: SqliteWriter) -> bool:
        with store.transaction():
            has_started = store.change(
                lambda db: rollouts.start_group(db, group, campaign_id if jobs else None, started, now_s)
            )
            if has_started and jobs:
                store.create_campaign(jobs)
            return has_started

    if not hub.writer.call(write):
        return False
    hub.writer.post(hub.dispatch.send_waiting)
    hub.events.publish([Change("rollout", row.rollout_id), *(Change("job", job.job_id) for job in jobs)])
    return True


def _with_previous(hub: HubContext, row: RolloutRow, devices: Sequence[DeviceRow]) -> list[DeviceRow]:
    """As of now: since the rollout was made, a device may have got another model."""
    model = hub.reader.model(row.model_id)
    if row.kind == "rollback" or model is None:
        return list(devices)
    previous = ran_before(hub, [device.device_id for device in devices], model)
    plan = row.request.plan
    return [
        replace(
            device,
            previous_model_id=previous.get(device.device_id, ""),
            reference_model_id=reference_of(plan, device.number, row.model_id, previous.get(device.device_id, "")),
        )
        for device in devices
    ]


def _jobs_of(
    hub: HubContext, row: RolloutRow, device: DeviceRow, record: rest.DeviceRecord | None, now_s: float
) -> tuple[list[rest.JobRecord], DeviceRow]:
    """A device's jobs: the model, and in the canary the reference interleaved with it; then its evaluations."""
    model = hub.reader.model(device.model_id)
    if record is None:
        return [], replace(device, outcome="cancelled", sentence="The device was deleted.", decided_s=now_s)
    if model is None:
        return [], replace(device, outcome="failed", sentence="The model was deleted from the hub.", decided_s=now_s)
    reference = hub.reader.model(device.reference_model_id) if device.reference_model_id else None
    if device.reference_model_id and (reference is None or not record.measures(reference.format)):
        device, reference = replace(device, reference_model_id="", sentence="its reference cannot run here."), None
    plan, run = row.request.plan, row.request.run
    is_checked = (device.number == 0 or plan.check_every_group) and row.kind == "rollout"
    if not is_checked and (run.flash_only or row.kind == "rollback"):
        flash = flash_job(row, model, record, now_s)
        if flash is not None:
            return [flash], device
    sets = [one for set_id in run.evaluation_sets if (one := hub.reader.evaluation_set(set_id))] if is_checked else []
    repeats = max(run.repeats, plan.compare_runs) if reference else run.repeats
    asked = replace(run, repeats=repeats, evaluate_only=False, flash_only=False, shots=run.shots if sets else 0)
    ran = hub.reader.evaluations.ran([device.device_id]) if sets else ()
    try:
        speeds = planning.plan(replace(asked, shots=0), [each for each in (reference, model) if each], [record], now_s)
        answers = (
            planning.plan(replace(asked, evaluate_only=True), [model], [record], now_s, sets=sets, ran=ran)
            if sets
            else []
        )
    except UsageError as error:
        return [], replace(device, outcome="failed", sentence=error.message, decided_s=now_s)
    return [*speeds, *answers], device


def flash_job(
    row: RolloutRow, model: rest.ModelRecord, record: rest.DeviceRecord, now_s: float
) -> rest.JobRecord | None:
    """The job by which a device stores the model, loads it and switches to it; None for one that cannot."""
    if model.format == "served" or record.facts is None or FLASH_ABILITY not in record.facts.abilities:
        return None
    run = row.request.run
    protocol = replace(run.protocol, sweep=(), soak_s=0.0, cold_start=False)
    asked = replace(run, flash_only=True, repeats=1, shots=0, evaluation_sets=(), protocol=protocol)
    (job,) = planning.plan(asked, [model], [record], now_s)
    return job


def _only_model(hub: HubContext, run: rest.CampaignRequest) -> rest.ModelRecord:
    if len(set(run.model_ids)) != 1:
        raise UsageError("bad_rollout", f"A rollout sends one model; {len(set(run.model_ids))} are named.")
    model = hub.reader.model(run.model_ids[0])
    if model is None:
        raise not_found("model", run.model_ids[0])
    return model


def _devices(
    hub: HubContext, run: rest.CampaignRequest, model: rest.ModelRecord
) -> tuple[list[rest.DeviceRecord], list[str]]:
    """Those that may get the model, and a note on those that are left out."""
    known = {device.device_id: device for device in hub.reader.devices()}
    wanted = list(dict.fromkeys([*run.device_ids, *_of_groups(hub, run.groups)]))
    if missing := next((each for each in wanted if each not in known), None):
        raise not_found("device", missing)
    able = [known[each] for each in wanted if known[each].measures(model.format)]
    if len(able) > MAX_DEVICES:
        raise planning.too_large()
    if not able:
        raise UsageError("empty_campaign", f"None of these {len(wanted)} devices can run {model.format} models.")
    left_out = len(wanted) - len(able)
    plural = "s" if left_out != 1 else ""
    return able, [f"{left_out} device{plural} left out: no {model.format} models run there."] if left_out else []


def refuse_overlap(hub: HubContext, family: str, device_ids: Iterable[str]) -> None:
    """Two rollouts of one family on one device would take each other's model for the one before."""
    ids = set(device_ids)
    for row in hub.reader.rollouts.open():
        other = hub.reader.model(row.model_id)
        if other is None or other.family != family:
            continue
        if any(each.device_id in ids for each in hub.reader.rollouts.devices(row.rollout_id)):
            raise EdgeprofError(
                "rollout_overlaps",
                f"A {row.kind} of {other.shown_name} is open on some of these devices. Abort it first: "
                f"`edgeprof rollout abort {row.rollout_id}`.",
            )


def _of_groups(hub: HubContext, names: Sequence[str]) -> Iterable[str]:
    known = {group.name: group.device_ids for group in hub.reader.groups()} if names else {}
    for name in names:
        if name not in known:
            raise not_found("group", name)
        yield from known[name]


def _sets(hub: HubContext, request: RolloutRequest, model: rest.ModelRecord) -> list[rest.EvaluationSetRecord]:
    """The requested sets, and those that the family's gates name."""
    asked = [evaluation_sets.get(hub, set_id) for set_id in dict.fromkeys(request.run.evaluation_sets)]
    gated = _gated(hub, model) if request.plan.gates else set[str]()
    of_gates = [
        one
        for one in hub.reader.evaluation_sets()
        if gated.intersection(one.names) and evaluation_jobs.fits(one, model)
    ]
    return list({one.set_id: one for one in (*asked, *of_gates)}.values())


def _gated(hub: HubContext, model: rest.ModelRecord) -> set[str]:
    """Names of the sets of the family's gates."""
    lines = hub.reader.gates.gates([model.family]).get(model.family, ())
    return {line.partition(":")[0].strip() for line in lines}


def _gate_notes(
    hub: HubContext, request: RolloutRequest, model: rest.ModelRecord, sets: Sequence[rest.EvaluationSetRecord]
) -> list[str]:
    """What the gates will not see."""
    if not request.plan.gates:
        return ["Quality gates are not checked."]
    gated = _gated(hub, model)
    if not gated:
        return [f"The family {model.family} has no quality gate: answers are not judged."]
    here = {name for one in sets for name in one.names}
    missing = sorted(gated - here)
    return [f"A gate's set is not on this hub: {', '.join(missing)}."] if missing else []


def refuse_ended(row: RolloutRow) -> EdgeprofError:
    """Of a change to a rollout that has ended."""
    return EdgeprofError("rollout_ended", f"This rollout has ended: it is {row.state}.")
