"""Families: listed, merged, split, renamed; and the record of label changes."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from edgeprof.wire import rest
from edgeprof_hub.names import MAX_NAME_CHARS
from edgeprof_hub.registry import families
from edgeprof_hub.routes.answers import HubOf, document

router = APIRouter(tags=["models"])


@router.get("/families", response_model=list[rest.FamilyRecord])
def get_families(hub: HubOf) -> Response:
    """Every family with its variants and gates."""
    return document(families.listed(hub))


@router.post("/families/change", response_model=rest.FamilyEffects)
def post_family_change(hub: HubOf, asked: rest.FamilyChange) -> Response:
    """Merge, split or rename a family, or move models. With `dry_run`, answer what would move and change nothing."""
    return document(families.change(hub, asked))


@router.get("/label-changes", response_model=list[rest.LabelChange])
def get_label_changes(
    hub: HubOf,
    kind: Literal["", "device", "model", "family"] = "",
    id: Annotated[str, Query(max_length=MAX_NAME_CHARS)] = "",
    limit: Annotated[int, Query(ge=1, le=10_000)] = 100,
) -> Response:
    """Labels that people changed, newest first; of one kind or one device, model or family."""
    return document(hub.reader.labels.changes(kind, id, limit))
