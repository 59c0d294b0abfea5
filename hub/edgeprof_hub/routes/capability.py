"""The capability page of a family or a model, and the form that sets the family's gates."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse

from edgeprof.errors import UsageError
from edgeprof.wire import rest
from edgeprof_hub.context import HubContext
from edgeprof_hub.failures import not_found
from edgeprof_hub.quality import lead, setting
from edgeprof_hub.routes.access import int_or_zero
from edgeprof_hub.routes.answers import HubOf
from edgeprof_hub.routes.page_answers import PageRoute, page
from edgeprof_hub.views.capability_page import capability_page

MAX_GATES_CHARS = 4000

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/capability/{name:path}")
def capability(hub: HubOf, name: str) -> HTMLResponse:
    """What a family's models can do; or one model, by its id."""
    return _page(hub, name)


@router.post("/families/gate", response_model=None)
def save_gates(
    hub: HubOf, family: Annotated[str, Form()] = "", gates: Annotated[str, Form()] = ""
) -> HTMLResponse | RedirectResponse:
    """Replace the gates of a family: one a line."""
    if len(gates) > MAX_GATES_CHARS:
        raise UsageError("too_large", "These gates are too long to save.")
    lines = [line.strip() for line in gates.splitlines() if line.strip()]
    try:
        setting.set_gates(hub, family, lines)
    except UsageError as error:
        return _page(hub, family, lines, error.message)
    return RedirectResponse(f"/capability/{quote(family, safe='')}#gates-h", 303)


@router.post("/families/lead", response_model=None)
def save_lead(
    hub: HubOf, family: Annotated[str, Form()] = "", lead: Annotated[str, Form()] = ""
) -> HTMLResponse | RedirectResponse:
    """Choose the family's lead set. `lead`: the set's id and the shots with a space between; empty: the default."""
    set_id, _, shots = lead.partition(" ")
    try:
        setting.set_lead(hub, family, rest.NewLead(set=set_id, shots=int_or_zero(shots) if set_id else None))
    except UsageError as error:
        return _page(hub, family, problem=error.message)
    return RedirectResponse(f"/capability/{quote(family, safe='')}#lead-h", 303)


def _page(hub: HubContext, name: str, asked: list[str] | None = None, problem: str = "") -> HTMLResponse:
    models = hub.reader.models()
    model = next((each for each in models if each.model_id == name), None)
    family = model.family if model else name
    if not any(each.family == family for each in models):
        raise not_found("family", name)
    rows = hub.reader.gates.capability(family)
    if model is not None:
        results = {one.result_id for one in hub.reader.evaluations.newest(model_id=model.model_id, limit=1000)}
        rows = tuple(row for row in rows if row.result_id in results)
    gates = hub.reader.gates.gates([family]).get(family, ()) if asked is None else asked
    sets = lead.evaluated_sets(hub, family)
    shown = capability_page(model.shown_name if model else family, family, rows, gates, problem, sets)
    return page("capability.html", 400 if problem else 200, page=shown)
