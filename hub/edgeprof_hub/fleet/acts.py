"""What a person does with many devices at once."""

import time
from collections.abc import Callable, Sequence

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.wire import rest
from edgeprof.wire.fleet import FleetChange
from edgeprof_hub.campaigns import queue
from edgeprof_hub.context import HubContext
from edgeprof_hub.fleet import listing, retiring, upgrading
from edgeprof_hub.people import audit
from edgeprof_hub.registry import admin, tags

MAX_NAMED = 5
"""Devices by id in the entry of the audit log."""


def act(hub: HubContext, change: FleetChange) -> int:
    """Do it. How many devices, or of `cancel` and `retry` how many jobs, were changed.

    Raises UsageError nothing_selected, bad_tag, bad_name; EdgeprofError not_found, nothing_open, nothing_failed,
    nothing_to_upgrade.
    """
    device_ids = list(dict.fromkeys(change.device_ids))
    if not device_ids and change.query is not None:
        device_ids = hub.reader.fleet.ids(change.query, listing.limits_of(hub, time.time()))
    if not device_ids:
        raise UsageError("nothing_selected", "Select at least one device.")
    names = ", ".join(device_ids[:MAX_NAMED]) + (" …" if len(device_ids) > MAX_NAMED else "")
    audit.about(names, f"{change.act} {change.value}".strip() + f", {len(device_ids):,} devices")
    return _ACTS[change.act](hub, device_ids, change.value)


def _tag(hub: HubContext, device_ids: Sequence[str], value: str) -> int:
    return _retag(hub, device_ids, lambda had: had | set(_words(value)))


def _untag(hub: HubContext, device_ids: Sequence[str], value: str) -> int:
    return _retag(hub, device_ids, lambda had: had - set(_words(value)))


def _words(value: str) -> tuple[str, ...]:
    words = tags.parse(value)
    if not words:
        raise UsageError("bad_tag", "Enter a tag: one word of letters and digits.")
    return words


def _retag(hub: HubContext, device_ids: Sequence[str], change: Callable[[set[str]], set[str]]) -> int:
    changed = 0
    for device_id in device_ids:
        row = hub.reader.fleet.rows([device_id])
        had = set(row[0].device.tags) if row else set[str]()
        if change(had) != had:
            admin.tag_device(hub, device_id, sorted(change(had)))
            changed += 1
    return changed


def _group(hub: HubContext, device_ids: Sequence[str], value: str) -> int:
    """Add them to a group, which is made where there is none of that name."""
    members = next((one.device_ids for one in hub.reader.groups() if one.name == value.strip()), ())
    admin.set_group(hub, value, list(dict.fromkeys([*members, *device_ids])))
    return len(set(device_ids) - set(members))


def _cancel(hub: HubContext, device_ids: Sequence[str], _value: str) -> int:
    return _of_jobs(hub, device_ids, queue.cancel_all, "nothing_open", "No job to cancel on these devices.")


def _retry(hub: HubContext, device_ids: Sequence[str], _value: str) -> int:
    return _of_jobs(hub, device_ids, queue.retry_all, "nothing_failed", "No failed job to run again on these devices.")


def _of_jobs(
    hub: HubContext,
    device_ids: Sequence[str],
    change: Callable[[HubContext, rest.JobFilter], int],
    code: str,
    sentence: str,
) -> int:
    changed = 0
    for device_id in device_ids:
        try:
            changed += change(hub, rest.JobFilter(device_id=device_id))
        except EdgeprofError as error:
            if error.code != code:
                raise
    if not changed:
        raise EdgeprofError(code, sentence)
    return changed


def _retire(hub: HubContext, device_ids: Sequence[str], _value: str) -> int:
    return retiring.retire(hub, device_ids)


def _restore(hub: HubContext, device_ids: Sequence[str], _value: str) -> int:
    return retiring.restore(hub, device_ids)


def _upgrade(hub: HubContext, device_ids: Sequence[str], _value: str) -> int:
    return upgrading.order(hub, device_ids)


_ACTS = {
    "tag": _tag,
    "untag": _untag,
    "group": _group,
    "cancel": _cancel,
    "retry": _retry,
    "retire": _retire,
    "restore": _restore,
    "upgrade": _upgrade,
}
