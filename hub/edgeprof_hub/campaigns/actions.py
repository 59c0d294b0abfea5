"""What a person does with campaigns and jobs."""

import time
from collections.abc import Iterator, Sequence

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.wire import rest
from edgeprof.wire.messages import RunProtocol
from edgeprof_hub.campaigns import planning, queue
from edgeprof_hub.context import HubContext
from edgeprof_hub.events import Change
from edgeprof_hub.failures import not_found
from edgeprof_hub.people import audit
from edgeprof_hub.registry import evaluation_sets

MAX_REPEATS = 100
"""Of runs that are repeated together."""
MAX_NAMED = 5
"""Models, and devices, of a campaign in the audit log."""


def start(hub: HubContext, request: rest.CampaignRequest) -> rest.Campaign:
    """Queue every model of the request on every device of it, with its evaluations, and send what can be sent."""
    models = [_model(hub, model_id) for model_id in dict.fromkeys(request.model_ids)]
    wanted = [*request.device_ids, *_of_groups(hub, request.groups)]
    devices = [_device(hub, device_id) for device_id in dict.fromkeys(wanted)]
    sets = [evaluation_sets.get(hub, set_id) for set_id in dict.fromkeys(request.evaluation_sets)]
    ran = hub.reader.evaluations.ran([item.device_id for item in devices]) if sets else ()
    return _begin(hub, planning.plan(request, models, devices, time.time(), sets=sets, ran=ran))


def repeat(hub: HubContext, result_id: str) -> rest.Campaign:
    """Repeat a run: the same device, model, configuration and protocol."""
    stored = hub.reader.result(result_id)
    if stored is None:
        raise not_found("result", result_id)
    past = stored.result
    device, model = _device(hub, past.device_id), _model(hub, past.model_id)
    asked = past.config.evaluation_set
    one = evaluation_sets.get(hub, asked) if asked else None
    job = planning.one_job(past.config, past.protocol, model, device, time.time(), evaluation_set=one)
    return _begin(hub, [job])


def flash_again(hub: HubContext, job_id: str) -> rest.Campaign:
    """Queue a job that has ended as a new one: the same device, model and configuration."""
    past = get_job(hub, job_id)
    device, model = _device(hub, past.device_id), _model(hub, past.model_id)
    return _begin(hub, [planning.one_job(past.config, past.protocol, model, device, time.time())])


def repeat_interleaved(hub: HubContext, result_ids: Sequence[str], repeats: int) -> rest.Campaign:
    """Repeat several runs as one campaign, interleaved: a drift of a device spreads over all of them alike.

    Each keeps its configuration and protocol. An evaluation is repeated alone, by `repeat`.
    """
    if not 1 <= repeats <= MAX_REPEATS:
        raise UsageError("bad_repeats", f"{repeats} repeats: use 1 to {MAX_REPEATS}.")
    runs = [_again(hub, result_id) for result_id in dict.fromkeys(result_ids)]
    if not runs:
        raise UsageError("empty_campaign", "Select at least one run to repeat.")
    return _begin(hub, planning.interleaved(runs, repeats, time.time()))


def _again(hub: HubContext, result_id: str) -> planning.RunAgain:
    stored = hub.reader.result(result_id)
    if stored is None:
        raise not_found("result", result_id)
    past = stored.result
    if past.config.evaluation_set:
        raise UsageError("wrong_place", "An evaluation is repeated from the page of its run, not with others.")
    return planning.RunAgain(_device(hub, past.device_id), _model(hub, past.model_id), past.config, past.protocol)


def run_cells(hub: HubContext, cells: Sequence[rest.CellKey]) -> rest.Campaign:
    """Run several cells that have no result, each once, with its column's configuration and the default protocol.

    Those that have a result by now, or an open job, are left out. Raises EdgeprofError not_found; UsageError
    empty_campaign, campaign_too_large, wrong_place, job_too_large.
    """
    asked = list(dict.fromkeys(cells))
    if len(asked) > planning.MAX_JOBS:
        raise planning.too_large()
    taken = hub.reader.jobs.taken(asked)
    keys = [key for key in asked if key not in taken]
    if not keys:
        raise UsageError("empty_campaign", "Every cell shown here has run, or waits in the queue.")
    devices = {item.device_id: item for item in hub.reader.devices()}
    models = {item.model_id: item for item in hub.reader.models()}
    columns = {(row.model_id, row.config_key): row.config for row in hub.reader.columns()}
    runs: list[planning.RunAgain] = []
    for device_id, model_id, config_key in keys:
        if device_id not in devices:
            raise not_found("device", device_id)
        if model_id not in models:
            raise not_found("model", model_id)
        if (model_id, config_key) not in columns:
            raise not_found("column", config_key)
        config = columns[model_id, config_key]
        runs.append(planning.RunAgain(devices[device_id], models[model_id], config, RunProtocol()))
    return _begin(hub, planning.interleaved(runs, 1, time.time()))


