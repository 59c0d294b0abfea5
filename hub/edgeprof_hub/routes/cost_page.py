"""The cost explorer: a run's cost in a scenario that stands in the address; scenarios are saved by name."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof_hub import names
from edgeprof_hub.context import HubContext
from edgeprof_hub.cost import explorer
from edgeprof_hub.cost.alternative import Alternative, offered
from edgeprof_hub.cost.kind import PIECES
from edgeprof_hub.cost.measured_clouds import measured_clouds
from edgeprof_hub.cost.price_moment import Prices, hub_prices
from edgeprof_hub.cost.run import RunCost
from edgeprof_hub.failures import not_found
from edgeprof_hub.people import audit
from edgeprof_hub.routes import saved_costs
from edgeprof_hub.routes.answers import HubOf
from edgeprof_hub.routes.page_answers import PageRoute, page
from edgeprof_hub.store import scenarios
from edgeprof_hub.views import cost_figures
from edgeprof_hub.views import cost_view as views

MAX_QUERY_CHARS = 4000

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/cost/{result_id}")
def cost(hub: HubOf, request: Request, result_id: str) -> HTMLResponse:
    """The page; a problem with the address's numbers stands above the form."""
    return _page(hub, result_id, dict(request.query_params))


@router.post("/cost/{result_id}/scenarios")
def save(
    hub: HubOf, result_id: str, name: Annotated[str, Form()] = "", query: Annotated[str, Form()] = ""
) -> RedirectResponse:
    """Save the scenario of the address under a name, with its prices and figures."""
    shown = names.checked(name)
    if len(query) > MAX_QUERY_CHARS:
        raise UsageError("too_large", "This scenario is too long to save.")
    saved = saved_costs.to_save(RunCost(hub.reader, result_id), shown, query, time.time())
    hub.writer.call(lambda store: store.change(lambda connection: scenarios.keep(connection, saved)))
    audit.about(shown)
    return RedirectResponse(f"/cost/{result_id}?{saved.query}#saved-h", 303)


@router.post("/cost/{result_id}/scenarios/delete")
def delete(hub: HubOf, result_id: str, name: Annotated[str, Form()] = "") -> RedirectResponse:
    """Delete a saved scenario."""
    if not hub.writer.call(lambda store: store.change(lambda connection: scenarios.forget(connection, name))):
        raise not_found("scenario", name)
    audit.about(name)
    return RedirectResponse(f"/cost/{result_id}", 303)


def _page(hub: HubContext, result_id: str, asked: Mapping[str, str]) -> HTMLResponse:
    run, now = RunCost(hub.reader, result_id), hub_prices(hub.reader, hub.reader.models(), time.time())
    prices, alternative, explored, problem = now, None, None, ""
    fields = run.fields({}, now)
    try:
        prices = run.prices(asked, now.at_s)
        fields = run.fields(asked, prices)
        alternative = run.alternative(asked, fields, prices)
        explored = explorer.explore(fields, alternative, now.day)
    except EdgeprofError as error:
        if error.code == "not_found":
            raise
        problem = error.message
    shown = views.CostPage(
        result=run.result,
        device=run.device,
        model=run.model,
        piece=PIECES[run.kind],
        groups=views.field_views(fields, alternative),
        baselines=_baselines(hub, run, alternative, prices),
        alternative=alternative,
        baseline=run.baseline(asked),
        explored=explored,
        problem=problem,
        query=urlencode(asked),
        saved=saved_costs.shown(run, hub.reader, now),
        prices=_prices(hub, prices, now, asked),
    )
    return page(
        "cost.html",
        400 if problem and asked else 200,
        page=shown,
        usd=cost_figures.usd,
        span=cost_figures.span,
        curve_of=views.curve_of,
    )


def _baselines(hub: HubContext, run: RunCost, alternative: Alternative | None, prices: Prices) -> dict[str, str]:
    """Those of the list, with what was measured here of any; and the one of the address, which may be another."""
    measured = measured_clouds(hub.reader) if run.kind == "answer" else {}
    listed = {**offered(prices.catalogue, run.kind), **measured}
    return (
        listed if alternative is None or alternative.key in listed else {**listed, alternative.key: alternative.title}
    )


def _prices(hub: HubContext, prices: Prices, now: Prices, asked: Mapping[str, str]) -> views.PricesView:
    older = {
        record.sha256: f"{record.as_of}, in use since {_day(record.first_used_s)}, {record.sha256[:12]}"
        for record in hub.reader.catalogues.all()
        if record.sha256 != now.catalogue.sha256
    }
    return views.PricesView(
        sha256=prices.catalogue.sha256,
        catalogue_as_of=str(prices.catalogue.as_of),
        moment=asked.get("as_of", ""),
        older=older,
        are_past=prices != now,
        day=str(prices.day),
    )


def _day(at_s: float) -> str:
    return str(datetime.fromtimestamp(at_s, tz=UTC).date())
