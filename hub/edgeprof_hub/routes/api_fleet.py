"""The fleet: a page of devices with the state of each, and changes of many at once; a board's end and its successor."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from edgeprof.wire.fleet import FleetChange, FleetChanged, FleetPage, FleetQuery, FleetSort, FleetState
from edgeprof_hub.fleet import acts, listing, retiring
from edgeprof_hub.routes.answers import NO_CONTENT, HubOf, document

router = APIRouter(tags=["fleet"])
Word = Annotated[str, Query(max_length=200)]
DeviceId = Annotated[str, Path(max_length=200)]


class Successor(BaseModel):
    """The board that takes a retired one's place."""

    device_id: Annotated[str, Field(max_length=200)]


@router.get("/fleet", response_model=FleetPage)
def get_fleet(
    hub: HubOf,
    state: FleetState = "all",
    search: Word = "",
    group: Word = "",
    tag: Word = "",
    sort: FleetSort = "name",
    descending: bool = False,
    limit: int = listing.A_PAGE,
    offset: Annotated[int, Query(ge=0, le=10**9)] = 0,
) -> Response:
    """Devices with their troubles, vitals, queue and last error, and the agents that were turned away."""
    query = FleetQuery(state=state, search=search, group=group, tag=tag, sort=sort, descending=descending)
    return document(listing.listed(hub, query, limit, offset))


@router.post("/fleet/act", response_model=FleetChanged)
def post_act(hub: HubOf, change: FleetChange) -> Response:
    """Tag, untag, group, retire or restore devices; cancel their open jobs or retry their failed ones."""
    return document(FleetChanged(changed=acts.act(hub, change)))


@router.post("/devices/{device_id}/retire", status_code=NO_CONTENT)
def retire(hub: HubOf, device_id: DeviceId) -> None:
    """Hide a device from pages and new jobs, and cancel its open jobs. Its results stay."""
    retiring.retire(hub, [device_id])


@router.post("/devices/{device_id}/restore", status_code=NO_CONTENT)
def restore(hub: HubOf, device_id: DeviceId) -> None:
    """Show a retired device again."""
    retiring.restore(hub, [device_id])


@router.post("/devices/{device_id}/replace", status_code=NO_CONTENT)
def replace(hub: HubOf, device_id: DeviceId, successor: Successor) -> None:
    """Retire a device, and give its name, tags and groups to another board. Results stay with their boards."""
    retiring.replace(hub, device_id, successor.device_id)
