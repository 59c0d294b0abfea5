"""How an agent's machine fares between two runs: heat, disk, wear, throttling, results that wait, its last error."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Vitals:
    """Sent in `State`, at birth and then from time to time. What the machine does not report is None.

    Example: `Vitals(temperature_c=61.2, disk_free_mib=812.0, throttle_flags=("under_voltage",))`.
    """

    uptime_s: float | None = None
    temperature_c: float | None = None
    """Of the hottest zone, as in `DeviceState`."""
    disk_free_mib: float | None = None
    """Of the file system that holds the agent's state folder, for a plain user."""
    disk_total_mib: float | None = None
    disk_wear_percent: float | None = None
    """Lifetime used, as the eMMC itself estimates it: the upper end of its step of 10 %. SD cards report none."""
    throttle_flags: tuple[str, ...] = ()
    """What the board says now; names as in `DeviceState.throttle_flags`."""
    throttle_flags_since_boot: tuple[str, ...] = ()
    throttle_flags_known: tuple[str, ...] = ()
    """Those that this board can report at all. Empty: it reports none, which is not the same as a cool board."""
    waiting_results: int | None = None
    """Results that the hub has not confirmed."""
    quarantined_results: int | None = None
    """Results that the hub refused, or that the device's disk has damaged."""
    last_error: str = ""
    """The newest warning or error of the agent itself, in its own words."""
    last_error_s: float | None = None
    """When, by the device's clock."""
