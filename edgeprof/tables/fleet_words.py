"""How a device fares, in the words that page and terminal share. Pure."""

from collections.abc import Iterable

from edgeprof.wire.fleet import FleetPage, Upgrade
from edgeprof.wire.vitals import Vitals

MIB_PER_GIB = 1024


def sentence(page: FleetPage) -> str:
    """What the fleet is like, in one line.

    >>> sentence(FleetPage(generated_s=0, entries=(), total=40, counts={"all": 40, "online": 38, "trouble": 3}))
    '40 devices: 38 online, 3 in trouble'
    """
    counts = page.counts
    every = counts.get("all", 0)
    parts = [f"{counts.get('online', 0):,} online"]
    for state, words in (("trouble", "in trouble"), ("upgrade", "with an upgrade due"), ("retired", "retired")):
        if counts.get(state):
            parts.append(f"{counts[state]:,} {words}")
    return f"{every:,} device{'' if every == 1 else 's'}: {', '.join(parts)}"


def upgrade(order: Upgrade, *, is_online: bool = True) -> str:
    """How an order to upgrade stands.

    >>> upgrade(Upgrade(version="0.2.0", state="queued", note="", at_s=0.0), is_online=False)
    'upgrade to 0.2.0 waits until the device is online'
    """
    if order.state == "done":
        return f"upgraded to {order.version}"
    if order.state == "failed":
        return f"upgrade to {order.version} failed: {order.note}"
    if not is_online and order.state != "accepted":
        return f"upgrade to {order.version} waits until the device is online"
    if order.state == "accepted":
        return f"upgrading to {order.version}{'. ' + order.note if order.note else ''}"
    return f"upgrade to {order.version} ordered"


def disk(vitals: Vitals | None) -> str:
    """`812 MiB`, `23.4 GiB of 58.2`; empty: not reported."""
    if vitals is None or vitals.disk_free_mib is None:
        return ""
    if vitals.disk_free_mib < MIB_PER_GIB:
        return f"{vitals.disk_free_mib:,.0f} MiB"
    free = f"{vitals.disk_free_mib / MIB_PER_GIB:,.1f}"
    return f"{free} GiB" + (f" of {vitals.disk_total_mib / MIB_PER_GIB:,.1f}" if vitals.disk_total_mib else "")


def wear(vitals: Vitals | None) -> str:
    """`30 %` of the eMMC's lifetime used; empty: not reported."""
    if vitals is None or vitals.disk_wear_percent is None:
        return ""
    return "over 100 %" if vitals.disk_wear_percent > 100 else f"{vitals.disk_wear_percent:.0f} %"


def heat(vitals: Vitals | None) -> str:
    """`61 °C`; empty: not reported."""
    return f"{vitals.temperature_c:.0f} °C" if vitals is not None and vitals.temperature_c is not None else ""


def flags(names: Iterable[str]) -> str:
    """
    >>> flags(("under_voltage", "throttled"))
    'under-voltage, throttled'
    """
    return ", ".join(name.replace("under_voltage", "under-voltage").replace("_", " ") for name in names)


def before(vitals: Vitals) -> tuple[str, ...]:
    """What the board reports since boot and no longer."""
    return tuple(flag for flag in vitals.throttle_flags_since_boot if flag not in vitals.throttle_flags)
