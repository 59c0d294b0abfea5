"""Retire a device, bring it back, or put a new board in its place. Its history stays in every case."""

import time
from collections.abc import Sequence

from edgeprof.errors import UsageError
from edgeprof.wire import rest
from edgeprof_hub.context import HubContext
from edgeprof_hub.events import Change
from edgeprof_hub.failures import not_found
from edgeprof_hub.people import audit
from edgeprof_hub.store import fleet, labels
from edgeprof_hub.store.writer import SqliteWriter


def retire(hub: HubContext, device_ids: Sequence[str]) -> int:
    """Hide devices from pages and new jobs, and cancel their open jobs. How many were in use until now."""
    before = [_device(hub, device_id) for device_id in device_ids]
    used = [device for device in before if device.retired_s is None]

    def change(store: SqliteWriter) -> None:
        for device in used:
            _retire(hub, store, device, None)

    hub.writer.call(change)
    _told(hub, [device.device_id for device in used])
    return len(used)


def restore(hub: HubContext, device_ids: Sequence[str]) -> int:
    """Show them again. One that was replaced returns as a board of its own. How many were retired until now."""
    retired = [device for device_id in device_ids if (device := _device(hub, device_id)).retired_s is not None]

    def change(store: SqliteWriter) -> None:
        with store.transaction():
            for device in retired:
                store.change(lambda db, device=device: fleet.restore(db, device.device_id))
                store.change(lambda db, device=device: labels.note(db, [_noted(device, "retired", "")]))

    hub.writer.call(change)
    _told(hub, [device.device_id for device in retired])
    return len(retired)


def replace(hub: HubContext, old_id: str, new_id: str) -> None:
    """A new board takes the name, tags and groups of an old one, which is retired and stays linked.

    Results stay with the board that was measured: figures of the two are never one series.
    Raises EdgeprofError not_found; UsageError same_device, device_retired, already_replaced.
    """
    old, new = _device(hub, old_id), _device(hub, new_id)
    if old_id == new_id:
        raise UsageError("same_device", f"{old.label} cannot replace itself. Name the new board second.")
    if new.retired_s is not None:
        raise UsageError("device_retired", f"{new.label} is retired. Restore it first, or name another device.")
    if old.replaced_by:
        raise UsageError("already_replaced", f"{old.label} was already replaced. Restore it first.")

    audit.about(old_id, f"replaced by {new_id}")

    def change(store: SqliteWriter) -> None:
        with store.transaction():
            store.change(lambda db: fleet.take_over(db, old_id, new_id))
            store.change(lambda db: labels.note(db, [_noted(new, new.name, old.name, "name")]))
            _retire(hub, store, old, new)

    hub.writer.call(change)
    _told(hub, [old_id, new_id])


def named(hub: HubContext, text: str) -> rest.DeviceRecord:
    """The one device in use with this id, label or name. Raises EdgeprofError: not_found, ambiguous_device."""
    known = hub.reader.devices()
    found = [one for one in known if text in (one.device_id, one.label)] or [one for one in known if one.name == text]
    if not found:
        raise not_found("device", text)
    if len(found) > 1:
        raise UsageError(
            "ambiguous_device", f"{len(found)} devices are named {text[:80]!r}. Use the id of one of them."
        )
    return found[0]


def _retire(
    hub: HubContext, store: SqliteWriter, device: rest.DeviceRecord, successor: rest.DeviceRecord | None
) -> None:
    """Its open jobs end as cancelled, and its agent hears so."""
    after = f"replaced by {successor.device_id}" if successor else "retired"
    with store.transaction():
        store.change(
            lambda db: fleet.retire(db, device.device_id, time.time(), successor.device_id if successor else None)
        )
        store.change(lambda db: labels.note(db, [_noted(device, "", after)]))
    hub.dispatch.cancel(store, [job.job_id for job in hub.reader.open_jobs(device.device_id)])


def _device(hub: HubContext, device_id: str) -> rest.DeviceRecord:
    found = hub.reader.device(device_id)
    if found is None:
        raise not_found("device", device_id)
    return found


def _noted(device: rest.DeviceRecord, before: str, after: str, field: str = "retired") -> rest.LabelChange:
    return rest.LabelChange(
        at_s=time.time(),
        kind="device",
        subject_id=device.device_id,
        subject=device.name,
        field=field,
        before=before,
        after=after,
    )


def _told(hub: HubContext, device_ids: Sequence[str]) -> None:
    hub.events.publish([Change("device", device_id) for device_id in device_ids])
