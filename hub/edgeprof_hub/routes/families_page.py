"""The page of families, and the forms that merge, split and rename them: what moves is shown before it moves."""

from typing import Annotated, cast, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.wire import rest
from edgeprof.wire.labels import FamilyAct
from edgeprof_hub.context import HubContext
from edgeprof_hub.registry import families
from edgeprof_hub.routes.answers import HubOf
from edgeprof_hub.routes.page_answers import PageRoute, page
from edgeprof_hub.views import form_list
from edgeprof_hub.views.families import FamiliesPage, FamilyChangePage

NEWEST_CHANGES = 30

router = APIRouter(include_in_schema=False, route_class=PageRoute)
Text = Annotated[str, Form()]


@router.get("/families")
def families_page(hub: HubOf, changed: Annotated[str, Query(max_length=200)] = "") -> HTMLResponse:
    """Every family with its variants, and what was changed. `changed`: the family to name as just changed."""
    return page("families.html", page=_shown(hub, changed=changed))


@router.post("/families", response_model=None)
def change(
    hub: HubOf,
    act: Text = "",
    family: Text = "",
    into: Text = "",
    model: Annotated[list[str] | None, Form()] = None,
    copy_gates: Text = "",
    confirmed: Text = "",
) -> HTMLResponse | RedirectResponse:
    """Show what a change moves; with `confirmed`, make it. Errors appear above the list."""
    try:
        if act not in get_args(FamilyAct):
            raise UsageError("empty_family_change", "Choose what to do with the family.")
        asked = rest.FamilyChange(
            act=cast(FamilyAct, act),
            family=family,
            into=into,
            model_ids=tuple(form_list.parted(model)),
            copy_gates=bool(copy_gates),
            dry_run=not confirmed,
        )
        effects = families.change(hub, asked)
    except EdgeprofError as error:
        return page("families.html", 400, page=_shown(hub, problem=error.message))
    if effects.done:
        return RedirectResponse(f"/families?{urlencode({'changed': effects.change.into})}", 303)
    fields = [("act", act), ("family", family), ("into", into), ("model", form_list.joined(effects.model_ids))]
    fields += [("copy_gates", "yes")] if copy_gates else []
    return confirmation(effects, "/families", fields, "/families")


def confirmation(effects: rest.FamilyEffects, action: str, fields: list[tuple[str, str]], back: str) -> HTMLResponse:
    """The page that shows what a change moves, with the button that makes it. `fields`: what the form had."""
    return page("family_change.html", page=FamilyChangePage(effects, action, (*fields, ("confirmed", "yes")), back))


def _shown(hub: HubContext, problem: str = "", changed: str = "") -> FamiliesPage:
    return FamiliesPage(
        families=families.listed(hub),
        models={model.model_id: model for model in hub.reader.models()},
        changes=hub.reader.labels.changes(limit=NEWEST_CHANGES),
        problem=problem,
        changed=changed,
    )
