"""Orders agents to replace themselves by the version of this hub's package index."""

from collections.abc import Sequence

from edgeprof.errors import EdgeprofError
from edgeprof_hub.context import HubContext
from edgeprof_hub.events import Change
from edgeprof_hub.failures import not_found
from edgeprof_hub.fleet.trouble import is_old
from edgeprof_hub.joining.wheel_index import index_of
from edgeprof_hub.store import upgrades
from edgeprof_hub.store.writer import SqliteWriter


def order(hub: HubContext, device_ids: Sequence[str]) -> int:
    """How many were ordered. Devices that have the version, are retired, or are no boards of their own are left out.

    Raises EdgeprofError not_found, nothing_to_upgrade, not_packable.
    """
    own = index_of(hub.settings.data).own()
    version = str(own.version)
    rows = {row.device.device_id: row.device for row in hub.reader.fleet.rows(device_ids)}
    if missing := [device_id for device_id in device_ids if device_id not in rows]:
        raise not_found("device", missing[0])
    wanted = [
        device.device_id
        for device in rows.values()
        if device.retired_s is None and is_old(device.agent_version, version)
    ]
    if not wanted:
        raise EdgeprofError("nothing_to_upgrade", f"Each of these devices has edgeprof {version} already.")

    def change(store: SqliteWriter) -> int:
        with store.transaction():
            ordered = sum(
                store.change(lambda db, one=one: upgrades.request(db, one, version, own.sha256)) for one in wanted
            )
        hub.dispatch.send_upgrades(store)
        return ordered

    ordered = hub.writer.call(change)
    hub.events.publish([Change("device", device_id) for device_id in wanted])
    return ordered