def run_cell(hub: HubContext, device_id: str, model_id: str, config_key: str) -> rest.Campaign:
    """Run a cell that has no result, with its column's configuration and the default protocol."""
    device, model = _device(hub, device_id), _model(hub, model_id)
    column = hub.reader.cells(columns=[(model_id, config_key)])
    if not column:
        raise not_found("column", config_key)
    return _begin(hub, [planning.one_job(column[0].config, RunProtocol(), model, device, time.time())])


def retry_failed(hub: HubContext, campaign_id: str) -> rest.Campaign:
    """Retry a campaign's failed jobs whose device and model still exist."""
    devices = {item.device_id for item in hub.reader.devices()}
    models = {item.model_id for item in hub.reader.models()}
    failed = [job for job in get(hub, campaign_id).jobs if job.state == "failed"]
    again = [job for job in failed if job.device_id in devices and job.model_id in models]
    if not again:
        raise EdgeprofError("nothing_failed", "This campaign has no failed job to retry.")
    for job in again:
        retry_job(hub, job.job_id)
    return get(hub, campaign_id)


def _begin(hub: HubContext, jobs: list[rest.JobRecord]) -> rest.Campaign:
    hub.writer.call(lambda store: store.create_campaign(jobs))
    audit.about(jobs[0].campaign_id, _in_words(hub, jobs))
    hub.writer.post(hub.dispatch.send_waiting)
    campaign_id = jobs[0].campaign_id
    hub.events.publish([Change("campaign", campaign_id), *(Change("job", job.job_id) for job in jobs)])
    return get(hub, campaign_id)


def _in_words(hub: HubContext, jobs: Sequence[rest.JobRecord]) -> str:
    """`3 jobs: mobilenet-int8 on pi-5, pi-4`, for the audit log."""
    models = dict.fromkeys(job.model_id for job in jobs)
    devices = dict.fromkeys(job.device_id for job in jobs)
    model_names = [record.name for one in list(models)[:MAX_NAMED] if (record := hub.reader.model(one))]
    device_names = [record.label for one in list(devices)[:MAX_NAMED] if (record := hub.reader.device(one))]
    more = [f" and {len(all_) - MAX_NAMED} more" if len(all_) > MAX_NAMED else "" for all_ in (models, devices)]
    return (
        f"{len(jobs)} job{'' if len(jobs) == 1 else 's'}: {', '.join(model_names)}{more[0]}"
        f" on {', '.join(device_names)}{more[1]}"
    )


def get(hub: HubContext, campaign_id: str) -> rest.Campaign:
    """One campaign."""
    campaign = hub.reader.campaign(campaign_id)
    if campaign is None:
        raise not_found("campaign", campaign_id)
    return campaign


def cancel(hub: HubContext, campaign_id: str) -> rest.Campaign:
    """Cancel its unfinished jobs."""
    job_ids = [job.job_id for job in get(hub, campaign_id).jobs]
    queue.in_parts(hub, job_ids, hub.dispatch.cancel)
    return get(hub, campaign_id)


def get_job(hub: HubContext, job_id: str) -> rest.JobRecord:
    """One job."""
    job = hub.reader.job(job_id)
    if job is None:
        raise not_found("job", job_id)
    return job


def cancel_job(hub: HubContext, job_id: str) -> rest.JobRecord:
    """Cancel one job."""
    get_job(hub, job_id)
    if not hub.writer.call(lambda store: hub.dispatch.cancel(store, [job_id])):
        raise EdgeprofError("job_ended", "This job has already ended.")
    hub.events.publish([Change("job", job_id)])
    return get_job(hub, job_id)


def retry_job(hub: HubContext, job_id: str) -> rest.JobRecord:
    """Queue an ended job again, as its next attempt. Its device and its model must still be there."""
    job = get_job(hub, job_id)
    _device(hub, job.device_id)
    _model(hub, job.model_id)
    if not hub.writer.call(lambda store: store.restart_job(job_id, job.attempt)):
        raise EdgeprofError("job_not_ended", "This job has not ended yet. Cancel it first.")
    hub.writer.post(hub.dispatch.send_waiting)
    hub.events.publish([Change("job", job_id)])
    return get_job(hub, job_id)


def _of_groups(hub: HubContext, names: Sequence[str]) -> Iterator[str]:
    known = {group.name: group.device_ids for group in hub.reader.groups()} if names else {}
    for name in names:
        if name not in known:
            raise not_found("group", name)
        yield from known[name]


def _model(hub: HubContext, model_id: str) -> rest.ModelRecord:
    record = hub.reader.model(model_id)
    if record is None:
        raise not_found("model", model_id)
    return record


def _device(hub: HubContext, device_id: str) -> rest.DeviceRecord:
    record = hub.reader.device(device_id)
    if record is None:
        raise not_found("device", device_id)
    if record.retired_s is not None:
        raise UsageError("device_retired", f"{record.label} is retired. Restore it first, or select another device.")
    return record
