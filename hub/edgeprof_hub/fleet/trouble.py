"""When a device is in trouble, and how that reads. Pure."""

import re
from collections.abc import Iterable, Sequence

from edgeprof.tables import fleet_words
from edgeprof.tables.durations import age_text
from edgeprof.wire.fleet import FleetEntry, Upgrade
from edgeprof_hub.store.fleet import FleetLimits, FleetRow

MIN_DISK_FREE_MIB = 1024.0
"""Below it the next language model does not fit; system logs need some, too."""
MAX_WEAR_PERCENT = 80.0
ERRORS_WITHIN_S = 86_400.0
LINK_BROKE = "link.offline"
"""How the agent's own log names a connection that ended."""
_NUMBERS = re.compile(r"\d+")


def version_key(version: str) -> tuple[int, ...]:
    """By which versions are ordered.

    >>> sorted(["0.10.0", "0.9.2"], key=version_key)
    ['0.9.2', '0.10.0']
    """
    return tuple(int(part) for part in _NUMBERS.findall(version)[:4])


def limits(versions: Iterable[str], own_version: str, now_s: float) -> FleetLimits:
    """From where on a device is in trouble, for a hub of this version."""
    ordered = sorted(versions, key=version_key)
    return FleetLimits(
        min_disk_mib=MIN_DISK_FREE_MIB,
        max_wear_percent=MAX_WEAR_PERCENT,
        errors_since_s=now_s - ERRORS_WITHIN_S,
        versions=ordered,
        old_versions=[one for one in ordered if is_old(one, own_version)],
    )


def is_old(version: str, own_version: str) -> bool:
    """Whether an agent is of an older release than the hub. A version without numbers is not comparable."""
    return bool(version_key(version)) and version_key(version) < version_key(own_version)


def entry(row: FleetRow, own_version: str, now_s: float, upgrade: Upgrade | None = None) -> FleetEntry:
    """A device with its troubles in words."""
    error, error_s, job_id = _last_error(row)
    return FleetEntry(
        device=row.device,
        trouble=tuple(troubles(row, now_s)),
        queue=row.queue,
        groups=row.groups,
        upgrade_to=own_version if is_old(row.device.agent_version, own_version) else "",
        upgrade=upgrade,
        vitals=row.vitals,
        vitals_s=row.vitals_s,
        last_error=error,
        last_error_s=error_s,
        last_error_job_id=job_id,
    )


def troubles(row: FleetRow, now_s: float) -> Sequence[str]:
    """Every reason to look at this device; the same ones that the filter `trouble` finds.

    Under-voltage or throttling since boot that is over now is shown, and is no trouble.
    """
    if row.device.retired_s is not None:
        return ()
    found: list[str] = []
    vitals = row.vitals
    if not row.device.online:
        found.append(f"offline for {age_text(now_s - row.device.last_seen_s).removesuffix(' ago')}")
    if vitals is not None:
        if vitals.throttle_flags:
            when = "now" if row.device.online else "when last seen"
            found.append(f"{fleet_words.flags(vitals.throttle_flags)} {when}")
        if vitals.quarantined_results:
            many = vitals.quarantined_results
            found.append(f"{many:,} quarantined result{'s' if many > 1 else ''}")
        if vitals.disk_free_mib is not None and vitals.disk_free_mib < MIN_DISK_FREE_MIB:
            found.append(f"{vitals.disk_free_mib:,.0f} MiB disk free")
        if vitals.disk_wear_percent is not None and vitals.disk_wear_percent >= MAX_WEAR_PERCENT:
            found.append(f"{vitals.disk_wear_percent:.0f} % of the eMMC's lifetime used")
    if row.failed_s is not None and row.failed_s > now_s - ERRORS_WITHIN_S:
        found.append("job failed in the last day")
    return found


def _last_error(row: FleetRow) -> tuple[str, float | None, str]:
    """The newer one of the job's and the agent's own. A device's clock may be wrong: the hub's bounds it.

    A link that broke and is back does not hide the job that failed in the day before.
    """
    vitals, failed_s = row.vitals, row.failed_s
    own_s = vitals.last_error_s if vitals and vitals.last_error else None
    if own_s is not None and row.vitals_s is not None:
        own_s = min(own_s, row.vitals_s)
    if vitals is None or own_s is None:
        return _failed(row)
    is_over = row.device.online and vitals.last_error.startswith(LINK_BROKE)
    if failed_s is not None and failed_s >= own_s - (ERRORS_WITHIN_S if is_over else 0.0):
        return _failed(row)
    return vitals.last_error, own_s, ""


def _failed(row: FleetRow) -> tuple[str, float | None, str]:
    return row.failed_note, row.failed_s, row.failed_job_id
