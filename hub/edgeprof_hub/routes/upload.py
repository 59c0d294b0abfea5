"""Model files from the browser: the form's target, and what a page asks before it sends them."""

import base64
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

import anyio.to_thread
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import Strict
from starlette.requests import ClientDisconnect

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.modelfiles import first_look
from edgeprof.modelfiles.record import Labels
from edgeprof.wire.tasks import TASKS, task_of
from edgeprof_hub.registry import uploads
from edgeprof_hub.registry.upload_form import UploadForm
from edgeprof_hub.routes import forms
from edgeprof_hub.routes.access import int_or_zero
from edgeprof_hub.routes.answers import NO_CONTENT, HubOf
from edgeprof_hub.routes.page_answers import PageRoute, page

router = APIRouter(include_in_schema=False, route_class=PageRoute)
api = APIRouter(tags=["models"])


@dataclass(frozen=True, kw_only=True)
class PlannedFile:
    """A file about to be sent. `head_base64`: its first 32 bytes."""

    name: str
    size: Annotated[int, Strict()]  # else `false` would be 0
    head_base64: str


@dataclass(frozen=True, kw_only=True)
class PlannedUpload:
    """Files about to be sent together."""

    files: tuple[PlannedFile, ...]


@api.post("/models/check", status_code=NO_CONTENT)
def check(hub: HubOf, planned: PlannedUpload) -> None:
    """Check files before they are sent: sizes, free disk space, first bytes."""
    uploads.check_sizes(hub, [max(0, file.size) for file in planned.files])
    for file in planned.files:
        first_look(_head(file), file.name)


def _head(file: PlannedFile) -> bytes:
    try:
        return base64.b64decode(file.head_base64, validate=True)
    except ValueError as error:  # of which binascii.Error is one
        raise UsageError("invalid_request", f"The first bytes of {file.name[:80]!r} are not valid base64.") from error


@router.post("/models/upload", response_model=None)
async def upload(hub: HubOf, request: Request) -> HTMLResponse | RedirectResponse:
    """Store the models of the form and show where they can be flashed to; errors appear above the form."""
    chunks = request.stream()
    try:
        uploads.check_size(hub, int_or_zero(request.headers.get("content-length")))
        with uploads.place(hub) as folder:
            form = UploadForm(request.headers.get("content-type", ""), folder)
            await uploads.receive(form, chunks)
            records = await anyio.to_thread.run_sync(uploads.add, hub, form.files, _labels(form.fields))
    except EdgeprofError as error:
        await read_to_end(chunks)
        return page("flash.html", 400, page=forms.flash_page(hub.reader, upload_problem=error.message), here="flash")
    chosen = urlencode([("model", record.model_id) for record in records])
    return RedirectResponse(f"/flash?{chosen}", 303)


def _labels(fields: dict[str, str]) -> Labels:
    labels = {name: text.strip() for name, text in fields.items()}
    try:
        task = task_of(text) if (text := labels.get("task", "")) else None
    except ValueError as error:
        raise UsageError("bad_task", f"{error}. Tasks: {', '.join(TASKS)}.") from error
    return Labels(
        name=labels.get("name") or None,
        family=labels.get("family") or None,
        quantization=labels.get("quantization") or None,
        task=task,
    )


async def read_to_end(chunks: AsyncIterator[bytes]) -> None:
    """Throw away what a refused upload still sends: a browser shows no answer that comes before it has sent all."""
    read = 0
    with suppress(ClientDisconnect):
        async for chunk in chunks:
            read += len(chunk)
            if read > uploads.MAX_UPLOAD_BYTES:
                return
