"""Campaigns and their jobs: started, followed, cancelled, tried again."""

from fastapi import APIRouter, Response

from edgeprof.wire import rest
from edgeprof_hub.campaigns import actions
from edgeprof_hub.routes.answers import HubOf, document

router = APIRouter(tags=["campaigns"])


@router.post("/campaigns", response_model=rest.Campaign, status_code=201)
def post_campaign(hub: HubOf, request: rest.CampaignRequest) -> Response:
    """Queue every requested model on every requested device."""
    return document(actions.start(hub, request), 201)


@router.get("/campaigns/{campaign_id}", response_model=rest.Campaign)
def get_campaign(hub: HubOf, campaign_id: str) -> Response:
    """One campaign with the state of each job."""
    return document(actions.get(hub, campaign_id))


@router.post("/campaigns/{campaign_id}/cancel", response_model=rest.Campaign)
def cancel_campaign(hub: HubOf, campaign_id: str) -> Response:
    """Cancel a campaign's unfinished jobs."""
    return document(actions.cancel(hub, campaign_id))


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
