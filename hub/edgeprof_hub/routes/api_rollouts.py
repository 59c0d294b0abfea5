"""Rollouts and quarantined models on the REST API."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from edgeprof.wire.rollouts import Quarantine, Rollout, RolloutRequest
from edgeprof_hub.failures import not_found
from edgeprof_hub.rollout import actions, listing, starting, ticking
from edgeprof_hub.routes.answers import HubOf, document

router = APIRouter(tags=["rollouts"])

MAX_ID = 2**53
QuarantineId = Annotated[int, Path(ge=0, le=MAX_ID)]


@router.post("/rollouts", response_model=Rollout, status_code=201)
def post_rollout(hub: HubOf, request: RolloutRequest) -> Response:
    """Start a rollout: one model to many devices in ordered groups, a canary first."""
    rollout_id = starting.start(hub, request)
    ticking.tick(hub)
    return document(listing.shown(hub, rollout_id), 201)


@router.get("/rollouts", response_model=list[Rollout])
def get_rollouts(hub: HubOf, limit: Annotated[int, Query(ge=1, le=1000)] = 50) -> Response:
    """The newest rollouts without their devices, newest first."""
    return document(listing.newest(hub, limit))


@router.get("/rollouts/{rollout_id}", response_model=Rollout)
def get_rollout(hub: HubOf, rollout_id: str) -> Response:
    """One rollout with each device, and why it stands still."""
    return document(listing.shown(hub, rollout_id))


@router.post("/rollouts/{rollout_id}/approve", response_model=Rollout)
def approve_rollout(hub: HubOf, rollout_id: str) -> Response:
    """Let the next group start. 409 if it does not wait for that."""
    actions.approve(hub, rollout_id)
    return document(listing.shown(hub, rollout_id))


@router.post("/rollouts/{rollout_id}/pause", response_model=Rollout)
def pause_rollout(hub: HubOf, rollout_id: str) -> Response:
    """Send nothing more. Jobs that devices have go on."""
    actions.pause(hub, rollout_id)
    return document(listing.shown(hub, rollout_id))


@router.post("/rollouts/{rollout_id}/resume", response_model=Rollout)
def resume_rollout(hub: HubOf, rollout_id: str) -> Response:
    """Go on. Of a rollout that a threshold stopped, failed and undecided devices run again."""
    actions.resume(hub, rollout_id)
    return document(listing.shown(hub, rollout_id))


@router.post("/rollouts/{rollout_id}/abort", response_model=Rollout)
def abort_rollout(hub: HubOf, rollout_id: str) -> Response:
    """Cancel its open jobs. Finished ones stay."""
    actions.abort(hub, rollout_id)
    return document(listing.shown(hub, rollout_id))


@router.post("/rollouts/{rollout_id}/rollback", response_model=Rollout, status_code=201)
def roll_back_rollout(hub: HubOf, rollout_id: str) -> Response:
    """Flash again what each device ran before. Answers with the new rollout that does it."""
    return document(listing.shown(hub, actions.roll_back(hub, rollout_id)), 201)


@router.get("/quarantines", response_model=list[Quarantine])
def get_quarantines(hub: HubOf, limit: Annotated[int, Query(ge=1, le=1000)] = 200) -> Response:
    """Models that crashed a kind of device; those that hold first, then the newest."""
    return document(hub.reader.quarantines.all(limit))


@router.post("/quarantines/{quarantine_id}/lift", response_model=Quarantine)
def lift_quarantine(hub: HubOf, quarantine_id: QuarantineId) -> Response:
    """Send the model to that kind of device again. 409 if that is so already."""
    actions.lift(hub, quarantine_id)
    found = hub.reader.quarantines.one(quarantine_id)
    if found is None:
        raise not_found("quarantine", str(quarantine_id))
    return document(found)
