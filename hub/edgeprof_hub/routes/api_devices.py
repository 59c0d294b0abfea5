"""Devices: listed, renamed, priced, tagged, deleted."""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from edgeprof.wire import rest
from edgeprof_hub.failures import not_found
from edgeprof_hub.registry import admin
from edgeprof_hub.routes.answers import NO_CONTENT, HubOf, document

router = APIRouter(prefix="/devices", tags=["devices"])


class DevicePatch(BaseModel):
    """Changes to a device; omitted fields stay. A null price removes the entered price."""

    name: str | None = None
    price_usd: Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)] | None = None
    price_source: Annotated[str, Field(max_length=300)] | None = None
    tags: Annotated[list[str], Field(max_length=1000)] | None = None
    """All tags that it shall have; an empty list: none."""


@router.get("", response_model=list[rest.DeviceRecord])
def get_devices(hub: HubOf, retired: bool = False) -> Response:
    """Every device in use; with `retired`, also those that are not."""
    return document(hub.reader.devices(retired=retired))


@router.get("/{device_id}", response_model=rest.DeviceRecord)
def get_device(hub: HubOf, device_id: str) -> Response:
    """One device."""
    record = hub.reader.device(device_id)
    if record is None:
        raise not_found("device", device_id)
    return document(record)


@router.patch("/{device_id}", status_code=NO_CONTENT)
def patch_device(hub: HubOf, device_id: str, patch: DevicePatch) -> None:
    """Rename a device, set its price or its tags."""
    if patch.name is not None:
        admin.rename_device(hub, device_id, patch.name)
    if "price_usd" in patch.model_fields_set:
        admin.price_device(hub, device_id, patch.price_usd, patch.price_source)
    if patch.tags is not None:
        admin.tag_device(hub, device_id, patch.tags)


@router.delete("/{device_id}", status_code=NO_CONTENT)
def delete_device(hub: HubOf, device_id: str) -> None:
    """Delete a device with its results. An online device comes back at once, without results."""
    admin.delete_device(hub, device_id)
