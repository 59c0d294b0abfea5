"""The page of jobs: the queue, live, and the forms that cancel and retry."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, RedirectResponse

from edgeprof.wire import rest
from edgeprof_hub.campaigns import actions, queue
from edgeprof_hub.context import HubContext
from edgeprof_hub.routes.answers import HubOf
from edgeprof_hub.routes.page_answers import PageRoute, page
from edgeprof_hub.views import jobs_page
from edgeprof_hub.views.jobs_page import JobsQuery

MAX_ID_CHARS = 200
MAX_PAGE = 100_000

router = APIRouter(include_in_schema=False, route_class=PageRoute)
Text = Annotated[str, Form()]


def _query(state: str = "", device: str = "", campaign: str = "", job: str = "", page: str = "1") -> JobsQuery:
    """From the address. An unknown state is none, and what is no number is the first page."""
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1
    return JobsQuery(
        state=state if state in rest.JOB_WORDS else None,
        device=device[:MAX_ID_CHARS],
        campaign=campaign[:MAX_ID_CHARS],
        job=job[:MAX_ID_CHARS],
        page=max(1, min(number, MAX_PAGE)),
    )


def _back(state: Text = "", device: Text = "", campaign: Text = "", job: Text = "", page: Text = "1") -> JobsQuery:
    """The page that a form was on."""
    return _query(state, device, campaign, job, page)


QueryOf = Annotated[JobsQuery, Depends(_query)]
BackOf = Annotated[JobsQuery, Depends(_back)]


@router.get("/jobs")
def jobs(hub: HubOf, query: QueryOf) -> HTMLResponse:
    """Every job: what runs, what waits, what ended."""
    return page("jobs.html", page=_page(hub, query), here="jobs")


@router.get("/jobs/live")
def jobs_live(hub: HubOf, query: QueryOf) -> HTMLResponse:
    """The live part of the page alone."""
    return page("_jobs.html", page=_page(hub, query))


@router.post("/jobs/cancel")
def cancel_all(hub: HubOf, back: BackOf) -> RedirectResponse:
    """Cancel every open job of the page's device and campaign."""
    queue.cancel_all(hub, _of_any_state(back))
    return RedirectResponse(back.href(), 303)


@router.post("/jobs/retry")
def retry_all(hub: HubOf, back: BackOf) -> RedirectResponse:
    """Retry what failed last of the page's device and campaign."""
    queue.retry_all(hub, _of_any_state(back))
    return RedirectResponse(back.href(), 303)


@router.post("/jobs/{job_id}/cancel")
def cancel(hub: HubOf, job_id: str, back: BackOf) -> RedirectResponse:
    """Cancel one job."""
    actions.cancel_job(hub, job_id)
    return RedirectResponse(back.href(), 303)


@router.post("/jobs/{job_id}/retry")
def retry(hub: HubOf, job_id: str, back: BackOf) -> RedirectResponse:
    """Retry one job."""
    actions.retry_job(hub, job_id)
    return RedirectResponse(back.href(), 303)


def _of_any_state(back: JobsQuery) -> rest.JobFilter:
    return rest.JobFilter(device_id=back.device, campaign_id=back.campaign, job_id=back.job)


def _page(hub: HubContext, query: JobsQuery) -> jobs_page.JobsPage:
    offset = (query.page - 1) * queue.A_PAGE
    found = queue.listed(hub, query.which, queue.A_PAGE, offset)
    newest = queue.campaigns(hub)
    failed = len(hub.reader.jobs.failed(_of_any_state(query)))
    return jobs_page.jobs_page(query, found, hub.reader.devices(), newest, failed, queue.A_PAGE)
