"""The cost explorer: a run's cost in a scenario that stands in the address; scenarios are kept by name."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof_hub import names
from edgeprof_hub.compare import cost_explorer, cost_field, cost_fields, cost_rival, cost_rivals, fleet_scenario
from edgeprof_hub.compare.cell_cost import EMULATED
from edgeprof_hub.compare.cost_field import Field
from edgeprof_hub.compare.cost_kind import PIECES, WorkKind, compared_as, kind_of
from edgeprof_hub.compare.price_moment import Prices, prices_now
from edgeprof_hub.failures import not_found
from edgeprof_hub.hub import Hub
from edgeprof_hub.routes.answers import HubOf
from edgeprof_hub.routes.page_answers import PageRoute, page
from edgeprof_hub.store import scenarios
from edgeprof_hub.views import cost_view as views

LONGEST_QUERY = 4000

router = APIRouter(include_in_schema=False, route_class=PageRoute)


class _Run:
    """What the explorer needs of one run."""

    def __init__(self, hub: Hub, result_id: str) -> None:
        stored = hub.reader.result(result_id)
        if stored is None:
            raise not_found("run", result_id)
        self.result = stored.result
        device, model = hub.reader.device(self.result.device_id), hub.reader.model(self.result.model_id)
        if device is None or model is None or self.result.status != "measured":
            raise UsageError("no_cost", "A cost is of a measured run whose device and model are still here.")
        if device.emulated or self.result.emulated or self.result.replayed is not None:
            raise UsageError("no_cost", EMULATED)
        self.device, self.model = device, model
        self.scenario = fleet_scenario.read(hub.reader.fleet_scenario())
        self.kind: WorkKind = kind_of(model.task, model.format)

    def baseline(self, asked: Mapping[str, str]) -> str:
        """The key that was asked for, else that of the model's task."""
        return asked.get("baseline") or cost_rival.key_of(
            self.scenario.baseline(compared_as(self.model.task, self.model.format))
        )

    def fields(self, asked: Mapping[str, str], prices: Prices) -> dict[str, Field]:
        """The inputs as the address has them. The measured ones follow the lengths that are asked for."""
        scenario = replace(
            self.scenario,
            input_tokens=_count(asked, "input_tokens", self.scenario.input_tokens),
            output_tokens=_count(asked, "output_tokens", self.scenario.output_tokens),
        )
        return cost_field.changed(cost_fields.fields_of(self.device, self.model, self.result, scenario, prices), asked)

    def rival(self, asked: Mapping[str, str], fields: Mapping[str, Field], prices: Prices) -> cost_rival.Rival:
        """The cloud's side."""
        return cost_rivals.rival_of(self.baseline(asked), fields, prices)


def _count(asked: Mapping[str, str], key: str, usual: int) -> int:
    text = asked.get(key, "")
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 9 and int(text) else usual


@router.get("/cost/{result_id}")
def cost(hub: HubOf, request: Request, result_id: str) -> HTMLResponse:
    """The page; what is wrong with the address's numbers is said above the form."""
    return _page(hub, result_id, dict(request.query_params))


@router.post("/cost/{result_id}/scenarios")
def keep(
    hub: HubOf, result_id: str, name: Annotated[str, Form()] = "", query: Annotated[str, Form()] = ""
) -> RedirectResponse:
    """Keep the scenario of the address under a name."""
    shown = names.checked(name)
    if len(query) > LONGEST_QUERY:
        raise UsageError("too_large", "This scenario is too long to be kept.")
    tidy = urlencode([(key, value) for key, value in parse_qsl(query) if value])
    hub.writer.call(lambda store: store.change(lambda connection: scenarios.keep(connection, shown, tidy)))
    return RedirectResponse(f"/cost/{result_id}?{tidy}", 303)


@router.post("/cost/{result_id}/scenarios/delete")
def forget(hub: HubOf, result_id: str, name: Annotated[str, Form()] = "") -> RedirectResponse:
    """Delete a kept scenario."""
    if not hub.writer.call(lambda store: store.change(lambda connection: scenarios.forget(connection, name))):
        raise not_found("scenario", name)
    return RedirectResponse(f"/cost/{result_id}", 303)


def _page(hub: Hub, result_id: str, asked: Mapping[str, str]) -> HTMLResponse:
    run, prices = _Run(hub, result_id), prices_now(time.time())
    fields, rival, explored, problem = run.fields({}, prices), None, None, ""
    try:
        fields = run.fields(asked, prices)
        rival = run.rival(asked, fields, prices)
        explored = cost_explorer.explore(fields, rival, prices.day)
    except EdgeprofError as error:
        problem = error.message
    kept = tuple(_saved(run, result_id, name, query, prices) for name, query in hub.reader.scenarios.all().items())
    shown = views.CostPage(
        result=run.result,
        device=run.device,
        model=run.model,
        piece=PIECES[run.kind],
        groups=views.field_views(fields, rival),
        baselines={**cost_rival.offered(prices.catalogue, run.kind), **({rival.key: rival.title} if rival else {})},
        rival=rival,
        baseline=run.baseline(asked),
        explored=explored,
        problem=problem,
        query=urlencode(asked),
        saved=kept,
        catalogue=f"sha256 {prices.catalogue.sha256[:16]}, {prices.catalogue.as_of}",
    )
    return page(
        "cost.html",
        400 if problem and asked else 200,
        page=shown,
        usd=views.usd,
        span=views.span,
        curve_of=views.curve_of,
    )


def _saved(run: _Run, result_id: str, name: str, query: str, prices: Prices) -> views.Saved:
    """What a kept scenario says of this run."""
    asked, href = dict(parse_qsl(query)), f"/cost/{result_id}?{query}"
    try:
        fields = run.fields(asked, prices)
        found = cost_explorer.explore(fields, run.rival(asked, fields, prices), prices.day)
    except EdgeprofError as error:
        return views.Saved(name, href, "", "", "", error.message)
    return views.Saved(name, href, views.span(found.spread.edge), views.span(found.spread.cloud), found.verdict)
