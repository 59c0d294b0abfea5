"""The pages of rollouts, live, and the forms that start, steer and take them back."""

import time
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse

from edgeprof.errors import EdgeprofError
from edgeprof.wire.rollouts import RolloutRequest
from edgeprof_hub.campaigns import form_inputs
from edgeprof_hub.context import HubContext
from edgeprof_hub.rollout import actions, going_back, listing, starting, ticking
from edgeprof_hub.rollout.form import plan_of, typed_form
from edgeprof_hub.routes import forms
from edgeprof_hub.routes.answers import HubOf
from edgeprof_hub.routes.api_rollouts import QuarantineId
from edgeprof_hub.routes.page_answers import PageRoute, page
from edgeprof_hub.views import rollouts_page

router = APIRouter(include_in_schema=False, route_class=PageRoute)
Texts = Annotated[list[str] | None, Form()]


@router.get("/rollouts")
def rollouts(hub: HubOf) -> HTMLResponse:
    """Every rollout, and quarantined models."""
    return page("rollouts.html", page=_list(hub), here="rollouts")


@router.get("/rollouts/live")
def rollouts_live(hub: HubOf) -> HTMLResponse:
    """The live part of the list alone."""
    return page("_rollouts.html", page=_list(hub))


@router.post("/rollouts", response_model=None)
def start(
    hub: HubOf,
    typed: forms.TypedInputs,
    model: Texts = None,
    device: Texts = None,
    group: Texts = None,
    evaluate: Texts = None,
    family: Texts = None,
) -> HTMLResponse | RedirectResponse:
    """Start a rollout from the flash page's form. Errors appear above it."""
    of_families = [one.model_id for one in hub.reader.models() if one.family in family] if family else []
    models = tuple(dict.fromkeys([*(model or ()), *of_families]))
    stages = typed_form(typed)
    try:
        run = form_inputs.campaign_of(typed, models, tuple(device or ()), tuple(group or ()), tuple(evaluate or ()))
        rollout_id = starting.start(hub, RolloutRequest(run=run, plan=plan_of(stages, hub.reader.devices())))
    except EdgeprofError as error:
        chosen = [*(model or ()), *(device or ()), *(evaluate or ())]
        shown = replace(
            forms.flash_page(hub.reader, error.message, chosen), inputs=form_inputs.inputs(typed), stages=stages
        )
        return page("flash.html", 400, page=shown, here="flash")
    ticking.tick(hub)
    return _next(rollout_id)


@router.get("/rollouts/{rollout_id}")
def rollout(hub: HubOf, rollout_id: str) -> HTMLResponse:
    """One rollout."""
    return page("rollout.html", page=_one(hub, rollout_id), here="rollouts")


@router.get("/rollouts/{rollout_id}/live")
def rollout_live(hub: HubOf, rollout_id: str) -> HTMLResponse:
    """The live part of its page alone."""
    return page("_rollout.html", page=_one(hub, rollout_id))


@router.post("/rollouts/{rollout_id}/approve")
def approve(hub: HubOf, rollout_id: str) -> RedirectResponse:
    """Let the next group start."""
    actions.approve(hub, rollout_id)
    return _next(rollout_id)


@router.post("/rollouts/{rollout_id}/pause")
def pause(hub: HubOf, rollout_id: str) -> RedirectResponse:
    """Send nothing more."""
    actions.pause(hub, rollout_id)
    return _next(rollout_id)


@router.post("/rollouts/{rollout_id}/resume")
def resume(hub: HubOf, rollout_id: str) -> RedirectResponse:
    """Go on, or run failed devices again."""
    actions.resume(hub, rollout_id)
    return _next(rollout_id)


@router.post("/rollouts/{rollout_id}/abort")
def abort(hub: HubOf, rollout_id: str) -> RedirectResponse:
    """Cancel what is open."""
    actions.abort(hub, rollout_id)
    return _next(rollout_id)


@router.post("/rollouts/{rollout_id}/rollback")
def roll_back(hub: HubOf, rollout_id: str) -> RedirectResponse:
    """Flash again what each device ran before."""
    return _next(actions.roll_back(hub, rollout_id))


@router.post("/devices/{device_id}/back")
def go_back(hub: HubOf, device_id: str, model_id: Annotated[str, Form()] = "") -> RedirectResponse:
    """Flash the version before on one device."""
    return RedirectResponse(f"/campaigns/{going_back.go_back(hub, device_id, model_id).campaign_id}", 303)


@router.post("/quarantines/{quarantine_id}/lift")
def lift(hub: HubOf, quarantine_id: QuarantineId) -> RedirectResponse:
    """Send the model to that kind of device again."""
    actions.lift(hub, quarantine_id)
    return RedirectResponse("/rollouts#quarantine", 303)


def _next(rollout_id: str) -> RedirectResponse:
    return RedirectResponse(f"/rollouts/{rollout_id}", 303)


def _list(hub: HubContext) -> rollouts_page.RolloutsPage:
    return rollouts_page.rollouts_page(listing.newest(hub), hub.reader.quarantines.all(), time.time())


def _one(hub: HubContext, rollout_id: str) -> rollouts_page.RolloutPage:
    return rollouts_page.rollout_page(listing.shown(hub, rollout_id), hub.reader.quarantines.all(), time.time())
