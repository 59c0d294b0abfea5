"""One page of the fleet, as page, API and terminal show it."""

import time

from edgeprof.errors import UsageError
from edgeprof.version import __version__
from edgeprof.wire.fleet import MAX_PAGE, FleetPage, FleetQuery
from edgeprof_hub.context import HubContext
from edgeprof_hub.fleet import trouble
from edgeprof_hub.store.fleet import FleetLimits

A_PAGE = 50


def listed(hub: HubContext, query: FleetQuery, limit: int = A_PAGE, offset: int = 0) -> FleetPage:
    """These devices with the state of each. Raises UsageError bad_page."""
    if not 1 <= limit <= MAX_PAGE or offset < 0:
        raise UsageError("bad_page", f"A page of {limit} from {offset}: use 1 to {MAX_PAGE} devices, from 0 on.")
    now_s, fleet = time.time(), hub.reader.fleet
    limits = limits_of(hub, now_s)
    counts = fleet.counts(query, limits)
    rows = fleet.page(query, limits, limit, offset)
    orders = hub.reader.upgrades.of([row.device.device_id for row in rows])
    return FleetPage(
        generated_s=now_s,
        entries=tuple(trouble.entry(row, __version__, now_s, orders.get(row.device.device_id)) for row in rows),
        total=counts[query.state],
        counts={str(state): count for state, count in counts.items()},
        refused=hub.refused.newest(),
    )


def limits_of(hub: HubContext, now_s: float) -> FleetLimits:
    """From where on a device is in trouble here."""
    return trouble.limits(hub.reader.fleet.versions(), __version__, now_s)
