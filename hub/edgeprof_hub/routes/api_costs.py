"""Price catalogues that the hub has run with, and the cost of a run with the prices of any of them."""

import time
from typing import Annotated

from fastapi import APIRouter, Query, Response

from edgeprof.errors import UsageError
from edgeprof.wire import rest
from edgeprof_hub.cost import costs, fleet_scenario
from edgeprof_hub.cost.catalogue.loader import load_catalogue
from edgeprof_hub.cost.past_prices import prices_asked
from edgeprof_hub.failures import not_found
from edgeprof_hub.routes.answers import HubOf, Sha256, document

router = APIRouter(tags=["costs"])

CatalogueHash = Annotated[str, Query(max_length=64)]
Moment = Annotated[str, Query(max_length=40)]


@router.get("/catalogues", response_model=list[rest.CatalogueRecord])
def get_catalogues(hub: HubOf) -> Response:
    """Every price catalogue that this hub has run with, the newest used first."""
    current = load_catalogue().sha256
    return document(
        [
            rest.CatalogueRecord(
                sha256=kept.sha256, as_of=kept.as_of, first_used_s=kept.first_used_s, in_use=kept.sha256 == current
            )
            for kept in hub.reader.catalogues.all()
        ]
    )


@router.get("/catalogues/{sha256}", response_model=rest.CatalogueFiles)
def get_catalogue(hub: HubOf, sha256: Sha256) -> Response:
    """The files of one, as `edgeprof hub serve --prices` and `edgeprof prices check` read them."""
    found = prices_asked(hub.reader, sha256, "", time.time()).catalogue
    shipped, own = (
        {name: data.decode(errors="replace") for name, data in files} for files in (found.shipped, found.own)
    )
    return document(rest.CatalogueFiles(sha256=sha256, shipped=shipped, own=own))


@router.get("/results/{result_id}/cost", response_model=rest.CostView)
def get_cost(hub: HubOf, result_id: str, catalogue: CatalogueHash = "", as_of: Moment = "") -> Response:
    """What a run costs in the fleet's scenario.

    `catalogue`: the SHA-256 of a catalogue that the hub has run with, instead of the one in use. `as_of`: the moment
    (`2025-05-01`, or with a time, in UTC) for which token and audio prices are looked up, and ages of prices counted.
    """
    stored = hub.reader.result(result_id)
    if stored is None:
        raise not_found("result", result_id)
    prices = prices_asked(hub.reader, catalogue, as_of, time.time())
    device, model = hub.reader.device(stored.result.device_id), hub.reader.model(stored.result.model_id)
    scenario = fleet_scenario.read(hub.reader.fleet_scenario())
    found = costs.cost_of(device, model, stored.result, scenario, prices) if device and model else None
    if not isinstance(found, rest.CostView):
        raise UsageError("no_cost", found or "A cost needs a measured run whose device and model still exist.")
    return document(found)
