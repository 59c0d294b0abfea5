"""Campaigns and their jobs: started, followed, cancelled, tried again."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from edgeprof.wire import rest
from edgeprof_hub.campaigns import actions, queue
from edgeprof_hub.routes.answers import HubOf, document

router = APIRouter(tags=["campaigns"])

MAX_ID_CHARS = 200
Id = Annotated[str, Query(max_length=MAX_ID_CHARS)]
MAX_JOBS = 5000
MAX_OFFSET = 10_000_000


@router.post("/campaigns", response_model=rest.Campaign, status_code=201)
def post_campaign(hub: HubOf, request: rest.CampaignRequest) -> Response:
    """Queue every requested model on every requested device."""
    return document(actions.start(hub, request), 201)


@router.get("/campaigns", response_model=list[rest.CampaignSummary])
def get_campaigns(hub: HubOf, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> Response:
    """The newest campaigns in a line each, newest first."""
    return document(queue.campaigns(hub, limit))


@router.get("/campaigns/{campaign_id}", response_model=rest.Campaign)
def get_campaign(hub: HubOf, campaign_id: str) -> Response:
    """One campaign with the state of each job."""
    return document(actions.get(hub, campaign_id))


@router.post("/campaigns/{campaign_id}/cancel", response_model=rest.Campaign)
def cancel_campaign(hub: HubOf, campaign_id: str) -> Response:
    """Cancel a campaign's unfinished jobs."""
    return document(actions.cancel(hub, campaign_id))


@router.get("/jobs", response_model=rest.JobQueue)
def get_jobs(
    hub: HubOf,
    state: Annotated[rest.JobWord | None, Query()] = None,
    device_id: Id = "",
    campaign_id: Id = "",
    limit: Annotated[int, Query(ge=1, le=MAX_JOBS)] = queue.A_PAGE,
    offset: Annotated[int, Query(ge=0, le=MAX_OFFSET)] = 0,
) -> Response:
    """Jobs: running first, then the queue in its order, then what ended last. With the estimated time left."""
    which = rest.JobFilter(states=rest.JOB_WORDS[state] if state else (), device_id=device_id, campaign_id=campaign_id)
    return document(queue.listed(hub, which, limit, offset))


@router.post("/jobs/cancel", response_model=rest.JobsChanged)
def cancel_jobs(hub: HubOf, device_id: Id = "", campaign_id: Id = "") -> Response:
    """Cancel every open job, or those of a device and of a campaign. 409 if none is open."""
    changed = queue.cancel_all(hub, rest.JobFilter(device_id=device_id, campaign_id=campaign_id))
    return document(rest.JobsChanged(changed=changed))


@router.post("/jobs/retry", response_model=rest.JobsChanged)
def retry_jobs(hub: HubOf, device_id: Id = "", campaign_id: Id = "") -> Response:
    """Retry every failed job whose device and model still exist, or those of a device and of a campaign.

    Of failed jobs of one cell and protocol only the newest; none where the cell has an open job or was measured since.
    """
    changed = queue.retry_all(hub, rest.JobFilter(device_id=device_id, campaign_id=campaign_id))
    return document(rest.JobsChanged(changed=changed))


@router.get("/jobs/{job_id}", response_model=rest.JobRecord)
def get_job(hub: HubOf, job_id: str) -> Response:
    """One job."""
    return document(actions.get_job(hub, job_id))


@router.post("/jobs/{job_id}/cancel", response_model=rest.JobRecord)
def cancel_job(hub: HubOf, job_id: str) -> Response:
    """Cancel a job. 409 if it has ended."""
    return document(actions.cancel_job(hub, job_id))


@router.post("/campaigns/{campaign_id}/retry", response_model=rest.Campaign)
def retry_campaign(hub: HubOf, campaign_id: str) -> Response:
    """Retry a campaign's failed jobs whose device and model still exist."""
    return document(actions.retry_failed(hub, campaign_id))


@router.post("/jobs/{job_id}/retry", response_model=rest.JobRecord)
def retry_job(hub: HubOf, job_id: str) -> Response:
    """Queue an ended job again, as its next attempt. 409 if it has not ended."""
    return document(actions.retry_job(hub, job_id))
