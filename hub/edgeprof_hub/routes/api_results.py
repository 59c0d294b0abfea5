"""Results, the comparison, and the stream of changes."""

import time
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from edgeprof.errors import EdgeprofError
from edgeprof.wire import rest
from edgeprof_hub import campaigns, changes
from edgeprof_hub.compare import table
from edgeprof_hub.failures import not_found
from edgeprof_hub.routes.answers import NO_CONTENT, HubOf, document

router = APIRouter(tags=["results"])


@router.get("/results", response_model=list[rest.StoredResult])
def get_results(
    hub: HubOf,
    device_id: str | None = None,
    model_id: str | None = None,
    config_key: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Results, newest received first."""
    return document(hub.reader.results(device_id=device_id, model_id=model_id, config_key=config_key, limit=limit))


@router.get("/results/{result_id}", response_model=rest.StoredResult)
def get_result(hub: HubOf, result_id: str) -> Response:
    """One result with everything that was recorded."""
    stored = hub.reader.result(result_id)
    if stored is None:
        raise not_found("result", result_id)
    return document(stored)


@router.delete("/results/{result_id}", status_code=NO_CONTENT)
def delete_result(hub: HubOf, result_id: str) -> None:
    """Delete one result; its cell falls back to the newest one that remains."""
    changes.delete_result(hub, result_id)


@router.post("/results/{result_id}/again", response_model=rest.Campaign)
def repeat_result(hub: HubOf, result_id: str) -> Response:
    """Run once more what this result was asked for: the same device, model, configuration and protocol."""
    return document(campaigns.repeat(hub, result_id))


@router.get("/compare", response_model=rest.CompareTable)
def get_compare(hub: HubOf) -> Response:
    """The devices × models table as it stands now."""
    return document(table.build(hub.reader, time.time()))


@router.get("/events", response_class=StreamingResponse)
async def get_events(hub: HubOf) -> StreamingResponse:
    """Server-sent events: `changed`, with the kind and the id of what changed."""
    if not hub.events.has_room():
        raise EdgeprofError("too_many_listeners", "Too many pages listen to this hub. Close some.")
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(hub.events.stream(), media_type="text/event-stream", headers=headers)
