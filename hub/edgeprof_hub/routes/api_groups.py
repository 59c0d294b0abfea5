"""Groups of devices: listed, made or replaced, deleted."""

from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from edgeprof.wire import rest
from edgeprof_hub.names import MAX_NAME_CHARS
from edgeprof_hub.registry import admin
from edgeprof_hub.routes.answers import NO_CONTENT, HubOf, document

router = APIRouter(prefix="/groups", tags=["devices"])
Name = Annotated[str, Path(max_length=MAX_NAME_CHARS)]


class GroupMembers(BaseModel):
    """All devices of a group."""

    device_ids: Annotated[list[str], Field(max_length=10_000)]


@router.get("", response_model=list[rest.DeviceGroup])
def get_groups(hub: HubOf) -> Response:
    """Every group."""
    return document(hub.reader.groups())


@router.put("/{name:path}", status_code=NO_CONTENT)
def put_group(hub: HubOf, name: Name, members: GroupMembers) -> None:
    """Create the group, or replace its devices."""
    admin.set_group(hub, name, members.device_ids)


@router.delete("/{name:path}", status_code=NO_CONTENT)
def delete_group(hub: HubOf, name: Name) -> None:
    """Delete the group. Its devices stay."""
    admin.delete_group(hub, name)
