"""Models: registered from stored blobs, renamed, deleted."""

import msgspec
from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from edgeprof.wire import rest
from edgeprof_hub.exports import model_bom, model_bundle
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


@router.get("/{model_id}/bom")
def get_bom(hub: HubOf, model_id: str) -> Response:
    """The bill of materials (ML-BOM), CycloneDX 1.6: files with hashes, licence, quantization, evaluations."""
    return Response(msgspec.json.encode(model_bundle.bom_of(hub, model_id)), media_type=model_bom.MEDIA_TYPE)


@router.get("/{model_id}/bundle", response_class=StreamingResponse)
def get_bundle(hub: HubOf, model_id: str) -> StreamingResponse:
    """The model as one ZIP file, signed by the hub's key: `edgeprof model verify-bundle` checks it."""
    model, key = model_bundle.check(hub, model_id)
    headers = {"content-disposition": f'attachment; filename="edgeprof-model-{model.model_id[:12]}.zip"'}
    return StreamingResponse(model_bundle.pieces(hub, model, key), media_type="application/zip", headers=headers)


@router.patch("/{model_id}", status_code=NO_CONTENT)
def patch_model(hub: HubOf, model_id: str, patch: rest.ModelPatch) -> None:
    """Change a model's name, family, variant, quantization, task, parameters or tags. Its id and its results stay."""
    admin.edit_model(hub, model_id, patch)


@router.delete("/{model_id}", status_code=NO_CONTENT)
def delete_model(hub: HubOf, model_id: str) -> None:
    """Delete a model with its results, and cancel its open jobs."""
    admin.delete_model(hub, model_id)
