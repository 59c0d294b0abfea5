"""The queue of jobs as a person follows it: listed, cancelled and tried again, many at once."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from edgeprof.errors import EdgeprofError
from edgeprof.wire import rest
from edgeprof.wire.model_names import distinct_names
from edgeprof_hub.campaigns import time_left
from edgeprof_hub.context import HubContext
from edgeprof_hub.events import Change
from edgeprof_hub.people import audit
from edgeprof_hub.store.base import WriteStore
from edgeprof_hub.store.records import JobRow

A_PAGE = 100
A_PART = 500
"""Jobs that are changed in one transaction."""
CAMPAIGNS_SHOWN = 10
MAX_NAME_CHARS = 12
"""Of an id in the place of a name that is gone."""


def listed(hub: HubContext, which: rest.JobFilter, limit: int = A_PAGE, offset: int = 0) -> rest.JobQueue:
    """A page of the jobs that match, with counts by state and the time that is left."""
    now_s = time.time()
    store = hub.reader
    rows, queue = store.jobs.page(which, limit, offset), store.jobs.queue()
    devices = {item.device_id: item for item in store.devices(retired=True)}
    models = {item.model_id: item for item in store.models()}
    names = distinct_names({item.model_id: item.name for item in models.values()})
    sets = {item.set_id: item.name for item in store.evaluation_sets()}
    past = {device_id: store.jobs.durations(device_id) for device_id in {row.job.device_id for row in queue}}
    left = time_left.times_left(queue, past, [item.device_id for item in devices.values() if item.online], now_s)
    every_state = replace(which, states=())
    counts = store.jobs.counts(every_state)
    of_these = [left[row.job.job_id] for row in queue if _is_of(row.job, every_state)]
    known = [one.left_s for one in of_these if one.left_s is not None]
    total = sum(counts.get(state, 0) for state in which.states or counts)
    return rest.JobQueue(
        generated_s=now_s,
        entries=tuple(_entry(row, devices, names, sets, left.get(row.job.job_id)) for row in rows),
        total=total,
        counts={str(state): count for state, count in counts.items()},
        left_s=max(known, default=None),
        unknown=len(of_these) - len(known),
    )


def campaigns(hub: HubContext, limit: int = CAMPAIGNS_SHOWN) -> tuple[rest.CampaignSummary, ...]:
    """The newest campaigns, newest first."""
    labels = {item.device_id: item.label for item in hub.reader.devices(retired=True)}
    names = distinct_names({item.model_id: item.name for item in hub.reader.models()})
    return tuple(
        rest.CampaignSummary(
            campaign_id=row.campaign_id,
            created_s=row.created_s,
            title=f"{_counted(row.model_ids, names, 'model')} on {_counted(row.device_ids, labels, 'device')}",
            counts={str(state): count for state, count in row.counts.items()},
            flashed=row.flashed,
        )
        for row in hub.reader.jobs.campaigns(limit)
    )


def _counted(ids: Collection[str], names: Mapping[str, str], kind: str) -> str:
    """The name of one, or how many there are."""
    (first, *others) = ids
    return f"{len(ids):,} {kind}s" if others else names.get(first, first[:MAX_NAME_CHARS])


def cancel_all(hub: HubContext, which: rest.JobFilter) -> int:
    """Cancel every open job that matches. How many had not ended."""
    job_ids = hub.reader.jobs.ids(replace(which, states=which.states or rest.OPEN_STATES))
    ended = in_parts(hub, job_ids, hub.dispatch.cancel)
    audit.about(which.campaign_id or which.device_id or "", f"{ended} jobs")
    if not ended:
        raise EdgeprofError("nothing_open", "No job to cancel: none of these is queued or running.")
    return ended


def retry_all(hub: HubContext, which: rest.JobFilter) -> int:
    """Queue every failed job that matches and is worth it again (see `JobReader.failed`). How many."""
    attempts = hub.reader.jobs.failed(which)

    def restart(store: WriteStore, part: Sequence[str]) -> list[str]:
        with store.transaction():
            return [job_id for job_id in part if store.restart_job(job_id, attempts[job_id])]

    done = in_parts(hub, list(attempts), restart)
    audit.about(which.campaign_id or which.device_id or "", f"{done} jobs")
    if not done:
        raise EdgeprofError("nothing_failed", "No failed job to retry among these.")
    hub.writer.post(hub.dispatch.send_waiting)
    return done


def in_parts(hub: HubContext, job_ids: Sequence[str], change: Callable[[WriteStore, Sequence[str]], list[str]]) -> int:
    """Of how many jobs `change` gave the id. Between two parts the writer stores what devices sent meanwhile."""
    changed = 0
    for start in range(0, len(job_ids), A_PART):
        part = job_ids[start : start + A_PART]
        done = hub.writer.call(lambda store, part=part: change(store, part))
        hub.events.publish(Change("job", job_id) for job_id in done)
        changed += len(done)
    return changed


def _entry(
    row: JobRow,
    devices: Mapping[str, rest.DeviceRecord],
    names: Mapping[str, str],
    sets: Mapping[str, str],
    left: time_left.TimeLeft | None,
) -> rest.JobEntry:
    job = row.job
    device = devices.get(job.device_id)
    has_ended = job.state in rest.TERMINAL_STATES
    asked = job.config.evaluation_set
    return rest.JobEntry(
        job=job,
        device_label=device.label if device else job.device_id,
        model_name=names.get(job.model_id, job.model_id[:MAX_NAME_CHARS]),
        set_name=sets.get(asked, asked[:MAX_NAME_CHARS]),
        device_online=device is not None and device.online,
        ahead=left.ahead if left and not has_ended else None,
        left_s=left.left_s if left and not has_ended else None,
        left_absent=left.absent if left and not has_ended else "",
        overdue=bool(left and left.overdue),
        ran_s=row.ran_s,
        can_retry=has_ended and device is not None and device.retired_s is None and job.model_id in names,
    )


def _is_of(job: rest.JobRecord, which: rest.JobFilter) -> bool:
    asked = ((which.device_id, job.device_id), (which.campaign_id, job.campaign_id), (which.job_id, job.job_id))
    return all(not wanted or wanted == has for wanted, has in asked)
