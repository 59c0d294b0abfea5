"""The history of a cell: its page, the notes that people write, and the regressions by API."""

import math
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Annotated

from fastapi import APIRouter, Form, Query, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from edgeprof.errors import UsageError
from edgeprof.wire import rest
from edgeprof_hub import names
from edgeprof_hub.context import HubContext
from edgeprof_hub.failures import not_found
from edgeprof_hub.people import audit
from edgeprof_hub.routes.answers import NO_CONTENT, HubOf, document
from edgeprof_hub.routes.page_answers import PageRoute, page
from edgeprof_hub.store import history
from edgeprof_hub.views import cell_history as views

MAX_RUNS = 200
LATEST_S = 4_102_444_800.0
"""The year 2100: later than any clock here is right."""

router = APIRouter(include_in_schema=False, route_class=PageRoute)
api = APIRouter(tags=["results"])
ADDRESS = "/cells/{device_id}/{model_id}/{config_key}"


@dataclass(frozen=True, kw_only=True)
class NewAnnotation:
    """A note about a cell. `at_s`: its Unix time; None: now."""

    device_id: str
    model_id: str
    config_key: str
    text: str
    at_s: float | None = None


@router.get(ADDRESS)
def cell(hub: HubOf, device_id: str, model_id: str, config_key: str, metric: str = "") -> HTMLResponse:
    """The page."""
    reader = hub.reader
    device, model, key = reader.device(device_id), reader.model(model_id), (device_id, model_id, config_key)
    if device is None or model is None or not reader.cells(device_ids=[device_id], columns=[(model_id, config_key)]):
        raise not_found("cell", "/".join(key))
    newest = reader.results(device_id=device_id, model_id=model_id, config_key=config_key, limit=MAX_RUNS + 1)
    shown = views.cell_history(
        device,
        model,
        key,
        newest[:MAX_RUNS],
        reader.history.annotations(key),
        reader.history.regressions(key),
        metric,
        is_cut=len(newest) > MAX_RUNS,
    )
    return page("cell.html", page=shown, now=views.when(time.time()))


@router.post(f"{ADDRESS}/notes")
def add_note(
    hub: HubOf,
    device_id: str,
    model_id: str,
    config_key: str,
    text: Annotated[str, Form()] = "",
    at: Annotated[str, Form()] = "",
) -> RedirectResponse:
    """Add a note to the cell."""
    _add(hub, (device_id, model_id, config_key), text, _time_of(at))
    return RedirectResponse(f"/cells/{device_id}/{model_id}/{config_key}", 303)


@router.post(f"{ADDRESS}/notes/delete")
def delete_note(
    hub: HubOf, device_id: str, model_id: str, config_key: str, annotation_id: Annotated[int, Form()]
) -> RedirectResponse:
    """Delete a note."""
    _delete(hub, annotation_id)
    return RedirectResponse(f"/cells/{device_id}/{model_id}/{config_key}", 303)


@api.get("/annotations", response_model=list[rest.Annotation])
def get_annotations(hub: HubOf, device_id: str, model_id: str, config_key: str) -> Response:
    """The notes of a cell, by their time."""
    return document(hub.reader.history.annotations((device_id, model_id, config_key)))


@api.post("/annotations", response_model=rest.Annotation, status_code=201)
def post_annotation(hub: HubOf, note: NewAnnotation) -> Response:
    """Add a note to a cell."""
    at_s = time.time() if note.at_s is None else note.at_s
    return document(_add(hub, (note.device_id, note.model_id, note.config_key), note.text, at_s), 201)


@api.delete("/annotations/{annotation_id}", status_code=NO_CONTENT)
def delete_annotation(hub: HubOf, annotation_id: int) -> None:
    """Delete a note."""
    _delete(hub, annotation_id)


@api.get("/regressions", response_model=list[rest.Regression])
def get_regressions(hub: HubOf, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> Response:
    """Suspected and settled regressions, newest first, each with its second run."""
    return document(hub.reader.history.regressions(limit=limit))


def _add(hub: HubContext, key: rest.CellKey, text: str, at_s: float) -> rest.Annotation:
    if not (math.isfinite(at_s) and 0 <= at_s <= LATEST_S):
        raise UsageError("bad_time", "The time of a note must be between 1970 and 2100.")
    device_id, model_id, config_key = key
    note = rest.Annotation(
        annotation_id=0,
        device_id=device_id,
        model_id=model_id,
        config_key=config_key,
        at_s=at_s,
        text=names.checked(text),
    )
    made = hub.writer.call(lambda store: store.change(lambda connection: history.annotate(connection, note)))
    if made is None:
        raise not_found("cell", "/".join(key))
    audit.about("/".join(key), note.text)
    return next(saved for saved in hub.reader.history.annotations(key) if saved.annotation_id == made)


def _delete(hub: HubContext, annotation_id: int) -> None:
    known = abs(annotation_id) < 2**63
    if not known or not hub.writer.call(
        lambda store: store.change(lambda connection: history.delete_annotation(connection, annotation_id))
    ):
        raise not_found("note", str(annotation_id))


def _time_of(text: str) -> float:
    """Of a `datetime-local` field, read as UTC; empty is now."""
    if not text.strip():
        return time.time()
    try:
        return datetime.fromisoformat(text.strip()).replace(tzinfo=timezone.utc).timestamp()
    except ValueError as error:
        raise UsageError("bad_time", f"{text[:40]!r} is not a time. Use 2026-11-27T08:30, in UTC.") from error
