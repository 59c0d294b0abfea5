"""Model files in parts, for pages and for commands: announced, sent piece by piece, and taken when whole."""

from dataclasses import dataclass
from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Request, Response
from pydantic import Field

from edgeprof.modelfiles.record import Labels
from edgeprof.wire import rest
from edgeprof.wire.tasks import Task
from edgeprof_hub.registry import uploads
from edgeprof_hub.registry.parts import MAX_HASHED_PART_BYTES, Upload
from edgeprof_hub.routes.answers import NO_CONTENT, HubOf, Sha256, document

router = APIRouter(prefix="/uploads", tags=["blobs"])
models = APIRouter(prefix="/models", tags=["models"])
PART_BYTES = MAX_HASHED_PART_BYTES // 2

_Hash = Annotated[str, Field(pattern="^([0-9a-f]{64})?$")]
_Id = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
_Text = Annotated[str, Field(max_length=200)]


@dataclass(frozen=True, kw_only=True)
class UploadRequest:
    """A file about to be sent. `sha256`: of the file. Without it, `key` tells this file from another of its name."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    size: Annotated[int, Field(ge=0, strict=True)]
    sha256: _Hash = ""
    key: _Text = ""


@dataclass(frozen=True, kw_only=True)
class UploadedModels:
    """Files that are here whole, and what to call the models among them."""

    upload_ids: Annotated[tuple[_Id, ...], Field(max_length=64)]
    name: _Text = ""
    family: _Text = ""
    quantization: _Text = ""
    task: Task | None = None


@router.post("", response_model=rest.UploadState, status_code=201)
def begin_upload(hub: HubOf, planned: UploadRequest) -> Response:
    """Announce a file, or find it again after a cut. The answer says where to go on."""
    upload = Upload(name=planned.name, size=planned.size, sha256=planned.sha256, key=planned.key)
    if planned.sha256 and hub.blobs.has(planned.sha256):
        return _state(upload, planned.size, is_stored=True, status=201)
    return _state(upload, hub.parts.begin(upload), status=201)


@router.get("/{upload_id}", response_model=rest.UploadState)
def get_upload(hub: HubOf, upload_id: Sha256) -> Response:
    """How much of a file is here."""
    return _state(*hub.parts.find(upload_id))


@router.patch("/{upload_id}", response_model=rest.UploadState)
async def send_part(hub: HubOf, upload_id: Sha256, offset: int, request: Request, sha256: _Hash = "") -> Response:
    """Add bytes. `offset`: where they begin, which is where the upload stands. `sha256`: of these bytes, up to 8 MiB.

    With the last part of a file whose hash was announced, the file is stored under that hash.
    """
    have = await hub.parts.append(upload_id, offset, sha256, request.stream())
    upload, _ = hub.parts.find(upload_id)
    is_stored = have == upload.size and bool(upload.sha256)
    if is_stored:
        await anyio.to_thread.run_sync(uploads.store_part, hub, upload_id)
    return _state(upload, have, is_stored=is_stored)


@router.delete("/{upload_id}", status_code=NO_CONTENT)
def drop_upload(hub: HubOf, upload_id: Sha256) -> None:
    """Give an upload up."""
    hub.parts.remove(upload_id)


@models.post("/uploaded", response_model=list[rest.ModelRecord], status_code=201)
def add_models(hub: HubOf, sent: UploadedModels) -> Response:
    """Register the models among files that are here whole. The files of a refused model stay, for another try."""
    labels = Labels(
        name=sent.name.strip() or None,
        family=sent.family.strip() or None,
        quantization=sent.quantization.strip() or None,
        task=sent.task,
    )
    return document(uploads.add_parts(hub, sent.upload_ids, labels), 201)


def _state(upload: Upload, have: int, is_stored: bool = False, status: int = 200) -> Response:
    return document(
        rest.UploadState(
            upload_id=upload.upload_id, offset=have, size=upload.size, part_bytes=PART_BYTES, is_stored=is_stored
        ),
        status,
    )
