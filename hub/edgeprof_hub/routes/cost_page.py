"""The cost explorer: a run's cost in a scenario that stands in the address; scenarios are kept by name."""

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof_hub import names
from edgeprof_hub.compare import cost_explorer, cost_fields, cost_rival, fleet_scenario
from edgeprof_hub.compare.catalogue.loader import Catalogue, load_catalogue
from edgeprof_hub.compare.cell_cost import EMULATED, compared_as
from edgeprof_hub.compare.cost_fields import Field
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
        if self.result.remote is not None:
            raise UsageError(
                "no_cost",
                "This run is of an endpoint: its list price stands on the run's page. Open the cost of a device's run, "
                "and compare it with this model there.",
            )
        self.device, self.model = device, model
        self.scenario = fleet_scenario.read(hub.reader.fleet_scenario())
        self.is_language = model.format == cost_fields.LANGUAGE

    def baseline(self, asked: Mapping[str, str]) -> str:
        """The key that was asked for, else that of the model's task."""
        return asked.get("baseline") or cost_rival.key_of(
            self.scenario.baseline(compared_as(self.model.task, self.model.format))
        )

    def fields(self, asked: Mapping[str, str], catalogue: Catalogue, today: date) -> dict[str, Field]:
        """The inputs as the address has them. The measured ones follow the lengths that are asked for."""
        scenario = replace(
            self.scenario,
            input_tokens=_count(asked, "input_tokens", self.scenario.input_tokens),
            output_tokens=_count(asked, "output_tokens", self.scenario.output_tokens),
        )
        found = cost_fields.fields_of(self.device, self.model, self.result, scenario, catalogue, today)
        return cost_fields.changed(found, asked)

    def rival(self, asked: Mapping[str, str], fields: Mapping[str, Field], catalogue: Catalogue) -> cost_rival.Rival:
        """The cloud's side."""
        tokens = None
        if self.is_language:
            tokens = (int(fields["input_tokens"].value or 0), int(fields["output_tokens"].value or 0))
        return cost_rival.rival_of(self.baseline(asked), catalogue, tokens, time.time())


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
    run, catalogue = _Run(hub, result_id), load_catalogue()
    today = datetime.fromtimestamp(time.time(), tz=UTC).date()
    fields, rival, explored, problem = run.fields({}, catalogue, today), None, None, ""
    try:
        fields = run.fields(asked, catalogue, today)
        rival = run.rival(asked, fields, catalogue)
        explored = cost_explorer.explore(fields, rival, today)
    except EdgeprofError as error:
        problem = error.message
    kept = tuple(
        _saved(run, result_id, name, query, catalogue, today) for name, query in hub.reader.scenarios.all().items()
    )
    shown = views.CostPage(
        result=run.result,
        device=run.device,
        model=run.model,
        piece="answers" if run.is_language else "inferences",
        groups=views.field_views(fields, rival),
        baselines={**cost_rival.offered(catalogue, run.is_language), **({rival.key: rival.title} if rival else {})},
        rival=rival,
        baseline=run.baseline(asked),
        explored=explored,
        problem=problem,
        query=urlencode(asked),
        saved=kept,
        catalogue=f"sha256 {catalogue.sha256[:16]}, {catalogue.as_of}",
    )
    return page(
        "cost.html",
        400 if problem and asked else 200,
        page=shown,
        usd=views.usd,
        span=views.span,
        curve_of=views.curve_of,
    )


def _saved(run: _Run, result_id: str, name: str, query: str, catalogue: Catalogue, today: date) -> views.Saved:
    """What a kept scenario says of this run."""
    asked, href = dict(parse_qsl(query)), f"/cost/{result_id}?{query}"
    try:
        fields = run.fields(asked, catalogue, today)
        found = cost_explorer.explore(fields, run.rival(asked, fields, catalogue), today)
    except EdgeprofError as error:
        return views.Saved(name, href, "", "", "", error.message)
    return views.Saved(name, href, views.span(found.spread.edge), views.span(found.spread.cloud), found.verdict)
