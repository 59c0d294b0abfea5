"""The pages: server-rendered, useful without JavaScript. What changes something is a plain form, in `forms.py`."""

import time
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, cast

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute

from edgeprof import __version__
from edgeprof.errors import EdgeprofError
from edgeprof_hub.compare import table
from edgeprof_hub.store.base import ReadStore
from edgeprof_hub.views import comparison, detail, render

NEWEST_RUNS = 50
HEADERS = {
    # Nothing inline: no script, and no style (charts.js takes Plot's style element out before the page gets it).
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_ENVIRONMENT = render.environment()


class NotFoundError(EdgeprofError):
    """The page's subject is not there, or not any more."""


class _Hub(Protocol):
    @property
    def reader(self) -> ReadStore: ...


class PageRoute(APIRoute):
    """Turns an expected error into a page, as the API turns it into JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_or_explain(request: Request) -> Response:
            try:
                return await handle(request)
            except NotFoundError as error:
                return page("error.html", 404, title="Not here", message=error.message)
            except EdgeprofError as error:
                return page("error.html", 400, title="That did not work", message=error.message)

        return handle_or_explain


router = APIRouter(include_in_schema=False, route_class=PageRoute)


def page(template: str, status: int = 200, **context: object) -> HTMLResponse:
    """A rendered page. `here` marks the place in the navigation."""
    text = _ENVIRONMENT.get_template(template).render({"version": __version__, "here": "", **context})
    return HTMLResponse(text, status, HEADERS)


def reader_of(request: Request) -> ReadStore:
    """The store's read side."""
    return cast(_Hub, request.app.state.hub).reader


@router.get("/")
def home(request: Request, metric: str = comparison.HEADLINE) -> HTMLResponse:
    """The comparison."""
    return page("comparison.html", page=_comparison(request, metric), here="comparison")


@router.get("/matrix")
def matrix(request: Request, metric: str = comparison.HEADLINE) -> HTMLResponse:
    """The comparison's live part alone."""
    return page("_comparison.html", page=_comparison(request, metric))


def _comparison(request: Request, metric: str) -> comparison.Comparison:
    store = reader_of(request)
    agent_line = f"edgeprof agent run --hub {str(request.base_url).rstrip('/')}"
    return comparison.comparison(table.build(store, time.time()), store.models(), metric, agent_line)


@router.get("/runs/{result_id}")
def run(request: Request, result_id: str) -> HTMLResponse:
    """Everything that was recorded of one run."""
    store = reader_of(request)
    stored = store.result(result_id)
    if stored is None:
        raise NotFoundError("unknown_result", "This hub has no such run. It may have been deleted.")
    result = stored.result
    return page("run.html", page=detail.run_page(stored, store.device(result.device_id), store.model(result.model_id)))


@router.get("/devices/{device_id}")
def device(request: Request, device_id: str) -> HTMLResponse:
    """One device."""
    store = reader_of(request)
    found = store.device(device_id)
    if found is None:
        raise NotFoundError("unknown_device", "This hub has no such device. It may have been deleted.")
    return page("device.html", page=detail.DevicePage(found, store.results(device_id=device_id, limit=NEWEST_RUNS)))


@router.get("/models/{model_id}")
def model(request: Request, model_id: str) -> HTMLResponse:
    """One model."""
    store = reader_of(request)
    found = store.model(model_id)
    if found is None:
        raise NotFoundError("unknown_model", "This hub has no such model. It may have been deleted.")
    devices = {item.device_id: item for item in store.devices()}
    runs = store.results(model_id=model_id, limit=NEWEST_RUNS)
    return page("model.html", page=detail.ModelPage(found, runs, devices))


@router.get("/flash")
def flash(request: Request) -> HTMLResponse:
    """The form that starts a campaign."""
    return page("flash.html", page=flash_page(reader_of(request)), here="flash")


def flash_page(store: ReadStore, problem: str = "") -> detail.FlashPage:
    """What the form offers, in the order of the comparison."""
    devices = sorted(store.devices(), key=lambda item: (item.emulated, item.label))
    models = sorted(store.models(), key=lambda item: (item.family.lower(), item.format, item.name))
    return detail.FlashPage(models, devices, problem)


@router.get("/campaigns/{campaign_id}")
def campaign(request: Request, campaign_id: str) -> HTMLResponse:
    """One group of jobs."""
    return page("campaign.html", page=_campaign(request, campaign_id))


@router.get("/campaigns/{campaign_id}/jobs")
def campaign_jobs(request: Request, campaign_id: str) -> HTMLResponse:
    """Its live part alone."""
    return page("_campaign.html", page=_campaign(request, campaign_id))


def _campaign(request: Request, campaign_id: str) -> detail.CampaignPage:
    store = reader_of(request)
    found = store.campaign(campaign_id)
    if found is None:
        raise NotFoundError("unknown_campaign", "This hub has no such campaign.")
    return detail.CampaignPage(
        found,
        {item.device_id: item for item in store.devices()},
        {item.model_id: item for item in store.models()},
    )
