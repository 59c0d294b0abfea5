"""Integration facts of a model: its own page, with a choice of device, and the same through the API."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse

from edgeprof.integration.facts import IntegrationAnswer
from edgeprof_hub.failures import not_found
from edgeprof_hub.readiness.integrating import integration_of
from edgeprof_hub.routes.answers import HubOf, document
from edgeprof_hub.routes.page_answers import PageRoute, page

router = APIRouter(include_in_schema=False, route_class=PageRoute)
api = APIRouter(tags=["models"])
Id = Annotated[str, Query(max_length=80)]


@api.get("/models/{model_id}/integration", response_model=IntegrationAnswer)
def get_integration(hub: HubOf, model_id: str, device: Id = "", runtime: Id = "") -> Response:
    """What it takes to use the model: each fact with its source, or `not known`.

    `device`: the id of a device, for its system and Python. `runtime`: another one than the first for the format.
    """
    return document(integration_of(hub, model_id, device, runtime))


@router.get("/integration/{model_id}")
def integration(hub: HubOf, model_id: str, device: Id = "", runtime: Id = "") -> HTMLResponse:
    """The page."""
    model = hub.reader.model(model_id)
    if model is None:
        raise not_found("model", model_id)
    devices = [each for each in hub.reader.devices() if each.measures(model.format)]
    found = integration_of(hub, model_id, device, runtime)
    return page("integration.html", model=model, devices=devices, device=device, integration=found)
