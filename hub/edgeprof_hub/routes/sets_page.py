"""The page of evaluation sets: what is there, an archive to add, a set to delete."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio.to_thread
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from edgeprof.errors import EdgeprofError
from edgeprof.wire import rest
from edgeprof_hub.context import HubContext
from edgeprof_hub.registry import evaluation_sets, set_archive, uploads
from edgeprof_hub.registry.upload_form import UploadForm
from edgeprof_hub.routes.access import int_or_zero
from edgeprof_hub.routes.answers import HubOf
from edgeprof_hub.routes.page_answers import PageRoute, page
from edgeprof_hub.routes.upload import read_to_end

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@dataclass(frozen=True)
class SetsPage:
    """Every set, and what was wrong with the last archive."""

    sets: Sequence[rest.EvaluationSetRecord]
    problem: str = ""


@router.get("/sets")
def sets(hub: HubOf) -> HTMLResponse:
    """The page."""
    return page("sets.html", page=SetsPage(hub.reader.evaluations.sets()), here="sets")


@router.post("/sets/upload", response_model=None)
async def upload(hub: HubOf, request: Request) -> HTMLResponse | RedirectResponse:
    """Store the set in the form's archive; errors appear above the form."""
    chunks = request.stream()
    try:
        uploads.check_size(hub, int_or_zero(request.headers.get("content-length")))
        with uploads.place(hub) as folder:
            form = UploadForm(request.headers.get("content-type", ""), folder, set_archive.look)
            await uploads.receive(form, chunks)
            record = await anyio.to_thread.run_sync(_add, hub, form, folder)
    except EdgeprofError as error:
        await read_to_end(chunks)
        shown = SetsPage(hub.reader.evaluations.sets(), error.message)
        return page("sets.html", 400, page=shown, here="sets")
    return RedirectResponse(f"/sets#{record.set_id}", 303)


@router.post("/sets/{set_id}/delete")
def delete(hub: HubOf, set_id: str) -> RedirectResponse:
    """Delete a set; results stay."""
    evaluation_sets.delete(hub, set_id)
    return RedirectResponse("/sets", 303)


def _add(hub: HubContext, form: UploadForm, folder: Path) -> rest.EvaluationSetRecord:
    if len(form.files) != 1:
        raise EdgeprofError("bad_archive", "Select one archive with the folder of a set.")
    found = set_archive.unpacked(form.files[0], folder / "set")
    return evaluation_sets.adopt(hub, found, form.fields.get("name", "").strip())
