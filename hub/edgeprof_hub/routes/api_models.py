"""Models: registered from stored blobs, renamed, deleted."""

from fastapi import APIRouter, Response

from edgeprof.wire import rest
from edgeprof_hub.failures import not_found
from edgeprof_hub.registry import admin, registration
from edgeprof_hub.routes.answers import NO_CONTENT, HubOf, document

router = APIRouter(prefix="/models", tags=["models"])


@router.get("", response_model=list[rest.ModelRecord])
def get_models(hub: HubOf) -> Response:
    """Every model."""
    return document(hub.reader.models())


@router.post("", response_model=rest.ModelRecord, status_code=201)
def post_model(hub: HubOf, record: rest.ModelRecord) -> Response:
    """Register a model whose files are stored. The hub checks them and rejects files that are not a model."""
    return document(registration.register(hub, record), 201)


@router.get("/{model_id}", response_model=rest.ModelRecord)
def get_model(hub: HubOf, model_id: str) -> Response:
    """One model."""
    record = hub.reader.model(model_id)
    if record is None:
        raise not_found("model", model_id)
    return document(record)


@router.patch("/{model_id}", status_code=NO_CONTENT)
def patch_model(hub: HubOf, model_id: str, patch: rest.ModelPatch) -> None:
    """Change a model's name, family, variant, quantization, task, parameters or tags. Its id and its results stay."""
    admin.edit_model(hub, model_id, patch)


@router.delete("/{model_id}", status_code=NO_CONTENT)
def delete_model(hub: HubOf, model_id: str) -> None:
    """Delete a model with its results, and cancel its open jobs."""
    admin.delete_model(hub, model_id)
