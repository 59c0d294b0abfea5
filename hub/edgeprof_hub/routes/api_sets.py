"""Evaluation sets: registered from stored blobs, listed, deleted; and the evaluations that used them."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from edgeprof.wire import rest
from edgeprof_hub.registry import evaluation_sets
from edgeprof_hub.routes.answers import NO_CONTENT, HubOf, document

router = APIRouter(tags=["evaluations"])


@router.get("/sets", response_model=list[rest.EvaluationSetRecord])
def get_sets(hub: HubOf) -> Response:
    """Every evaluation set."""
    return document(hub.reader.evaluations.sets())


@router.post("/sets", response_model=rest.EvaluationSetRecord, status_code=201)
def post_set(hub: HubOf, new: rest.NewEvaluationSet) -> Response:
    """Register an evaluation set whose files are stored. The hub reads them and computes the id."""
    return document(evaluation_sets.register(hub, new), 201)


@router.get("/sets/{set_id}", response_model=rest.EvaluationSetRecord)
def get_set(hub: HubOf, set_id: str) -> Response:
    """One evaluation set."""
    return document(evaluation_sets.get(hub, set_id))


@router.delete("/sets/{set_id}", status_code=NO_CONTENT)
def delete_set(hub: HubOf, set_id: str) -> None:
    """Delete an evaluation set and cancel its open jobs. Results stay."""
    evaluation_sets.delete(hub, set_id)


@router.get("/evaluations", response_model=list[rest.EvaluationRecord])
def get_evaluations(
    hub: HubOf,
    device_id: str | None = None,
    model_id: str | None = None,
    base_key: str | None = None,
    set_id: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Evaluations, newest first, each with its lead figure. `base_key`: configuration of the speed cell."""
    found = hub.reader.evaluations.newest(
        device_id=device_id, model_id=model_id, base_key=base_key, set_id=set_id, limit=limit
    )
    return document(found)
